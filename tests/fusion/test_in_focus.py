"""The mask that decides which of the photo's own pixels stay."""

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.fusion import in_focus_mask, native, reference
from d2f.fusion.in_focus import _cell_size

MASK_TOLERANCE = 1e-6  # worst seen 2.4e-7


def patches(rng, rows, cols, largest):
    """A map of constant patches, most of them sharp or behind the focus, some nearer."""
    coarse = rng.choice([-8.0, -0.6, 0.0, 0.3, 0.8, 1.5, largest], (rows // 16 + 1, cols // 16 + 1))
    coarse[rng.random(coarse.shape) < 0.6] = 0
    return np.kron(coarse, np.ones((16, 16)))[:rows, :cols].astype(np.float32)


def test_everything_in_focus_is_kept():
    """A map of zeros keeps the whole photo."""
    assert (in_focus_mask(np.zeros((40, 50), np.float32)) == 1).all()


@pytest.mark.parametrize(
    ("defocus", "expected"), [(0.49, 1), (-0.49, 1), (-0.75, 0.5), (1, 0), (-1, 0), (30, 0)]
)
def test_the_mask_falls_from_one_to_zero_between_half_and_one_pixel(defocus, expected):
    """1 below 0.5 px, a half at 0.75 px, 0 from 1 px, on both sides of the focus."""
    mask = in_focus_mask(np.full((8, 8), defocus, np.float32))
    np.testing.assert_allclose(mask, expected, atol=MASK_TOLERANCE)


def test_a_nearer_blur_takes_what_its_disc_covers():
    """One blurred pixel before a sharp ground clears a disc of its own radius."""
    defocus = np.zeros((61, 61), np.float32)
    defocus[30, 30] = 12
    mask = in_focus_mask(defocus)
    y, x = np.mgrid[:61, :61]
    distance = np.hypot(y - 30, x - 30)
    assert (mask[distance <= 12] == 0).all()
    assert (mask[distance > 12.6] == 1).all()


def test_a_blur_behind_the_focus_takes_nothing_else():
    """A sharp subject hides the blur of what lies behind it."""
    defocus = np.full((40, 40), -12, np.float32)
    defocus[:, 20:] = 0
    np.testing.assert_array_equal(in_focus_mask(defocus), defocus == 0)


@pytest.mark.parametrize("cell", [1, 2, 4])
def test_native_mask_agrees_with_its_twin(cell):
    """The kernel's envelope of parabolas finds the same cells as trying every disc."""
    rng = np.random.default_rng(cell)
    for rows, cols, largest in [(70, 93, 9.5), (48, 64, 40.0), (33, 17, 3.2), (5, 3, 2.0)]:
        defocus = patches(rng, rows, cols, largest)
        mask = native.in_focus_mask(defocus, cell=cell, threads=2)
        expected = reference.in_focus_mask(defocus, cell=cell)
        np.testing.assert_allclose(mask, expected, rtol=0, atol=MASK_TOLERANCE)


@pytest.mark.parametrize("cell", [2, 4])
def test_large_cells_never_keep_what_small_cells_would_not(cell):
    """On cells the reach of blur is only ever larger than it is pixel by pixel."""
    defocus = patches(np.random.default_rng(7), 160, 200, 11.3)
    exact = native.in_focus_mask(defocus, cell=1, threads=1)
    coarse = native.in_focus_mask(defocus, cell=cell, threads=1)
    assert (coarse <= exact + MASK_TOLERANCE).all()


def test_the_mask_has_the_same_bytes_for_any_number_of_threads():
    """Threads share rows and columns, never sums."""
    defocus = patches(np.random.default_rng(3), 150, 170, 14)
    one = in_focus_mask(defocus, threads=1)
    for threads in (2, 3, 7):
        assert in_focus_mask(defocus, threads=threads).tobytes() == one.tobytes()


def test_cells_grow_with_the_photo():
    """Pixel by pixel up to a megapixel, 4 x 4 at 12."""
    assert [_cell_size(n) for n in (1, 640 * 480, 1_000_000, 1_500_000, 12_000_000)] == [
        1, 1, 1, 2, 4,
    ]  # fmt: skip


def test_strided_maps_work_and_empty_ones_stay_empty():
    """A view of a larger map gives what its copy gives."""
    defocus = patches(np.random.default_rng(5), 60, 80, 6)
    np.testing.assert_array_equal(
        in_focus_mask(defocus[::2, ::2]), in_focus_mask(defocus[::2, ::2].copy())
    )
    assert in_focus_mask(np.zeros((0, 5), np.float32)).shape == (0, 5)


def test_a_map_of_another_type_is_refused():
    """The message names the type and shape that came."""
    with pytest.raises(UsageError, match=r"float64 of shape \(4, 4\)"):
        in_focus_mask(np.zeros((4, 4)))
