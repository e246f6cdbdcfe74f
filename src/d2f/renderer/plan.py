"""What the native kernel needs to know before it looks at a pixel: layers and their kernels."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

import d2f._native as _native

from ..optics.aperture import Aperture, column_profile, column_spans, row_profile
from ..optics.opening_picture import Runs, picture_runs, picture_sums
from ..optics.point_image import LAYER_RADII, LIGHT_RADII, discs, point_image
from .layers import kernel_radius, layer_radii, layer_scale

__all__ = ["opening", "side_layers"]

MIN_RUN_RADIUS = 5.0  # px; below it, rounding a column to whole rows would show
MIN_PICTURE_RUN_RADIUS = 8.0  # a picture has finer detail than a disc


@lru_cache(maxsize=32)
def side_layers(aperture: Aperture, count: int, sign: int, stretch: float = 1.0) -> list[Any]:
    """The layers of one side, smallest radius first, as objects of the extension.

    Parameters
    ----------
    aperture : Aperture
    count : int
        How many layers; they are the first ones of `layer_radii`.
    sign : 1 or -1
        1 for the side nearer than the plane of focus.
    stretch : float
        Radius of a layer's image relative to its defocus (see `channel_groups`).
    """
    radii = [0.0, *_first_radii(count + 1)]
    squares = [sign * radius * radius for radius in radii]
    layers = []
    for k in range(1, count + 1):
        inner, outer = squares[k - 1], squares[k + 1]
        scale = layer_scale(radii[k])
        radius = kernel_radius(radii[k] * stretch, scale=scale)
        layers.append(
            _native.layer(
                radius=radii[k],
                square=squares[k],
                nearer=outer if sign > 0 else inner,
                farther=inner if sign > 0 else outer,
                level=scale.bit_length() - 1,
                kernel_radius=radius,
                kernel=_kernel(aperture, radius, sign),
            )
        )
    return layers


def _first_radii(count: int) -> list[float]:
    largest = 1.0
    while len(radii := layer_radii(largest, ceiling_px=np.inf)) < count:
        largest *= 2
    return [float(radius) for radius in radii[:count]]


@lru_cache(maxsize=32)
def opening(aperture: Aperture) -> Any:
    """The shape itself, for lights and for cutting it, as an object of the extension."""
    (rows, row_reach), (cols, col_reach) = row_profile(aperture), column_profile(aperture)
    pictures = []
    if aperture.picture is not None:
        pictures = [picture_sums(aperture, nearer=side) for side in (False, True)]
    return _native.opening(
        rows=rows,
        row_reach=row_reach,
        cols=cols,
        col_reach=col_reach,
        cats_eye=aperture.cats_eye,
        layer_discs=[discs(aperture, LAYER_RADII, nearer=side) for side in (False, True)],
        light_discs=[discs(aperture, LIGHT_RADII, nearer=side) for side in (False, True)],
        pictures=[sums for sums, _ in pictures],
        picture_reach=pictures[0][1] if pictures else 0.0,
    )


def _kernel(aperture: Aperture, radius: float, sign: int) -> Any:
    """Where a pixel's light comes from: the image of a point, turned by half a turn."""
    least = MIN_RUN_RADIUS if aperture.picture is None else MIN_PICTURE_RUN_RADIUS
    if radius < least:
        weights = point_image(aperture, radius, nearer=sign > 0)[::-1, ::-1]
        return _native.kernel_of_weights(np.ascontiguousarray(weights, np.float32))
    if aperture.picture is not None:
        tones = picture_runs(aperture, radius, nearer=sign > 0)
        return _native.kernel_of_runs(tones if sign > 0 else [_turned(tone) for tone in tones])
    parts = []
    for scale, weight in discs(aperture, LAYER_RADII, nearer=sign > 0):
        top, bottom = column_spans(aperture, scale * radius)
        if sign < 0:
            top, bottom = -bottom[::-1], -top[::-1]
        columns = list(range(-(top.size // 2), top.size // 2 + 1))
        runs = _whole_rows(top.astype(np.float64), bottom.astype(np.float64))
        parts.append((columns, *runs, weight))
    return _native.kernel_of_runs(parts)


def _turned(tone: Runs) -> Runs:
    """The same runs turned by half a turn."""
    columns, first, last, share = tone
    return [-k for k in columns], [1 - k for k in last], [1 - k for k in first], share


def _whole_rows(top: Any, bottom: Any) -> tuple[list[int], list[int]]:
    """Runs of whole rows; what rounding gives or takes is passed on, from the centre outwards."""
    middle = top.size // 2
    first, last = np.zeros(top.size, int), np.zeros(top.size, int)
    for step in (1, -1):
        over_top = over_bottom = 0.0
        outwards = range(middle, top.size) if step > 0 else range(middle, -1, -1)
        for k in outwards:
            wanted_top, wanted_bottom = top[k] + 0.5 + over_top, bottom[k] + 0.5 + over_bottom
            first[k] = int(np.ceil(wanted_top - 0.5))
            last[k] = max(int(np.floor(wanted_bottom + 0.5)), first[k])
            over_top, over_bottom = wanted_top - first[k], wanted_bottom - last[k]
            if k == middle:  # both ways start from the same column
                over_top, over_bottom = over_top / 2, over_bottom / 2
    return first.tolist(), last.tolist()
