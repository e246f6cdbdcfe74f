"""The opening of the lens, as a value, and its shape at every place of the picture.

A shape is told for points *beyond* the plane of focus; nearer points show it turned by half a
turn, as every lens does. Every shape has the area of the disc of the same radius, so that an iris
closed to f/1.8 gathers the light of a round f/1.8. How its light is spread within the shape is told
by point_image.py.

Cat's eye: mechanical parts before and behind the opening cut it for light from the corners. The
shape at a place is what two copies of the whole shape share, one moved outwards and one inwards by
half of

    cats_eye * (distance from the centre of the picture / half its diagonal) * radius,

so that they lie up to half a diameter apart, in the corners at cats_eye = 1. No light is lost: the
cut image of a point is as bright in all as a whole one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..errors import UsageError, told
from .opening_picture import OpeningPicture, opening_picture

__all__ = [
    "CENTRE",
    "Aperture",
    "OpeningPicture",
    "Place",
    "aperture_kernel",
    "column_profile",
    "column_spans",
    "row_profile",
]

Floats = NDArray[np.float64]
Place = tuple[float, float]  # down and right from the centre of the picture, in half diagonals

CENTRE: Place = (0.0, 0.0)
OUTLINE_POINTS = 2520  # at least; rounded up to a multiple of the blade count
SUBCOLUMNS = 16  # slices of one pixel column over which a shape is averaged
PROFILE_LINES = 1024  # samples of an outline across its height or width
MAX_TURN_DEG = 360.0  # far beyond it a turn would swallow the outline's own angles
MIN_SQUEEZE, MAX_SQUEEZE = 0.5, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aperture:
    """Shape of the opening, which is the shape of an out-of-focus point of light.

    Parameters
    ----------
    blades : int
        0 for a round opening, 3 to 16 for an iris of that many straight blades.
    roundness : float, 0..1
        How far the blades bend towards the full circle; 1 is the circle.
    rotation_deg : float, -360..360
        Counter-clockwise turn of the iris as seen in the picture; at 0 one corner points right.
    squeeze : float, 0.5..2
        Height over width of the image of a point: 1.33 or 2 for an anamorphic lens.
    rim : float, -1..1
        Spherical aberration. Above 0, discs beyond the plane of focus have bright rims (soap
        bubbles) and nearer ones soft rims; below 0 the reverse; 0 is evenly bright.
    cats_eye : float, 0..1
        How far the opening is cut towards the corners.
    fringe : float, 0..1
        Axial colour: red and blue meet the picture beyond green. Edges beyond the plane of focus
        get green rims, nearer ones magenta rims; at 1, radii differ by a tenth.
    picture : (h, w) numbers, at least 0, optional
        Share of the light that each part of the opening lets through, as points beyond the plane
        of focus show it; its longer side spans the disc's diameter. Goes with `rotation_deg`,
        `squeeze`, `rim` and `fringe`. Kept as an `OpeningPicture`.

    Raises
    ------
    UsageError
        If a value lies outside its range, or a picture cannot be used or is not alone.
    """

    blades: int = 0
    roundness: float = 0.0
    rotation_deg: float = 0.0
    squeeze: float = 1.0
    rim: float = 0.0
    cats_eye: float = 0.0
    fringe: float = 0.0
    picture: Any = None

    def __post_init__(self) -> None:
        self._check_numbers()
        if self.picture is not None:
            object.__setattr__(self, "picture", opening_picture(self.picture))
            if self.blades or self.roundness or self.cats_eye:
                raise UsageError(
                    "a picture is the whole shape of the opening: leave out blades, roundness and "
                    "cats_eye."
                )

    def _check_numbers(self) -> None:
        for field in fields(self):
            if field.name == "picture":
                continue
            value = getattr(self, field.name)
            kind = Integral if field.name == "blades" else Real
            if not isinstance(value, kind):
                wanted = "a whole number" if kind is Integral else "a number"
                raise UsageError(f"{field.name}={told(value)} is not {wanted}: give one.")
        if self.blades != 0 and not 3 <= self.blades <= 16:
            raise UsageError(f"blades={self.blades} is no iris: give 0 for round, or 3 to 16.")
        if not 0 <= self.roundness <= 1:
            raise UsageError(f"roundness={self.roundness:g} lies outside 0..1.")
        if not abs(self.rotation_deg) <= MAX_TURN_DEG:
            raise UsageError(f"rotation_deg={self.rotation_deg:g} lies outside -360..360.")
        if not MIN_SQUEEZE <= self.squeeze <= MAX_SQUEEZE:
            raise UsageError(f"squeeze={self.squeeze:g} lies outside 0.5..2.")
        if not -1 <= self.rim <= 1:
            raise UsageError(f"rim={self.rim:g} lies outside -1..1.")
        if not 0 <= self.cats_eye <= 1:
            raise UsageError(f"cats_eye={self.cats_eye:g} lies outside 0..1.")
        if not 0 <= self.fringe <= 1:
            raise UsageError(f"fringe={self.fringe:g} lies outside 0..1.")


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
    size, taller = math.sqrt(math.pi / area), math.sqrt(aperture.squeeze)
    return x * size / taller, y * size * taller


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


def _slices(aperture: Aperture, radius_px: float, place: Place) -> tuple[Floats, Floats]:
    """Top and bottom of every slice, (columns, SUBCOLUMNS), px from the centre."""
    x, y = (axis * radius_px for axis in _outline(aperture))
    down, right = (aperture.cats_eye * radius_px * axis / 2 for axis in place)
    reach = math.ceil(float(np.abs(x).max()) - 0.5)
    column = np.arange(-reach, reach + 1)[:, None]
    centre = column + (np.arange(SUBCOLUMNS) + 0.5) / SUBCOLUMNS - 0.5
    top, bottom = _extents(x, y, centre - right)
    if not (down or right):
        return top, bottom
    other_top, other_bottom = _extents(x, y, centre + right)
    missed = (bottom <= top) | (other_bottom <= other_top)
    top = np.maximum(top + down, other_top - down)
    bottom = np.minimum(bottom + down, other_bottom - down)
    missed |= bottom <= top
    return np.where(missed, 0.0, top), np.where(missed, 0.0, bottom)


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
    top, bottom = _slices(aperture, radius_px, CENTRE)
    length = bottom - top
    area = length.mean(axis=1)
    centre = (length * (top + bottom) / 2).mean(axis=1) / np.maximum(area, 1e-12)
    spans = (centre - area / 2).astype(np.float32), (centre + area / 2).astype(np.float32)
    for span in spans:
        span.flags.writeable = False
    return spans


@lru_cache(maxsize=512)
def aperture_kernel(
    aperture: Aperture, radius_px: float, *, place: Place = CENTRE
) -> NDArray[np.float64]:
    """Each pixel's share of the shape's area.

    Parameters
    ----------
    aperture : Aperture
    radius_px : float, px, above 0
        Radius of the disc of the same area.
    place : (float, float)
        Down and right from the centre of the picture, in half diagonals.

    Returns
    -------
    kernel : float64 (2m + 1, 2n + 1), sums to 1
        Offsets from the centre, rows down, for points beyond the plane of focus.
    """
    top, bottom = _slices(aperture, radius_px, place)
    reach = max(0, math.ceil(max(-float(top.min()), float(bottom.max())) - 0.5))
    row = np.arange(-reach, reach + 1)[:, None, None]
    cover = np.minimum(bottom, row + 0.5) - np.maximum(top, row - 0.5)
    kernel: NDArray[np.float64] = np.maximum(cover, 0).mean(axis=2)
    kernel /= kernel.sum()
    kernel.flags.writeable = False
    return kernel


def _profile(along: Floats, across: Floats) -> tuple[FloatImage, float]:
    reach = float(np.abs(along).max())
    both = _extents(along, across, np.linspace(-reach, reach, PROFILE_LINES))
    ends = np.stack(both, axis=1).astype(np.float32)
    ends.flags.writeable = False
    return ends, reach


@lru_cache(maxsize=64)
def row_profile(aperture: Aperture) -> tuple[FloatImage, float]:
    """Left and right end of a shape of radius 1 across its height.

    Parameters
    ----------
    aperture : Aperture

    Returns
    -------
    ends : float32 (PROFILE_LINES, 2)
        x of both ends on rows spread evenly from -reach to +reach.
    reach : float
        Largest distance of the outline from the centre row.
    """
    x, y = _outline(aperture)
    return _profile(y, x)


@lru_cache(maxsize=64)
def column_profile(aperture: Aperture) -> tuple[FloatImage, float]:
    """Top and bottom of a shape of radius 1 across its width: `row_profile` for columns."""
    return _profile(*_outline(aperture))
