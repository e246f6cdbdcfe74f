"""What a shot's own lens has blurred already counts: only the rest is added."""

from __future__ import annotations

import math

import numpy as np
import pytest

from d2f.optics import (
    ThinLens,
    defocus_from_disparity,
    missing_defocus,
)

VARIANCE_ERROR = 0.005  # of the wanted disc's; worst seen 0.0039, from discs drawn on pixels


def disc(radius_px: float, side_px: int = 129) -> np.ndarray:
    """A disc on pixels, its rim by coverage of 8 x 8 subpixels; sums to 1."""
    steps = (np.arange(side_px * 8) + 0.5) / 8 - side_px / 2
    fine = (steps**2 + (steps**2)[:, None] <= radius_px**2).astype(float)
    coarse = fine.reshape(side_px, 8, side_px, 8).mean((1, 3))
    return coarse / coarse.sum()


def variance(kernel: np.ndarray) -> float:
    """Second moment along one axis, in square pixels."""
    at = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    return float((kernel.sum(1) * at**2).sum())


@pytest.mark.parametrize(("wanted", "own"), [(20, 5), (20, 14), (9, 8.5)])
def test_own_and_missing_disc_spread_light_as_the_wanted_one(wanted, own):
    """Discs convolved with each other have the second moment of the disc that was asked for."""
    missing = float(missing_defocus(np.float32([[wanted]]), np.float32([[own]]))[0, 0])
    spectrum = np.fft.rfft2(disc(own)) * np.fft.rfft2(disc(missing))
    both = np.fft.fftshift(np.fft.irfft2(spectrum, (129, 129)))
    at = np.arange(129)
    spread = float((both.sum(1) * (at - (both.sum(1) * at).sum()) ** 2).sum())
    assert spread == pytest.approx(variance(disc(wanted)), rel=VARIANCE_ERROR)


def test_missing_blur_keeps_its_side_and_never_sharpens():
    """Signs are those of the wanted map; what is blurred enough gets nothing."""
    wanted = np.float32([[5, -5, 2, 0]])
    own = np.float32([[3, 4, -9, 0]])
    assert missing_defocus(wanted, own).tolist() == [[4, -3, 0, 0]]


def test_with_one_plane_of_focus_what_is_missing_is_a_lens():
    """The map of missing blur is the map of a lens at the added f-number."""
    disparity = np.linspace(0, 2, 50, dtype=np.float32)[None]

    def blur(number: float) -> np.ndarray:
        lens = ThinLens(f_number=number)
        return defocus_from_disparity(disparity, 0.7, lens, long_side_px=4000)

    number = 1 / math.sqrt(1 / 1.8**2 - 1 / 2.8**2)
    missing = missing_defocus(blur(1.8), blur(2.8))
    assert missing == pytest.approx(blur(number), rel=1e-4, abs=1e-4)
    assert not missing_defocus(blur(2.8), blur(1.8)).any()
