"""Clipped blobs and what surrounds them."""

import numpy as np
import pytest

from d2f.light import native, reference
from d2f.light.blobs import describe_surroundings, find_blobs

SUM_TOLERANCE = 1e-12  # relative: float64, added in another order
MEAN_TOLERANCE = 1e-6  # worst seen 1.2e-7: the kernel adds in another order than NumPy


def speckles(rng, rows=61, cols=83, share=0.2):
    """A dim picture with clipped pixels in it, thick enough to form blobs of every shape."""
    radiance = (rng.random((rows, cols, 3)) * 0.5).astype(np.float32)
    lit = rng.random((rows, cols)) < share
    radiance[lit, rng.integers(0, 3, lit.sum())] = 1
    return radiance


@pytest.mark.parametrize("share", [0, 0.02, 0.2, 0.45, 1])
def test_native_blobs_agree_with_a_flood_fill(share):
    """Same boxes, areas, sums and pixels, in the same order."""
    radiance = speckles(np.random.default_rng(1), share=share)
    limits = {"clip": 0.95, "min_area": 2, "max_area": 40}
    boxes, sums, runs = native.find_blobs(radiance, **limits, threads=2)
    expected_boxes, expected_sums, expected_runs = reference.find_blobs(radiance, **limits)
    np.testing.assert_array_equal(boxes, expected_boxes)
    np.testing.assert_allclose(sums, expected_sums, rtol=SUM_TOLERANCE)
    np.testing.assert_array_equal(runs, expected_runs)


def test_blobs_are_the_same_for_any_number_of_threads():
    """Rows are searched apart and joined in order."""
    radiance = speckles(np.random.default_rng(2))
    limits = {"clip": 0.95, "min_area": 1, "max_area": 10**6}
    one = native.find_blobs(radiance, **limits, threads=1)
    many = native.find_blobs(radiance, **limits, threads=5)
    assert [a.tobytes() for a in one] == [a.tobytes() for a in many]


def test_native_surroundings_agree_with_their_twin():
    """Medians to the bit, means to rounding, also where rays leave the picture."""
    radiance = speckles(np.random.default_rng(3), share=0.05)
    blobs = find_blobs(radiance, 0.95, max_area=100)
    angles = np.arange(16) * np.pi / 8
    directions = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    distances = np.array([1, 2, 3, 4, 6, 9, 13], np.int32)
    medians, means = describe_surroundings(radiance, 0.95, blobs.box, blobs.centre, threads=2)
    expected = reference.blob_surroundings(
        radiance, blobs.box, blobs.centre, directions, distances, clip=0.95
    )
    np.testing.assert_array_equal(medians, expected[0])
    np.testing.assert_allclose(means, expected[1], atol=MEAN_TOLERANCE)


def test_the_pixels_of_chosen_blobs_are_theirs_alone():
    """Every pixel handed out is clipped and lies in the box of its blob."""
    radiance = speckles(np.random.default_rng(4))
    blobs = find_blobs(radiance, 0.95, max_area=1000)
    chosen = np.arange(len(blobs.area)) % 3 == 0
    rows, cols = blobs.pixels(chosen)
    owner = blobs.blob_of_pixels(chosen)
    assert (radiance[rows, cols].max(axis=1) == 1).all()
    np.testing.assert_array_equal(np.bincount(owner, minlength=len(chosen)), blobs.area * chosen)
    box = blobs.box[owner]
    assert (
        (cols >= box[:, 0]) & (cols < box[:, 2]) & (rows >= box[:, 1]) & (rows < box[:, 3])
    ).all()
