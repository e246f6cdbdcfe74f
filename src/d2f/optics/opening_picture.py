"""A grey-scale picture as the opening of the lens: its image at any radius, and its runs of rows.

The picture is looked at as light from a point beyond the plane of focus falls on the photo: such
points show it upright, nearer ones turned by half a turn, as a mask before the front lens does. Its
longer side spans the diameter of the disc, so a white disc that fills the picture is the disc;
white lets all light through, black none, and the corners count, too. However dark it is, a point
keeps all its light: the exposure is the photo's.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..errors import UsageError

if TYPE_CHECKING:
    from .aperture import Aperture

__all__ = [
    "ABERRATION",
    "OpeningPicture",
    "Runs",
    "opening_picture",
    "picture_image",
    "picture_runs",
    "picture_sums",
]

Floats = NDArray[np.float64]
Runs = tuple[list[int], list[int], list[int], float]  # columns, their rows [first, last), share

ABERRATION = 0.3  # k of the formula in point_image.py at rim = 1
MAX_SIDE = 4096  # px of a picture as given
KEPT_SIDE = 512  # px of a picture as kept: finer detail is lost in any blur
CELLS = 256  # a side of the picture once turned, squeezed and aberrated
SAMPLES = 2  # a side of each of its cells
MAX_TONES = 8  # of the runs that stand for an image
TONE_ERROR = 0.12  # relative, in root mean square, at most; else there is one tone more
TONE_ROUNDS = 20  # of moving each tone to the mean of what it stands for


class OpeningPicture:
    """A checked picture that can be compared and hashed, as a part of `Aperture` must.

    Attributes
    ----------
    values : float32 (h, w), 0..1, read-only
        Share of the light let through; the brightest is 1.
    """

    __slots__ = ("_key", "values")

    def __init__(self, values: FloatImage) -> None:
        self.values = values
        self.values.flags.writeable = False
        self._key = (values.shape, values.tobytes())

    def __eq__(self, other: object) -> bool:
        """Whether all values are the same."""
        return isinstance(other, OpeningPicture) and self._key == other._key

    def __hash__(self) -> int:
        """Of the values."""
        return hash(self._key)

    def __repr__(self) -> str:
        """The size only."""
        return f"OpeningPicture({self.values.shape[1]} x {self.values.shape[0]})"


def opening_picture(values: Any) -> OpeningPicture:
    """Check a picture of the opening.

    Parameters
    ----------
    values : (h, w) numbers, at least 0
        Share of the light let through, in any scale: the brightest counts as 1.

    Raises
    ------
    UsageError
        If it is no picture of one channel, too large, not finite, negative or all black.
    """
    if isinstance(values, OpeningPicture):
        return values
    try:
        if np.iscomplexobj(values):
            raise TypeError
        picture = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            f"picture={values!r:.40} holds no rows of numbers: give a 2-D array, 0 for opaque."
        ) from None
    if picture.ndim != 2 or picture.size == 0:
        raise UsageError(f"picture has shape {picture.shape}: give one channel, (rows, columns).")
    if max(picture.shape) > MAX_SIDE:
        raise UsageError(
            f"picture has {picture.shape[1]} x {picture.shape[0]} values: make it at most "
            f"{MAX_SIDE} a side."
        )
    if not np.isfinite(picture).all() or picture.min() < 0:
        raise UsageError("picture holds NaN, infinity or negative values: give shares of light.")
    if picture.max() == 0:
        raise UsageError("picture is all black and lets no light through: make some of it white.")
    reduced = _reduced(picture / picture.max(), -(-max(picture.shape) // KEPT_SIDE))
    return OpeningPicture((reduced / reduced.max()).astype(np.float32))


def _reduced(picture: Floats, by: int) -> Floats:
    """Means of squares of `by` a side, what is missing at the ends taken as opaque."""
    rows, cols = (-(-n // by) * by for n in picture.shape)
    padded = np.pad(picture, ((0, rows - picture.shape[0]), (0, cols - picture.shape[1])))
    means: Floats = padded.reshape(rows // by, by, cols // by, by).mean(axis=(1, 3))
    return means


def _aberrated(radius: Floats, k: float) -> tuple[Floats, Floats]:
    """Where light that meets the picture at a radius passed the opening, and how it is thinned.

    Beyond the disc, in the corners, the formula of point_image.py goes on as a straight line.
    """
    q = np.linspace(0, 1, 4096)
    within = q * (1 + k * q**2) / (1 + k)
    slope = (1 + 3 * k) / (1 + k)
    passed = np.where(radius < 1, np.interp(radius, within, q), 1 + (radius - 1) / slope)
    inside = passed < 1
    spread = np.where(inside, (1 + 3 * k * passed**2) / (1 + k), slope)  # d radius / d passed
    near_axis = (1 + k) / (1 + k * np.minimum(passed, 1) ** 2)  # passed / radius, at 0 as well
    ratio = np.where(inside, near_axis, passed / np.maximum(radius, 1e-12))
    return passed, ratio / spread


def _sampled(picture: FloatImage, x: Floats, y: Floats) -> Floats:
    """Between the picture's values, bilinear; x and y in radii, nothing beyond its frame."""
    rows, cols = picture.shape
    half = max(rows, cols) / 2
    right, down = x * half + cols / 2 - 0.5, y * half + rows / 2 - 0.5
    inside = (np.abs(x) * half <= cols / 2) & (np.abs(y) * half <= rows / 2)
    right, down = np.clip(right, 0, cols - 1), np.clip(down, 0, rows - 1)
    i, j = right.astype(int), down.astype(int)
    after, below = np.minimum(i + 1, cols - 1), np.minimum(j + 1, rows - 1)
    right, down = right - i, down - j
    upper = picture[j, i] * (1 - right) + picture[j, after] * right
    lower = picture[below, i] * (1 - right) + picture[below, after] * right
    values: Floats = np.where(inside, upper * (1 - down) + lower * down, 0.0)
    return values


@lru_cache(maxsize=16)
def _density(aperture: Aperture, *, nearer: bool) -> tuple[Floats, float]:
    """The picture turned, squeezed and aberrated: (CELLS, CELLS), and its half side in radii."""
    assert isinstance(aperture.picture, OpeningPicture)
    picture, taller = aperture.picture.values, math.sqrt(aperture.squeeze)
    turn = math.radians(aperture.rotation_deg)
    rows, cols = (n / max(picture.shape) for n in picture.shape)
    wide = cols * abs(math.cos(turn)) + rows * abs(math.sin(turn))
    high = rows * abs(math.cos(turn)) + cols * abs(math.sin(turn))
    reach = max(wide / taller, high * taller)
    line = ((np.arange(CELLS * SAMPLES) + 0.5) / (CELLS * SAMPLES) * 2 - 1) * reach
    x, y = line[None, :] * taller, line[:, None] / taller
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    k = ABERRATION * aperture.rim * (1 if nearer else -1)
    radius = np.hypot(x, y)
    passed, brighter = _aberrated(radius, k)
    ratio = passed / np.maximum(radius, 1e-12)
    seen = _sampled(picture, x * ratio, y * ratio) * brighter
    return _reduced(seen, SAMPLES), reach


def _sums(values: Floats) -> Floats:
    """Sum of all values above and left of each corner, (rows + 1, cols + 1)."""
    return np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


@lru_cache(maxsize=16)
def picture_sums(aperture: Aperture, *, nearer: bool) -> tuple[Floats, float]:
    """The picture as sums, from which a rectangle's light is four values away.

    Parameters
    ----------
    aperture : Aperture
        With a picture.
    nearer : bool
        Whether its spherical aberration is that of nearer points; it is not turned.

    Returns
    -------
    sums : float64 (n + 1, n + 1)
        Light above and left of each corner of a cell, in all 1.
    reach : float
        Half the side of the whole, in radii.
    """
    density, reach = _density(aperture, nearer=nearer)
    sums = _sums(density / density.sum())
    sums.flags.writeable = False
    return sums, reach


def _per_pixel(sums: Floats, extent_px: float) -> Floats:
    """What falls on each pixel when the whole is 2 * extent_px wide, its middle on a pixel's."""
    reach = max(0, math.ceil(extent_px - 0.5))
    cells = sums.shape[0] - 1
    border = np.arange(2 * reach + 2) - reach - 0.5
    at = np.clip((border / extent_px + 1) * cells / 2, 0, cells)
    i = np.minimum(at.astype(int), cells - 1)
    part = at - i
    rows = sums[i] + part[:, None] * (sums[i + 1] - sums[i])
    corners = rows[:, i] + part * (rows[:, i + 1] - rows[:, i])
    shares: Floats = np.diff(np.diff(corners, axis=0), axis=1)
    return np.maximum(shares, 0)


@lru_cache(maxsize=512)
def picture_image(aperture: Aperture, radius_px: float, *, nearer: bool) -> Floats:
    """Each pixel's share of the light, as seen beyond the plane of focus: not turned.

    Parameters
    ----------
    aperture : Aperture
        With a picture.
    radius_px : float, px, above 0
        Half of what the picture's longer side spans.
    nearer : bool
        Whether its spherical aberration is that of nearer points.

    Returns
    -------
    kernel : float64 (2n + 1, 2n + 1), sums to 1
    """
    sums, reach = picture_sums(aperture, nearer=nearer)
    kernel = _per_pixel(sums, reach * radius_px)
    kernel /= kernel.sum()
    kernel.flags.writeable = False
    return kernel


def _nested_tones(image: Floats) -> list[tuple[NDArray[np.bool_], float]]:
    """Nested parts of even brightness that add up to an image of sum 1, and their shares.

    As few tones as come close enough, each the mean of the pixels that it stands for (Lloyd's
    quantiser), so that the light is kept.
    """
    lit = image > 0
    for count in range(1, MAX_TONES + 1):
        tones = image.max() * (np.arange(count) + 1) / count
        for _ in range(TONE_ROUNDS):
            borders = (tones + np.append(0.0, tones[:-1])) / 2
            nearest = np.searchsorted(borders, image, side="right")
            sizes = np.bincount(nearest.ravel(), minlength=count + 1)[1:]
            light = np.bincount(nearest.ravel(), image.ravel(), minlength=count + 1)[1:]
            tones = np.where(sizes > 0, light / np.maximum(sizes, 1), tones)
        error = np.append(0.0, tones)[nearest] - image
        if np.sqrt((error**2).sum() / (image[lit] ** 2).sum()) <= TONE_ERROR:
            break
    steps = np.diff(np.append(0.0, tones))
    parts = [(nearest > k, step * float((nearest > k).sum())) for k, step in enumerate(steps)]
    total = sum(share for _, share in parts)
    return [(mask, float(share / total)) for mask, share in parts if share > 0]


@lru_cache(maxsize=512)
def picture_runs(aperture: Aperture, radius_px: float, *, nearer: bool) -> list[Runs]:
    """The picture as few runs of whole rows, for kernels that cost as many sums as runs.

    Parameters
    ----------
    aperture, radius_px, nearer
        As for `picture_image`.

    Returns
    -------
    parts : list of (columns, first, last, share)
        Of each tone, the largest part first: rows [first, last) of columns, as offsets from the
        middle, and its share of the light.
    """
    parts = []
    for mask, share in _nested_tones(picture_image(aperture, radius_px, nearer=nearer)):
        ends = np.diff(np.pad(mask.astype(np.int8), ((1, 1), (0, 0))), axis=0).T
        (columns, first), (_, last) = np.nonzero(ends > 0), np.nonzero(ends < 0)
        offsets = (axis - mask.shape[0] // 2 for axis in (columns, first, last))
        parts.append((*(offset.tolist() for offset in offsets), share))
    return parts
