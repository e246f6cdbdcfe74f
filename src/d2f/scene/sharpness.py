"""Where a photo is sharp already: a hint at its subject where no other is found."""

from __future__ import annotations

import numpy as np

from ..arrays import ByteImage, FloatImage
from ..optics.luminance import BT709_LUMINANCE
from .native import area_reduce
from .subject import smoothed

__all__ = ["detail_of", "sharp_parts"]

VIEWING_SIDE_PX = 1024  # long side of the copy that is judged: about a screen's
SHARPEST_QUANTILE = 0.98  # of the smoothed detail: what counts as wholly sharp
BLURRED_SHARE = 0.5  # of that: what counts as not sharp at all


def sharp_parts(photo_srgb: ByteImage, shape: tuple[int, ...]) -> FloatImage:
    """How much of a photo's finest detail each cell of a map holds.

    Parameters
    ----------
    photo_srgb : uint8 (H, W, 3)
    shape : (h, w)
        Of the map; at most the photo's.

    Returns
    -------
    sharpness : float32 (h, w), 0..1
        0 below half of the sharpest parts' detail. A blurred texture and a smooth surface look
        alike: this finds the sharp, not the blurred.
    """
    detail = smoothed(detail_of(photo_srgb, shape))
    sharpest = max(float(np.quantile(detail, SHARPEST_QUANTILE)), 1e-6)
    share = (detail / np.float32(sharpest) - BLURRED_SHARE) / (1 - BLURRED_SHARE)
    sharpness: FloatImage = np.clip(share, 0, 1).astype(np.float32)
    return sharpness


def detail_of(photo_srgb: ByteImage, shape: tuple[int, ...]) -> FloatImage:
    """Mean fine detail, in codes of 255, of each cell of a map (h, w): the photo as on a screen."""
    height, width = photo_srgb.shape[:2]
    reduction = max(1.0, max(height, width) / VIEWING_SIDE_PX)
    rows, cols = (max(1, round(side / reduction)) for side in (height, width))
    viewed = area_reduce(np.ascontiguousarray(photo_srgb), rows=rows, cols=cols)
    return _cell_means(_laplacian(viewed @ BT709_LUMINANCE), shape)


def _laplacian(luma: FloatImage) -> FloatImage:
    padded = np.pad(luma, 1, mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    detail: FloatImage = np.abs(4 * luma - around)
    return detail


def _cell_means(values: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """Mean over the pixels whose centres lie in each cell; cells between pixels take the next."""
    begins = [
        np.arange(cells) * size // cells for cells, size in zip(shape, values.shape, strict=True)
    ]
    rows = np.add.reduceat(values, begins[0], axis=0)
    sums = np.add.reduceat(rows, begins[1], axis=1)
    counts = [
        np.maximum(np.diff(np.append(begin, size)), 1)
        for begin, size in zip(begins, values.shape, strict=True)
    ]
    means: FloatImage = (sums / np.outer(*counts)).astype(np.float32)
    return means
