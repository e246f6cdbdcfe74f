"""The image of a point of light: the opening's shape, its brightness within, and its turn.

Spherical aberration: light that passes the opening at radius q (1 at its rim) meets the picture at

    r = q (1 + k q^2) / (1 + k),    k = -0.3 rim beyond the plane of focus, +0.3 rim before it,

so that k below 0 crowds light at the rim, where the density is (1 + k) / (1 + 3 k) times the mean,
and k above 0 at the centre; k is 0.3 at most, since at a third the rim would be infinitely bright.
The image is made of discs on top of each other, each ring as bright as the light that falls on it:
energy is kept exactly, and a disc of each radius is all that is drawn. A picture of the opening is
warped by the same formula (opening_picture.py).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .aperture import CENTRE, Aperture, Place, aperture_kernel
from .opening_picture import ABERRATION, picture_image

__all__ = ["LAYER_RADII", "LIGHT_RADII", "Channels", "channel_groups", "discs", "point_image"]

Channels = tuple[int, ...]  # of 0, 1, 2: red, green, blue

FRINGE = 0.1  # of the radius, by which red and blue differ from green at fringe = 1
LAYER_RADII = (1.0, 0.85, 0.6)  # of the discs, relative; on texture nobody sees the steps
LIGHT_RADII = (1.0, 0.95, 0.88, 0.8, 0.7, 0.58, 0.45, 0.3)  # on single lights they would
MIN_DISC_PX = 0.5  # a part of an image is no smaller


@lru_cache(maxsize=64)
def discs(
    aperture: Aperture, radii: tuple[float, ...], *, nearer: bool
) -> list[tuple[float, float]]:
    """The discs that make up the image of a point.

    Parameters
    ----------
    aperture : Aperture
    radii : tuple of float, falling from 1
        `LAYER_RADII` or `LIGHT_RADII`.
    nearer : bool
        Whether the point lies nearer than the plane of focus.

    Returns
    -------
    discs : list of (radius, weight)
        Radius relative to the image's; share of the light, which may be negative; the sum is 1.
    """
    if aperture.rim == 0:
        return [(1.0, 1.0)]
    k = ABERRATION * aperture.rim * (1 if nearer else -1)
    opening = np.linspace(0, 1, 4096)
    within = np.interp(radii, opening * (1 + k * opening**2) / (1 + k), opening) ** 2
    squares = np.square(radii)
    density = -np.diff([*within, 0.0]) / -np.diff([*squares, 0.0])
    weights = np.diff([0.0, *density]) * squares
    return [(float(r), float(w)) for r, w in zip(radii, weights, strict=True)]


def channel_groups(aperture: Aperture) -> list[tuple[Channels, tuple[float, float]]]:
    """The channels that share one image of a point, and its radius relative to the defocus.

    Red and blue come to a focus beyond green, as most lenses leave them: points beyond the plane of
    focus are sharper in red and blue and keep a green rim, nearer ones get a magenta rim. The
    difference grows with the radius, so that what is in focus stays colourless.

    Parameters
    ----------
    aperture : Aperture

    Returns
    -------
    groups : list of (channels, (beyond, before))
        Factors of the radius for points beyond the plane of focus and before it.
    """
    if aperture.fringe == 0:
        return [((0, 1, 2), (1.0, 1.0))]
    part = FRINGE * aperture.fringe
    return [((1,), (1.0, 1.0)), ((0, 2), (1 - part, 1 + part))]


def point_image(
    aperture: Aperture,
    radius_px: float,
    *,
    nearer: bool,
    place: Place = CENTRE,
    radii: tuple[float, ...] = LAYER_RADII,
) -> NDArray[np.float64]:
    """The image of a point of light out of focus.

    Parameters
    ----------
    aperture : Aperture
    radius_px : float, px, above 0
        Radius of the disc of the opening's area.
    nearer : bool
        Whether the point lies nearer than the plane of focus: its image is turned by half a turn.
    place : (float, float)
        Down and right from the centre of the picture, in half diagonals.
    radii : tuple of float
        `LAYER_RADII` or `LIGHT_RADII`.

    Returns
    -------
    kernel : float64 (2m + 1, 2n + 1), sums to 1
        Offsets from the centre, rows down.
    """
    if aperture.picture is not None:
        whole = picture_image(aperture, radius_px, nearer=nearer)
        return whole[::-1, ::-1] if nearer else whole
    if aperture.cats_eye == 0:
        place = CENTRE  # one cached kernel for the whole picture
    least = min(MIN_DISC_PX, radius_px)
    image: NDArray[np.float64] | None = None
    for scale, weight in discs(aperture, radii, nearer=nearer):
        part = aperture_kernel(aperture, max(scale * radius_px, least), place=place)
        if image is None:
            image = weight * part
            continue
        up, left = ((a - b) // 2 for a, b in zip(image.shape, part.shape, strict=True))
        image[up : up + part.shape[0], left : left + part.shape[1]] += weight * part
    assert image is not None  # there is always one disc
    return image[::-1, ::-1] if nearer else image
