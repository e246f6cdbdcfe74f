"""What the kernels of the scene compute, written to be read: the definition, slow and plain.

Two-sided joint bilateral mode: around a step of a small disparity map, each pixel of the photo asks
the samples near it. Samples of like colour count most, samples that the small map has mixed of near
and far count little, and those above and below the middle of the window are summed apart. The
heavier side gives the value, so that nothing lies halfway (after Kopf et al. 2007, joint bilateral
upsampling, and Van de Weijer and van den Boomgaard 2001, local mode filtering).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import ByteImage, FloatImage

__all__ = ["area_reduce", "bilinear", "two_sided_mode"]

ONE, TWO, HALF = np.float32(1), np.float32(2), np.float32(0.5)
SURENESS_FLOOR = np.float32(0.02)  # a sample halfway between the sides still counts this much
TINY = np.float32(1e-30)


def area_reduce(photo_srgb: ByteImage, *, rows: int, cols: int, threads: int = 0) -> ByteImage:
    """Twin of `native.area_reduce`."""
    height, width = photo_srgb.shape[:2]
    tall = np.einsum("yp,pxc->yxc", _shares(height, rows), photo_srgb.astype(np.float64))
    small = np.einsum("xp,ypc->yxc", _shares(width, cols), tall)
    reduced: ByteImage = np.minimum(np.floor(small + 0.5), 255).astype(np.uint8)
    return reduced


def _shares(pixels: int, cells: int) -> NDArray[np.float64]:
    """Share of each cell that each pixel fills, cells x pixels."""
    begin = np.arange(cells)[:, None] * pixels / cells
    end = np.arange(1, cells + 1)[:, None] * pixels / cells
    at = np.arange(pixels)[None]
    overlap = np.clip(np.minimum(at + 1, end) - np.maximum(at, begin), 0, 1)
    shares: NDArray[np.float64] = overlap * (cells / pixels)
    return shares


class _Axis(NamedTuple):
    place: NDArray[np.float64]  # of each pixel's centre among the samples
    nearest: NDArray[np.int64]
    samples: int


def _axis(pixels: int, samples: int) -> _Axis:
    place = (np.arange(pixels) + 0.5) * samples / pixels - 0.5
    return _Axis(place, np.clip(np.rint(place).astype(np.int64), 0, samples - 1), samples)


def _tap(axis: _Axis, step: int, radius: int) -> tuple[NDArray[np.int64], FloatImage]:
    """The sample `step` beside each pixel's nearest one, and its weight by distance."""
    off = (axis.nearest + step - axis.place) / (radius + 1)
    bell = np.maximum(1.0 - off * off, 0.0)
    return np.clip(axis.nearest + step, 0, axis.samples - 1), (bell * bell).astype(np.float32)


def bilinear(disparity: FloatImage, rows: int, cols: int) -> FloatImage:
    """A map enlarged by straight lines between its samples; what the mode does off the steps."""

    def between(axis: _Axis) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatImage]:
        inside = np.clip(axis.place, 0, axis.samples - 1)
        below = inside.astype(np.int64)
        fraction = (inside - below).astype(np.float32)
        return below, np.minimum(below + 1, axis.samples - 1), fraction

    below, above, fraction = between(_axis(rows, disparity.shape[0]))
    tall = disparity[below] + (disparity[above] - disparity[below]) * fraction[:, None]
    left, right, fraction = between(_axis(cols, disparity.shape[1]))
    enlarged: FloatImage = tall[:, left] + (tall[:, right] - tall[:, left]) * fraction
    return enlarged


def _window_range(disparity: FloatImage, radius: int) -> tuple[FloatImage, FloatImage]:
    size = 2 * radius + 1
    padded = np.pad(disparity, radius, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    return windows.min((2, 3)), windows.max((2, 3))


def _sureness(disparity: FloatImage, low: FloatImage, high: FloatImage) -> FloatImage:
    """Near 1 for samples that lie wholly on one side, near 0 for those mixed of both."""
    off = TWO * ((disparity - low) / np.maximum(high - low, np.float32(1e-6))) - ONE
    sureness: FloatImage = off * off + SURENESS_FLOOR
    return sureness


def two_sided_mode(
    disparity: FloatImage,
    guide_srgb: FloatImage,
    photo_srgb: ByteImage,
    *,
    radius: int,
    colour_sigma: float,
    band_step: float,
    keep: float,
    threads: int = 0,
) -> FloatImage:
    """Twin of `native.two_sided_mode`, bit for bit."""
    height, width = photo_srgb.shape[:2]
    vertical, horizontal = _axis(height, disparity.shape[0]), _axis(width, disparity.shape[1])
    low, high = _window_range(disparity, radius)
    sureness = _sureness(disparity, low, high)
    spread = np.ix_(vertical.nearest, horizontal.nearest)
    low, high = low[spread], high[spread]
    middle = HALF * (low + high)

    photo, guide = photo_srgb.astype(np.float32), guide_srgb * np.float32(255)
    sigma = np.float32(colour_sigma)
    per_colour = ONE / (np.float32(4) * sigma * sigma)
    weights, sums = np.zeros((2, 2, height, width), np.float32)
    for down in range(-radius, radius + 1):
        rows, row_weight = _tap(vertical, down, radius)
        for along in range(-radius, radius + 1):
            cols, col_weight = _tap(horizontal, along, radius)
            tap = np.ix_(rows, cols)
            red, green, blue = np.moveaxis(photo - guide[tap], 2, 0)
            tail = ONE + (red * red + green * green + blue * blue) * per_colour
            weight = row_weight[:, None] * col_weight * sureness[tap] / (tail * tail)
            for side, on_side in enumerate((disparity[tap] > middle, disparity[tap] <= middle)):
                weights[side] += weight * on_side
                sums[side] += weight * disparity[tap] * on_side

    banded = high - low > np.float32(band_step)
    room = np.float32(keep) * (high - low)
    near = np.maximum(sums[0] / (weights[0] + TINY), high - room)
    far = np.minimum(sums[1] / (weights[1] + TINY), low + room)
    votes = (weights[0] - weights[1]) / (weights[0] + weights[1] + TINY) * banded
    mode = np.where(_sum_of_3x3(votes) > 0, near, far)
    return np.where(banded, mode, bilinear(disparity, height, width))


def _sum_of_3x3(votes: FloatImage) -> FloatImage:
    padded = np.pad(votes, 1)
    rows, cols = votes.shape
    total = np.zeros_like(votes)
    for down in range(3):
        for along in range(3):
            total += padded[down : down + rows, along : along + cols]
    return total
