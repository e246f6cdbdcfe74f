"""What every stored depth map needs on its way in: the right shape, no holes, a known scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..errors import PhotoError

__all__ = [
    "LARGER_THAN_PHOTO",
    "MAX_DISPARITY",
    "UnusableDepth",
    "check_aspect",
    "filled",
    "stretched",
]

ASPECT_TOLERANCE = 0.01
LARGER_THAN_PHOTO = 4  # times the photo's pixels: more is not a depth map of this photo
MAX_DISPARITY = np.float32(1000)  # 1/m: nothing is nearer than a millimetre


class UnusableDepth(PhotoError):
    """Depth in a sound photo that is damaged or belongs to another picture; the model can do."""


def check_aspect(shape: tuple[int, ...], size: tuple[int, int], name: str) -> None:
    """Refuse a map (h, w, ...) of another aspect ratio than the upright photo (H, W).

    Raises
    ------
    UnusableDepth
    """
    (rows, cols), (height, width) = shape[:2], size
    off = abs(cols * height - rows * width)
    if off > ASPECT_TOLERANCE * cols * height + max(width, height) / 2:  # half a pixel of rounding
        hint = "turn it" if abs(rows * height - cols * width) < off / 4 else "crop or resize it"
        raise UnusableDepth(
            f"{name} has {cols} x {rows} values, another aspect ratio than the photo's "
            f"{width} x {height}: {hint} to match the upright photo."
        )


def stretched(disparity: FloatImage, known: NDArray[np.bool_]) -> FloatImage:
    """Relative disparity (h, w) within 0..1: as it is where it fits, else its range made to fit."""
    low, high = float(disparity[known].min()), float(disparity[known].max())
    if low >= 0 and high <= 1:
        return disparity
    share = (disparity.astype(np.float64) - low) / max(high - low, 1e-12)
    return share.astype(np.float32)


def filled(disparity: FloatImage, known: NDArray[np.bool_]) -> FloatImage:
    """Disparity (h, w) with unknown values from the nearest known surroundings.

    Of two sides the farther one counts: holes lie where a near edge hid the scene from the sensor,
    so what is missing is background; and a mean of both sides would lie where nothing is.
    """
    if known.all():
        return disparity
    levels = [np.where(known, disparity, np.float32(np.inf))]
    while min(levels[-1].shape) > 1 and np.isinf(levels[-1]).any():
        levels.append(_farthest_of_four(levels[-1]))
    if np.isinf(levels[-1]).any():
        levels[-1] = np.where(np.isinf(levels[-1]), disparity[known].min(), levels[-1])
    full = levels[-1]
    for finer in reversed(levels[:-1]):
        coarse = full.repeat(2, 0).repeat(2, 1)[: finer.shape[0], : finer.shape[1]]
        full = np.where(np.isinf(finer), coarse, finer)
    return full


def _farthest_of_four(level: FloatImage) -> FloatImage:
    rows, cols = level.shape
    padded = np.pad(level, ((0, rows % 2), (0, cols % 2)), constant_values=np.inf)
    blocks = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2)
    farthest: FloatImage = blocks.min((1, 3))
    return farthest
