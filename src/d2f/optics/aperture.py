"""The opening of the lens, as a value, and the shape it gives to a point of light.

A shape is told for points *beyond* the plane of focus; nearer points show it turned by half a
turn, as every lens does. Every shape has the area of the disc of the same radius, so that an iris
closed to f/1.8 gathers the light of a round f/1.8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..errors import UsageError

__all__ = ["Aperture", "aperture_kernel", "column_spans", "row_profile"]

Floats = NDArray[np.float64]

OUTLINE_POINTS = 2520  # at least; rounded up to a multiple of the blade count
SUBCOLUMNS = 16  # slices of one pixel column over which a shape is averaged
PROFILE_ROWS = 1024  # samples of an outline across its height, for lights drawn one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Aperture:
    """Shape of the opening, which is the shape of an out-of-focus point of light.

    Parameters
    ----------
    blades : int
        0 for a round opening, 3 to 16 for an iris of that many straight blades.
    roundness : float, 0..1
        How far the blades bend towards the full circle; 1 is the circle.
    rotation_deg : float
        Counter-clockwise turn of the iris as seen in the picture; at 0 one corner points right.

    Raises
    ------
    UsageError
        If a value lies outside its range.
    """

    blades: int = 0
    roundness: float = 0.0
    rotation_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.blades != 0 and not 3 <= self.blades <= 16:
            raise UsageError(f"blades={self.blades} is no iris: give 0 for round, or 3 to 16.")
        if not 0 <= self.roundness <= 1:
            raise UsageError(f"roundness={self.roundness:g} lies outside 0..1.")
        if not math.isfinite(self.rotation_deg):
            raise UsageError(f"rotation_deg={self.rotation_deg} is not a number of degrees.")


@lru_cache(maxsize=64)
def _outline(aperture: Aperture) -> tuple[Floats, Floats]:
    """x and y (down) of the outline, as a fine polygon of area pi around its own centre."""
    corners = max(aperture.blades, 1)
    angles = np.arange(-(-OUTLINE_POINTS // corners) * corners) * (
        2 * math.pi / (-(-OUTLINE_POINTS // corners) * corners)
    )
    reach = np.ones_like(angles)
    if aperture.blades:
        half = math.pi / aperture.blades
        straight = math.cos(half) / np.cos(angles % (2 * half) - half)
        reach = straight + aperture.roundness * (1 - straight)
    turned = angles + math.radians(aperture.rotation_deg)
    x, y = reach * np.cos(turned), -reach * np.sin(turned)
    area = 0.5 * abs(float(np.sum(x * np.roll(y, 1) - y * np.roll(x, 1))))
    return x * math.sqrt(math.pi / area), y * math.sqrt(math.pi / area)


def _extents(along: Floats, across: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Where the lines `along` = `at` enter and leave a convex outline; equal outside of it."""
    first, last = int(np.argmin(along)), int(np.argmax(along))
    order = np.roll(np.arange(along.size), -first)
    split = (last - first) % along.size
    one, other = order[: split + 1], np.append(order[split:], first)[::-1]
    a = np.interp(at, along[one], across[one])
    b = np.interp(at, along[other], across[other])
    inside = (at > along[first]) & (at < along[last])
    middle = (a + b) / 2
    return np.where(inside, np.minimum(a, b), middle), np.where(inside, np.maximum(a, b), middle)


def _slices(aperture: Aperture, radius_px: float) -> tuple[Floats, Floats]:
    """Top and bottom of every slice, (columns, SUBCOLUMNS), px from the centre."""
    x, y = _outline(aperture)
    reach = math.ceil(float(np.abs(x).max()) * radius_px - 0.5)
    column = np.arange(-reach, reach + 1)[:, None]
    centre = column + (np.arange(SUBCOLUMNS) + 0.5) / SUBCOLUMNS - 0.5
    top, bottom = _extents(x * radius_px, y * radius_px, centre)
    return top, bottom


@lru_cache(maxsize=512)
def column_spans(aperture: Aperture, radius_px: float) -> tuple[FloatImage, FloatImage]:
    """The run of rows that a shape covers in each pixel column.

    Parameters
    ----------
    aperture : Aperture
    radius_px : float, px, above 0
        Radius of the disc of the same area.

    Returns
    -------
    top, bottom : float32 (2n + 1,), px
        Distance of the run's ends from the centre, rows down, for the columns -n..n. Length and
        centre of a run are those of the shape's part in that column.
    """
    top, bottom = _slices(aperture, radius_px)
    length = bottom - top
    area = length.mean(axis=1)
    centre = (length * (top + bottom) / 2).mean(axis=1) / np.maximum(area, 1e-12)
    spans = (centre - area / 2).astype(np.float32), (centre + area / 2).astype(np.float32)
    for span in spans:
        span.flags.writeable = False
    return spans


@lru_cache(maxsize=512)
def aperture_kernel(aperture: Aperture, radius_px: float) -> NDArray[np.float64]:
    """The image of a point of light: each pixel's share of the shape's area.

    Parameters
    ----------
    aperture : Aperture
    radius_px : float, px, above 0
        Radius of the disc of the same area.

    Returns
    -------
    kernel : float64 (2m + 1, 2n + 1), sums to 1
        Offsets from the centre, rows down, for points beyond the plane of focus.
    """
    top, bottom = _slices(aperture, radius_px)
    reach = max(0, math.ceil(max(-float(top.min()), float(bottom.max())) - 0.5))
    row = np.arange(-reach, reach + 1)[:, None, None]
    cover = np.minimum(bottom, row + 0.5) - np.maximum(top, row - 0.5)
    kernel: NDArray[np.float64] = np.maximum(cover, 0).mean(axis=2)
    kernel /= kernel.sum()
    kernel.flags.writeable = False
    return kernel


@lru_cache(maxsize=64)
def row_profile(aperture: Aperture) -> tuple[FloatImage, float]:
    """Left and right end of a shape of radius 1 across its height.

    Parameters
    ----------
    aperture : Aperture

    Returns
    -------
    ends : float32 (PROFILE_ROWS, 2)
        x of both ends on rows spread evenly from -reach to +reach.
    reach : float
        Largest distance of the outline from the centre row.
    """
    x, y = _outline(aperture)
    reach = float(np.abs(y).max())
    rows = np.linspace(-reach, reach, PROFILE_ROWS)
    left, right = _extents(y, x, rows)
    ends = np.stack([left, right], axis=1).astype(np.float32)
    ends.flags.writeable = False
    return ends, reach
