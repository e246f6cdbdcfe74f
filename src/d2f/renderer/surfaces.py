"""What a photo shows and what it hides, found slowly and plainly: the twin of the native search.

Three findings make the difference between layers and a lens:

- silhouette pixels mix two surfaces; each is taken apart into a near and a far part, by its matte
  where there is one;
- small lights stand out of their surroundings; they are cut out and drawn one by one;
- behind a near surface close to its edge the farther one goes on (see hidden.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from .hidden import CELL, depth_step, guess_hidden, hidden_behind
from .layers import LIGHT_FLOOR, MAX_RADIUS_PX

__all__ = ["FoundSurfaces", "find_surfaces"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STANDS_OUT = 3.0  # times the mean of the 12 x 12 px around
RIM = 0.01  # a light's faint rim is cut out with it
LIGHT_CONTRAST = 2.0  # times the darkest of 7 x 7
BORROWS = 1.5  # a neighbour this much brighter lends its depth
MIN_LIGHT_RADIUS_PX = 2.0
MAX_LIGHTS = 200_000  # more are a texture

SAME_SIDE = 0.6  # of depth_step: belongs to the near or the far colour
MIN_CONTRAST, MIN_CONTRAST_SHARP = 0.02, 0.1  # squared, relative to the mean brightness
SHARP_PX = 1.5  # the near side counts as in focus
NEAR_MIN_COVER, FAR_MAX_COVER = 0.3, 0.7
MAX_RESIDUAL = 0.06  # beyond it a third colour is at work
MUCH_BRIGHTER = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSurfaces:
    """What each pixel shows first and second, and the lights.

    Parameters
    ----------
    front, back : float64 (H, W, 4)
        Premultiplied radiance and coverage; coverage 0 of `back` where nothing is hidden.
    front_defocus_px, back_defocus_px : float64 (H, W), px
    lights : float64 (N, 6)
        y, x, signed radius, and radiance of every light, nearest first.
    """

    front: Floats
    front_defocus_px: Floats
    back: Floats
    back_defocus_px: Floats
    lights: Floats


def _edges(radius: Floats) -> Bools:
    edge = np.zeros(radius.shape, bool)
    for axis in (0, 1):
        one = np.s_[1:] if axis == 0 else np.s_[:, 1:]
        other = np.s_[:-1] if axis == 0 else np.s_[:, :-1]
        across = np.abs(radius[one] - radius[other]) > depth_step(radius[one], radius[other])
        edge[one] |= across
        edge[other] |= across
    return edge


def _window(y: int, x: int, reach: int) -> tuple[slice, slice]:
    return slice(max(0, y - reach), y + reach + 1), slice(max(0, x - reach), x + reach + 1)


def _light_candidates(bright: Floats) -> Floats:
    """Peak of the 3 x 3 cells around each pixel's cell where it stands out, else inf."""
    rows, cols = bright.shape
    padded = np.full((-(-rows // CELL) * CELL, -(-cols // CELL) * CELL), np.nan)
    padded[:rows, :cols] = bright
    cells = padded.reshape(padded.shape[0] // CELL, CELL, padded.shape[1] // CELL, CELL)
    peak, mean = np.nanmax(cells, axis=(1, 3)), np.nanmean(cells, axis=(1, 3))
    result = np.full(peak.shape, np.inf)
    for y, x in np.ndindex(*peak.shape):
        around = _window(y, x, 1)
        highest = peak[around].max()
        if highest > max(LIGHT_FLOOR, STANDS_OUT * mean[around].mean()):
            result[y, x] = highest
    return np.repeat(np.repeat(result, CELL, 0), CELL, 1)[:rows, :cols]


def _light_radius(bright: Floats, radius: Floats, y: int, x: int) -> float:
    around = _window(y, x, 1)
    brightest = np.unravel_index(np.argmax(bright[around]), bright[around].shape)
    lends = bright[around][brightest] > BORROWS * bright[y, x]
    lent = radius[around][brightest] if lends else radius[y, x]
    return float(np.clip(lent, -MAX_RADIUS_PX, MAX_RADIUS_PX))


def _cut_lights(colour: Floats, radius: Floats) -> tuple[Floats, Bools, Floats]:
    """The picture without its lights, where they were, and the lights (N, 6)."""
    bright = colour.max(axis=2)
    peak = _light_candidates(bright)
    rest, lit, lights = colour.copy(), np.zeros(bright.shape, bool), []
    for y, x in np.argwhere(bright > np.maximum(LIGHT_FLOOR, RIM * peak)):
        darkest = bright[_window(y, x, 3)].min()
        own = _light_radius(bright, radius, y, x)
        if LIGHT_CONTRAST * darkest >= bright[y, x] or abs(own) < MIN_LIGHT_RADIUS_PX:
            continue
        rest[y, x] = colour[y, x] * darkest / bright[y, x]
        lit[y, x] = True
        lights.append([y, x, own, *(colour[y, x] - rest[y, x])])
    if not lights or len(lights) > MAX_LIGHTS:
        return colour, np.zeros(bright.shape, bool), np.zeros((0, 6))
    lights.sort(key=lambda light: -light[2])
    return rest, lit, np.array(lights)


def _side_mean(
    colour: Floats, radius: Floats, side: float, limit: float, weights: Floats
) -> Floats | None:
    weights = np.where(np.abs(radius - side) < limit, weights, 0.0)
    return np.tensordot(weights, colour, 2) / weights.sum() if weights.any() else None


def _coverage(
    own: Floats, near: Floats, far: Floats, *, sharp: bool, on_near: bool
) -> float | None:
    """Share of the near colour in a pixel, or None where it cannot be told."""
    contrast = float(((near - far) ** 2).sum())
    needed = MIN_CONTRAST_SHARP if sharp else MIN_CONTRAST
    if contrast <= needed * float((near + far).sum()) ** 2 / 12:
        return None
    cover = float(np.clip((own - far) @ (near - far) / contrast, 0, 1))
    cover = max(cover, NEAR_MIN_COVER) if on_near else min(cover, FAR_MAX_COVER)
    residual = float(((own - cover * near - (1 - cover) * far) ** 2).sum())
    return cover if residual <= MAX_RESIDUAL * contrast else None


def _split(
    colour: Floats, rest: Floats, radius: Floats, usable: Bools, y: int, x: int
) -> tuple[Floats, float, Floats, float] | None:
    """Near part (4,) with its radius and far colour (3,) with its radius of one edge pixel."""
    nearest, farthest = float(radius[_window(y, x, 1)].max()), float(radius[_window(y, x, 1)].min())
    around = _window(y, x, 2)
    rows, cols = np.mgrid[
        around[0].start : min(around[0].stop, radius.shape[0]),
        around[1].start : min(around[1].stop, radius.shape[1]),
    ]
    weights = np.where(usable[around], np.exp(-((rows - y) ** 2 + (cols - x) ** 2) / 4), 0.0)
    limit = SAME_SIDE * float(depth_step(nearest, farthest))
    near = _side_mean(colour[around], radius[around], nearest, limit, weights)
    far = _side_mean(colour[around], radius[around], farthest, limit, weights)
    if near is None or far is None:
        return None
    own = rest[y, x]
    cover = _coverage(
        own,
        near,
        far,
        sharp=abs(nearest) < SHARP_PX,
        on_near=nearest - radius[y, x] < radius[y, x] - farthest,
    )
    if cover is None:
        return None
    # What the far part leaves of the pixel: a sharp, untouched pixel keeps its exact sum.
    part = np.maximum(0, own - (1 - cover) * far)
    if far.sum() > MUCH_BRIGHTER * near.sum():
        part = np.minimum(part, 2 * cover * near)
    return np.append(part, cover), nearest, far, farthest


def find_surfaces(
    radiance: FloatImage, defocus_px: FloatImage, matte: FloatImage | None = None
) -> FoundSurfaces:
    """Take a photo apart into surfaces and lights.

    Parameters
    ----------
    radiance : float32 (H, W, 3), linear light, at least 0
    defocus_px : float32 (H, W), px
        Signed radius of the circle of confusion, + nearer than the plane of focus.
    matte : float32 (H, W), 0..1, optional
        Between 0 and 1: share of the near surface, at the pixel's own defocus, before what is
        hidden behind it.

    Returns
    -------
    surfaces : FoundSurfaces
    """
    colour, radius = radiance.astype(np.float64), defocus_px.astype(np.float64)
    edge = _edges(radius)
    rest, lit, lights = _cut_lights(colour, radius)
    share = np.ones_like(radius) if matte is None else matte.astype(np.float64)
    soft = (share > 0) & (share < 1)
    usable = ~edge & ~lit & ~soft
    front = np.concatenate([rest, np.ones((*radius.shape, 1))], axis=2)
    back, back_radius = np.zeros_like(front), np.zeros_like(radius)
    front_radius = radius.copy()
    if edge.any() or soft.any():
        hidden = guess_hidden(colour, radius, usable)
        for y, x in np.ndindex(*radius.shape):
            if behind := hidden_behind(*hidden, y, x, float(radius[y, x])):
                colour_behind, back_radius[y, x] = behind
                if soft[y, x]:
                    # The surface behind cannot be brighter than the pixel lets it.
                    colour_behind = np.minimum(colour_behind, rest[y, x] / (1 - share[y, x]))
                    part = rest[y, x] - (1 - share[y, x]) * colour_behind
                    front[y, x] = np.append(np.maximum(0, part), share[y, x])
                back[y, x] = np.append(colour_behind, 1.0)
    for y, x in np.argwhere(edge & ~soft):
        if parts := _split(colour, rest, radius, usable, y, x):
            front[y, x], front_radius[y, x] = parts[0], parts[1]
            back[y, x], back_radius[y, x] = np.append(parts[2], 1.0), parts[3]
    return FoundSurfaces(
        front=front,
        front_defocus_px=front_radius,
        back=back,
        back_defocus_px=back_radius,
        lights=lights,
    )
