"""Each kernel of the scene agrees with its twin."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2f.scene import native, reference

CODE_TOLERANCE = 1  # codes; float32 against float64 sums, at ties of the rounding only


@pytest.mark.parametrize("name", native.__all__)
def test_kernel_and_twin_have_one_signature(name):
    """A kernel without a twin, or with another face, fails here."""
    kernel, twin = getattr(native, name), getattr(reference, name)
    assert inspect.signature(kernel) == inspect.signature(twin)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    small=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    larger=st.tuples(st.integers(0, 90), st.integers(0, 90)),
    radius=st.integers(1, 3),
    band_step=st.sampled_from([0.0, 0.5, 0.95]),
)
def test_two_sided_mode_is_its_twin_bit_for_bit(seed, small, larger, radius, band_step):
    """Kernel and definition give the same bytes."""
    rng = np.random.default_rng(seed)
    height, width = small[0] + larger[0], small[1] + larger[1]
    disparity, guide = rng.random(small, np.float32), rng.random((*small, 3), np.float32)
    photo = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    options = {"radius": radius, "colour_sigma": 30.0, "band_step": band_step, "keep": 0.3}
    actual = native.two_sided_mode(disparity, guide, photo, **options)
    expected = reference.two_sided_mode(disparity, guide, photo, **options)
    np.testing.assert_array_equal(actual, expected)


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
