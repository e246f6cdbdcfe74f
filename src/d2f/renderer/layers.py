"""The depth layers: which radii, which weights, and at which resolution each is drawn.

Layers lie 1 px of radius apart near the plane of focus and grow by 12 % beyond, the same on both
sides of it. A pixel is shared by its two neighbouring layers with weights linear in r|r|: the
mixture of two discs then has the second moment of the true disc.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..optics.aperture import Place

__all__ = [
    "IN_FOCUS_PX",
    "LIGHT_FLOOR",
    "MAX_RADIUS_PX",
    "kernel_radius",
    "layer_radii",
    "layer_scale",
    "place_of",
    "shape_cells",
]

IN_FOCUS_PX = 0.25  # a smaller radius counts as 0: such pixels stay bit for bit
MAX_RADIUS_PX = 4000.0  # larger radii count as this; the picture is one grey long before
FIRST_STEP_PX = 1.0
GROWTH = 0.12
MIN_COARSE_RADIUS = 8.0  # in pixels of the layer's own resolution
LIGHT_FLOOR = 2.0  # radiance: a light drawn as a disc of its own is at least this bright
SHAPE_CELL = 16  # pixels of that resolution share the opening's shape at their centre


def layer_radii(largest_px: float, *, ceiling_px: float = MAX_RADIUS_PX) -> NDArray[np.float64]:
    """Radii of the layers of one side, from the first blurred one to at least the largest.

    Parameters
    ----------
    largest_px : float, px, at least 0
        Largest |defocus_px| of that side; below 0.25 there is no layer.
    ceiling_px : float, px
        Larger radii count as this.

    Returns
    -------
    radii : float64 (K,), px, rising

    Examples
    --------
    >>> [round(float(t), 2) for t in layer_radii(10)]
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.08]
    """
    radii: list[float] = []
    radius = 0.0
    while largest_px >= IN_FOCUS_PX and radius < min(largest_px, ceiling_px):
        radius += max(FIRST_STEP_PX, GROWTH * radius)
        radii.append(radius)
    return np.array(radii)


def layer_scale(radius_px: float) -> int:
    """Reduction (1, 2, 4 ...) at which a layer is drawn: its kernel keeps at least 8 px."""
    return 1 << max(0, math.floor(math.log2(max(radius_px, 1.0) / MIN_COARSE_RADIUS)))


def kernel_radius(radius_px: float, *, scale: int = 1) -> float:
    """Radius of the kernel, in pixels of the layer's own resolution.

    A little smaller than the layer's radius, by the variance that the pixel's box (and at a lower
    resolution the reduction and the enlargement) adds.
    """
    added = 1 / 3 if scale == 1 else 4 / 3 * scale**2
    return math.sqrt(radius_px**2 - added) / scale


def place_of(row: float, col: float, rows: int, cols: int) -> Place:
    """Where a pixel lies: down and right from the centre of the picture, in half diagonals."""
    half = math.hypot(rows, cols) / 2
    return (row - (rows - 1) / 2) / half, (col - (cols - 1) / 2) / half


def shape_cells(rows: int, cols: int, *, scale: int) -> Iterator[tuple[slice, slice, Place]]:
    """The parts of a picture over which a layer drawn at 1 / scale has one shape.

    Yields
    ------
    rows, cols : slice
    place : (float, float)
        The centre of the part, for `point_image`.
    """
    size = SHAPE_CELL * scale
    for top in range(0, rows, size):
        for left in range(0, cols, size):
            bottom, right = min(top + size, rows), min(left + size, cols)
            place = place_of((top + bottom - 1) / 2, (left + right - 1) / 2, rows, cols)
            yield slice(top, bottom), slice(left, right), place
