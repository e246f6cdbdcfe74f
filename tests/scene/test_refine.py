"""Disparity at full size: steps on the photo's edges, nothing between, sizes of all kinds."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.scene import disparity_at_full_size

NEAR, FAR = np.float32(0.8), np.float32(0.2)


def halves(rows: int, cols: int, *, edge: int) -> tuple[np.ndarray, np.ndarray]:
    """A bright near half left of a column, a dark far half right of it: photo and disparity."""
    near = np.arange(cols) < edge
    photo = np.where(near, 210, 40).astype(np.uint8)
    return (
        np.broadcast_to(photo[None, :, None], (rows, cols, 3)).copy(),
        np.broadcast_to(np.where(near, NEAR, FAR), (rows, cols)).astype(np.float32),
    )


def soft_small(disparity: np.ndarray, factor: int) -> np.ndarray:
    """What a network would give: area means, then blurred over three samples."""
    rows, cols = disparity.shape
    cells = disparity.reshape(rows // factor, factor, cols // factor, factor).mean((1, 3))
    padded = np.pad(cells, 1, mode="edge")[1:-1]
    return ((padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3).astype(np.float32)


@pytest.mark.parametrize("factor", [6, 12, 24])
def test_step_lands_on_the_photo_edge_with_no_value_between(factor):
    """Every pixel gets the value of its own side, though the small map is soft and off the edge."""
    photo, truth = halves(factor * 20, factor * 20, edge=factor * 10 + factor // 3)
    full = disparity_at_full_size(soft_small(truth, factor), None, photo)
    assert np.abs(full - truth).max() < 0.3 * (NEAR - FAR)
    assert np.array_equal(full > 0.5, truth > 0.5)


def test_flat_stays_flat_whatever_the_photo_shows():
    """A constant map stays that constant, bit for bit, under any texture."""
    photo = np.random.default_rng(1).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    full = disparity_at_full_size(np.full((20, 15), 0.37, np.float32), None, photo)
    assert np.array_equal(full, np.full((120, 90), 0.37, np.float32))


def test_texture_is_not_printed_into_a_smooth_slope():
    """Ground that recedes evenly stays even under texture: no step is made of its pattern."""
    photo = np.random.default_rng(2).integers(0, 256, (240, 180, 3), dtype=np.uint8)
    slope = np.linspace(0, 1, 40, dtype=np.float32)[:, None] * np.ones((1, 30), np.float32)
    full = disparity_at_full_size(slope, None, photo)
    assert np.abs(np.diff(full, axis=0)).max() < 1.5 / 39 / 6
    assert np.array_equal(full, np.broadcast_to(full[:, :1], full.shape))


@pytest.mark.parametrize(("step", "steep"), [(0.08, True), (0.02, False)])
def test_a_faint_step_is_taken_where_the_colours_leave_no_doubt(step, steep):
    """A step of 8 % of the range lies on the photo's edge; one of 2 % stays a ramp."""
    photo, truth = halves(240, 240, edge=123)
    truth = np.where(truth > 0.5, np.float32(step), np.float32(0))
    photo[180:] = truth[180:] = 0
    truth[234:] = 1  # far below: the rest of the range
    full = disparity_at_full_size(soft_small(truth, 6), None, photo)[60:120]
    assert (np.abs(np.diff(full, axis=1)).max() > 0.5 * step) == steep


def test_threads_do_not_change_the_result():
    """One thread and several give the same bytes."""
    rng = np.random.default_rng(3)
    disparity = rng.random((30, 40), np.float32)
    photo = rng.integers(0, 256, (301, 399, 3), dtype=np.uint8)
    one, two, five = (disparity_at_full_size(disparity, None, photo, threads=n) for n in (1, 2, 5))
    assert one.tobytes() == two.tobytes() == five.tobytes()


@pytest.mark.parametrize(
    ("small", "full"),
    [((16, 16), (16, 17)), ((8, 8), (16, 16)), ((48, 512), (333, 4001)), ((1, 1), (33, 7)),
     ((13, 1), (170, 23)), ((64, 48), (63, 501)), ((40, 40), (30, 30))],
)  # fmt: skip
def test_any_size_gives_a_map_within_the_range_of_the_small_one(small, full):
    """Odd, tiny, panoramic, and maps that are larger than the photo."""
    rng = np.random.default_rng(4)
    disparity = rng.random(small, np.float32)
    photo = rng.integers(0, 256, (*full, 3), dtype=np.uint8)
    out = disparity_at_full_size(disparity, None, photo)
    assert out.shape == full
    assert out.dtype == np.float32
    assert out.min() >= disparity.min() - 1e-6
    assert out.max() <= disparity.max() + 1e-6


def test_map_of_the_photo_size_is_returned_untouched():
    """Depth that already fits is the user's word."""
    disparity = np.random.default_rng(5).random((50, 60), np.float32)
    photo = np.zeros((50, 60, 3), np.uint8)
    assert disparity_at_full_size(disparity, None, photo) is disparity


def test_scale_and_unit_of_disparity_do_not_matter():
    """Metric maps of any scale get the same edges as relative ones."""
    photo, truth = halves(120, 120, edge=63)
    small = soft_small(truth, 6)
    relative = disparity_at_full_size(small, None, photo)
    metric = disparity_at_full_size(small * np.float32(16), None, photo)
    assert np.array_equal(metric, relative * np.float32(16))


@pytest.mark.parametrize(
    ("disparity", "guide", "message"),
    [
        (np.full((4, 4), np.nan, np.float32), None, "finite"),
        (np.zeros((0, 4), np.float32), None, r"\(0, 4\)"),
        (np.zeros((4, 4), np.float32), np.zeros((4, 5, 3), np.float32), r"\(4, 5, 3\).*\(4, 4\)"),
        (np.full((4, 4), 3e38, np.float32), None, "beyond 1e\\+37"),
        (np.zeros((4, 4), np.uint8), None, r"uint8 of shape \(4, 4\)"),
        ([[0.0]], None, "is a list"),
        (np.zeros((4, 4), np.float32), np.full((4, 4, 3), np.nan, np.float32), "guide.*0..1"),
        (np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.uint8), "guide is uint8"),
    ],
)
def test_unusable_maps_are_refused_in_words(disparity, guide, message):
    """NaN, nothing, other types, and a guide of another size."""
    with pytest.raises(UsageError, match=message):
        disparity_at_full_size(disparity, guide, np.zeros((9, 9, 3), np.uint8))


@pytest.mark.parametrize("threads", [-1, 1.5, None, 10**9])
def test_threads_that_cannot_be_had_are_refused(threads):
    """Before a kernel is asked for them."""
    with pytest.raises(UsageError, match="threads="):
        disparity_at_full_size(
            np.zeros((4, 4), np.float32), None, np.zeros((9, 9, 3), np.uint8), threads=threads
        )


def test_other_floats_are_converted():
    """float64 gives what float32 does."""
    photo, truth = halves(60, 60, edge=33)
    small = soft_small(truth, 6)
    expected = disparity_at_full_size(small, None, photo)
    found = disparity_at_full_size(small.astype(">f8"), None, photo)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
