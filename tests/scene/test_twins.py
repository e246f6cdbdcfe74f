"""Each kernel of the scene agrees with its twin."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2f.scene import native, reference

MEAN_TOLERANCE = 1e-6  # absorb_small_regions; order of sums
CODE_TOLERANCE = 1  # codes; float32 against float64 sums, at ties of the rounding only


@pytest.mark.parametrize("name", native.__all__)
def test_kernel_and_twin_have_one_signature(name):
    """A kernel without a twin, or with another face, fails here."""
    kernel, twin = getattr(native, name), getattr(reference, name)
    assert inspect.signature(kernel) == inspect.signature(twin)


STEPS = {"band_step": 0.5, "faint_step": 0.2}
SIZES = st.tuples(st.integers(1, 24), st.integers(1, 24))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), size=SIZES, band_step=st.sampled_from([0.0, 0.1, 0.9]))
def test_two_sides_is_its_twin_bit_for_bit(seed, size, band_step):
    """Smooth slopes, noise and steps."""
    rng = np.random.default_rng(seed)
    disparity = np.cumsum(rng.random(size, np.float32) - np.float32(0.3), axis=0)
    disparity += rng.integers(0, 2, size).astype(np.float32)
    steps = {"band_step": band_step, "faint_step": band_step / 2}
    actual = native.two_sides(disparity, **steps)
    np.testing.assert_array_equal(actual, reference.two_sides(disparity, **steps))


def test_neighbouring_floats_have_two_sides():
    """Their middle rounds to one of them, so that no value lies beyond it: still numbers."""
    disparity = np.full((8, 8), 4.383, np.float32)
    disparity[::2] = np.nextafter(disparity[::2], np.float32(5))
    actual = native.two_sides(disparity, **STEPS)
    assert np.isfinite(actual).all()
    np.testing.assert_array_equal(actual, reference.two_sides(disparity, **STEPS))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), small=SIZES, larger=st.tuples(*[st.integers(0, 90)] * 2))
def test_side_votes_is_its_twin_bit_for_bit(seed, small, larger):
    """Random maps, random colours, cells of any size."""
    rng = np.random.default_rng(seed)
    disparity, guide = rng.random(small, np.float32), rng.random((*small, 3), np.float32)
    full = (small[0] + larger[0], small[1] + larger[1], 3)
    photo = rng.integers(0, 256, full, dtype=np.uint8)
    sides = reference.two_sides(disparity, **STEPS)
    actual = native.side_votes(disparity, sides, guide, photo, colour_sigma=30.0)
    expected = reference.side_votes(disparity, sides, guide, photo, colour_sigma=30.0)
    np.testing.assert_array_equal(actual, expected)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.tuples(st.integers(1, 150), st.integers(1, 60)),
    radius=st.integers(0, 40),
    contrast=st.sampled_from([1, 2, 256]),
)
def test_vote_planes_is_its_twin_bit_for_bit(seed, size, radius, contrast):
    """Flat and coloured photos, windows smaller and larger than the picture."""
    rng = np.random.default_rng(seed)
    votes = (2 * rng.random(size, np.float32) - 1).astype(np.float32)
    photo = rng.integers(0, contrast, (*size, 3), dtype=np.uint8)
    actual = native.vote_planes(votes, photo, radius=radius, ridge=0.65)
    expected = reference.vote_planes(votes, photo, radius=radius, ridge=0.65)
    np.testing.assert_array_equal(actual, expected)


def test_vote_planes_holds_its_sums_at_the_largest_radius():
    """White and wholly near, the largest sums there are: the plane still says near."""
    photo, votes = np.full((99, 99, 3), 255, np.uint8), np.ones((99, 99), np.float32)
    planes = native.vote_planes(votes, photo, radius=40, ridge=0.65)
    np.testing.assert_array_equal(
        planes, reference.vote_planes(votes, photo, radius=40, ridge=0.65)
    )
    np.testing.assert_allclose(planes[..., :3].sum(-1) * 255 + planes[..., 3], 1, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), small=SIZES, larger=st.tuples(*[st.integers(0, 90)] * 2))
def test_enlarge_by_side_is_its_twin_bit_for_bit(seed, small, larger):
    """Planes on a grid between the map's and the photo's."""
    rng = np.random.default_rng(seed)
    disparity = rng.random(small, np.float32)
    rows, cols = small[0] + larger[0], small[1] + larger[1]
    photo = rng.integers(0, 256, (rows, cols, 3), dtype=np.uint8)
    planes = (rng.random((small[0] + larger[0] // 2, cols, 4), np.float32) - 0.5).astype(np.float32)
    sides = reference.two_sides(disparity, **STEPS)
    actual = native.enlarge_by_side(disparity, sides, planes, photo)
    np.testing.assert_array_equal(
        actual, reference.enlarge_by_side(disparity, sides, planes, photo)
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    full=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    share=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
)
def test_area_reduce_is_its_twin(seed, full, share):
    """Means of cells, also where cells are no whole number of pixels wide."""
    photo = np.random.default_rng(seed).integers(0, 256, (*full, 3), dtype=np.uint8)
    rows, cols = (max(1, int(n * s)) for n, s in zip(full, share, strict=True))
    actual = native.area_reduce(photo, rows=rows, cols=cols).astype(int)
    expected = reference.area_reduce(photo, rows=rows, cols=cols)
    assert np.abs(actual - expected).max() <= CODE_TOLERANCE


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=SIZES,
    levels=st.integers(1, 4),
    min_area=st.sampled_from([1, 4, 20, 1000]),
)
def test_absorb_small_regions_agrees_with_its_twin(seed, size, levels, min_area):
    """Patches of few levels with a little noise, regions of every size."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, levels + 1, size).astype(np.float32)
    values += rng.uniform(0, 0.2, size).astype(np.float32)
    actual = native.absorb_small_regions(values, step=0.4, min_area=min_area)
    expected = reference.absorb_small_regions(values, step=0.4, min_area=min_area)
    np.testing.assert_allclose(actual, expected, atol=MEAN_TOLERANCE)


def test_crumbs_are_absorbed_and_slopes_are_not():
    """A crumb takes the value beside it; a slope without steps stays as it is."""
    slope = np.tile(np.linspace(0, 1, 60, dtype=np.float32), (40, 1))
    np.testing.assert_array_equal(
        native.absorb_small_regions(slope, step=0.05, min_area=500), slope
    )
    crumbs = slope.copy()
    crumbs[10:14, 20:24] += 0.5
    clean = native.absorb_small_regions(crumbs, step=0.05, min_area=20)
    assert np.abs(clean - slope).max() < 0.05
