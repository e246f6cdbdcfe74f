"""The definition of the renderer: signed depth layers, differentiable, plain, at full resolution.

The native kernel computes the same picture with fewer operations. Here every layer is drawn at full
size by FFT with the exact kernel, so that each line can be read against the optics:

1. each surface is shared between its two neighbouring layers, linearly in r|r|;
2. each layer is convolved with the image of a point at its depth;
3. layers are composited front to back: coverage adds within a connected surface, and goes 'over'
   after a gap in depth;
4. what was gathered is divided by its coverage: what is missing is unknown, not black.

What is hidden, split or drawn as a light of its own is found outside the graph (surfaces.py): those
parts are constants, and gradients flow into whatever the photo shows plainly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..arrays import FloatImage
from ..optics.aperture import CENTRE, Aperture, Place
from ..optics.point_image import LIGHT_RADII, channel_groups, point_image
from .layers import (
    IN_FOCUS_PX,
    kernel_radius,
    layer_radii,
    layer_scale,
    place_of,
    shape_cells,
)
from .surfaces import find_surfaces

__all__ = ["Surfaces", "blur", "blur_surfaces", "surfaces_of", "visible_surface"]

EMPTY_COVERAGE = 1e-4  # less coverage than this ends a connected surface
MIN_ROOM = 1e-6
MIN_LIGHT_ROOM = 1e-3
MIN_LIGHT_KERNEL_PX = 0.5

Stretch = tuple[float, float]  # of radii beyond the plane of focus, and before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Surfaces:
    """What the photo shows, and what is guessed to lie behind it.

    Parameters
    ----------
    front : (..., H, W, 4)
        Premultiplied radiance and coverage of what each pixel shows first.
    front_defocus_px : (..., H, W), px
    back : (..., H, W, 4), optional
        The surface behind it; coverage 0 where there is none.
    back_defocus_px : (..., H, W), px, optional
    lights : one (N, 6) per picture of the batch
        y, x, signed radius and radiance of what is drawn as a disc of its own.
    """

    front: Tensor
    front_defocus_px: Tensor
    back: Tensor | None = None
    back_defocus_px: Tensor | None = None
    lights: tuple[Tensor, ...] = ()


def _signed_square(defocus_px: Tensor) -> Tensor:
    return torch.where(defocus_px.abs() < IN_FOCUS_PX, 0.0, defocus_px * defocus_px.abs())


def _knots(surfaces: Surfaces) -> list[float]:
    """Signed radii of the layers, nearest first."""
    maps = [
        m.detach() for m in (surfaces.front_defocus_px, surfaces.back_defocus_px) if m is not None
    ]
    nearest = max(float(m.max()) for m in maps)
    farthest = min(float(m.min()) for m in maps)
    near = [float(t) for t in layer_radii(max(nearest, 0.0))[::-1]]
    far = [-float(t) for t in layer_radii(max(-farthest, 0.0))]
    return [*near, 0.0, *far]


def _share(u: Tensor, nearer: float | None, own: float, farther: float | None) -> Tensor:
    """Weight of one layer: a hat over its neighbours, open at both ends of the scale."""
    weight = torch.ones_like(u)
    if farther is not None:
        weight = torch.minimum(weight, (u - farther) / (own - farther))
    if nearer is not None:
        weight = torch.minimum(weight, (nearer - u) / (nearer - own))
    return weight.clamp(0, 1)


def _spread(layer: Tensor, kernel: Tensor, row: slice, col: slice) -> Tensor:
    """Part of a layer (..., H, W, 4) spread over the image of a point; the border is repeated."""
    up, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    rows, cols = layer.shape[-3:-1]
    y = torch.arange(row.start - up, row.stop + up, device=layer.device).clamp(0, rows - 1)
    x = torch.arange(col.start - left, col.stop + left, device=layer.device).clamp(0, cols - 1)
    planes = layer[..., y, :, :][..., :, x, :].movedim(-1, -3)
    size = (len(y), len(x))
    spectrum = torch.fft.rfft2(planes, s=size) * torch.fft.rfft2(kernel, s=size)
    spread = torch.fft.irfft2(spectrum, s=size)[..., 2 * up :, 2 * left :]
    blurred: Tensor = spread.movedim(-3, -1)
    return blurred


def _convolve(layer: Tensor, defocus_px: float, aperture: Aperture, stretch: Stretch) -> Tensor:
    """Spread a layer (..., H, W, 4); where the opening is cut, part by part."""
    if defocus_px == 0:
        return layer
    radius = kernel_radius(abs(defocus_px) * stretch[defocus_px > 0])

    def kernel(place: Place) -> Tensor:
        image = point_image(aperture, radius, nearer=defocus_px > 0, place=place)
        return torch.tensor(image.copy()).to(layer)

    rows, cols = layer.shape[-3:-1]
    if aperture.cats_eye == 0:
        return _spread(layer, kernel(CENTRE), slice(0, rows), slice(0, cols))
    blurred = torch.zeros_like(layer)
    for row, col, place in shape_cells(rows, cols, scale=layer_scale(abs(defocus_px))):
        blurred[..., row, col, :] = _spread(layer, kernel(place), row, col)
    return blurred


def _draw_light(canvas: Tensor, light: Tensor, aperture: Aperture, stretch: Stretch) -> None:
    """Add the disc of one light (6,) to a canvas (H, W, 3)."""
    y, x, radius = int(light[0]), int(light[1]), float(light[2])
    radius *= stretch[radius > 0]
    size = math.sqrt(max(radius**2 - 1 / 3, MIN_LIGHT_KERNEL_PX**2))
    place = place_of(y, x, *canvas.shape[:2])
    image = point_image(aperture, size, nearer=radius > 0, place=place, radii=LIGHT_RADII)
    kernel = torch.tensor(image.copy()).to(canvas)
    up, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    y0, x0 = max(0, y - up), max(0, x - left)
    y1, x1 = min(canvas.shape[0], y + up + 1), min(canvas.shape[1], x + left + 1)
    part = kernel[y0 - y + up : y1 - y + up, x0 - x + left : x1 - x + left]
    canvas[y0:y1, x0:x1] += part[..., None] * light[3:]


def _draw_lights(
    surfaces: Surfaces, knots: list[float], aperture: Aperture, stretch: Stretch
) -> dict[int, Tensor]:
    """Light (..., H, W, 3) that is drawn before each layer, by the layer's index."""
    canvases: dict[int, Tensor] = {}
    for picture, lights in enumerate(surfaces.lights):
        for light in lights:
            square = float(light[2] * light[2].abs())
            nearest = min(range(len(knots)), key=lambda k: abs(knots[k] * abs(knots[k]) - square))
            if nearest not in canvases:
                canvases[nearest] = torch.zeros_like(surfaces.front[..., :3])
            pictures = canvases[nearest].reshape(-1, *surfaces.front.shape[-3:-1], 3)
            _draw_light(pictures[picture], light, aperture, stretch)
    return canvases


def _composite(layers: list[Tensor], lights: dict[int, Tensor]) -> Tensor:
    """Front to back: add within a surface, 'over' after a gap; divided by coverage at the end."""
    light = torch.zeros_like(layers[0])
    surface = torch.zeros_like(light[..., 3:])
    for k, layer in enumerate(layers):
        cover = layer[..., 3:]
        room = 1 - light[..., 3:]
        if k in lights:  # they lie within the surface, which covers for them
            drawn = room / (1 - surface).clamp_min(MIN_LIGHT_ROOM) * lights[k]
            light = light + torch.cat([drawn, torch.zeros_like(room)], dim=-1)
        share = room / torch.maximum(1 - surface, cover).clamp_min(MIN_ROOM)
        light = light + share * layer
        connected = (cover > EMPTY_COVERAGE).detach()
        surface = torch.where(connected, (surface + cover).clamp_max(1), 0.0)
    return light[..., :3] / light[..., 3:].clamp_min(MIN_ROOM)


def blur_surfaces(surfaces: Surfaces, *, aperture: Aperture = Aperture()) -> Tensor:
    """Light of layered surfaces through the opening.

    Parameters
    ----------
    surfaces : Surfaces
        All of one dtype and device; leading dimensions are a batch.
    aperture : Aperture

    Returns
    -------
    radiance : (..., H, W, 3)
        Differentiable in radiance, coverage and defocus.
    """
    knots = _knots(surfaces)
    squares = [t * abs(t) for t in knots]
    parts = [(surfaces.front, _signed_square(surfaces.front_defocus_px))]
    if surfaces.back is not None and surfaces.back_defocus_px is not None:
        parts.append((surfaces.back, _signed_square(surfaces.back_defocus_px)))
    layers = []
    for k in range(len(knots)):
        nearer = squares[k - 1] if k > 0 else None
        farther = squares[k + 1] if k + 1 < len(knots) else None
        layer = sum(
            (_share(u, nearer, squares[k], farther)[..., None] * part for part, u in parts),
            start=torch.zeros((), dtype=surfaces.front.dtype, device=surfaces.front.device),
        )
        layers.append(layer)
    out = torch.zeros_like(surfaces.front[..., :3])
    for channels, stretch in channel_groups(aperture):
        blurred = [
            _convolve(layer, knot, aperture, stretch)
            for layer, knot in zip(layers, knots, strict=True)
        ]
        seen = _composite(blurred, _draw_lights(surfaces, knots, aperture, stretch))
        shown = torch.tensor([k in channels for k in range(3)], device=seen.device)
        out = torch.where(shown, seen, out)
    return out


def visible_surface(radiance: Tensor, defocus_px: Tensor) -> Surfaces:
    """The photo as one surface, nothing guessed behind it: differentiable in both.

    Parameters
    ----------
    radiance : (..., H, W, 3), linear light, at least 0
    defocus_px : (..., H, W), px
    """
    front = torch.cat([radiance, torch.ones_like(radiance[..., :1])], dim=-1)
    return Surfaces(front=front, front_defocus_px=defocus_px)


def surfaces_of(radiance: Tensor, defocus_px: Tensor, *, matte: Tensor | None = None) -> Surfaces:
    """The photo taken apart: split silhouettes, lights, and what is guessed behind near edges.

    Parameters
    ----------
    radiance : (..., H, W, 3), linear light, at least 0
    defocus_px : (..., H, W), px
    matte : (..., H, W), 0..1, optional
        Share of the near surface in each pixel; 0 and 1 are pixels of one surface.

    Returns
    -------
    surfaces : Surfaces
        Differentiable in the pixels that show one surface plainly; the rest is constant.
    """
    shape = defocus_px.shape
    pictures = radiance.detach().cpu().numpy().reshape(-1, *shape[-2:], 3)
    maps = defocus_px.detach().cpu().numpy().reshape(-1, *shape[-2:])
    mattes: list[FloatImage | None] = [None] * len(maps)
    if matte is not None:
        mattes = list(matte.detach().cpu().numpy().reshape(-1, *shape[-2:]))
    found = [find_surfaces(*parts) for parts in zip(pictures, maps, mattes, strict=True)]

    def stacked(name: str) -> Tensor:
        parts = np.stack([getattr(surfaces, name) for surfaces in found])
        return torch.tensor(parts).to(radiance).reshape(*shape, *parts.shape[3:])

    seen = visible_surface(radiance, defocus_px)
    front, front_defocus_px = stacked("front"), stacked("front_defocus_px")
    changed = (front != seen.front.detach()).any(dim=-1)
    return Surfaces(
        front=torch.where(changed[..., None], front, seen.front),
        front_defocus_px=torch.where(changed, front_defocus_px, defocus_px),
        back=stacked("back"),
        back_defocus_px=stacked("back_defocus_px"),
        lights=tuple(torch.tensor(surfaces.lights).to(radiance) for surfaces in found),
    )


def blur(
    radiance: Tensor,
    defocus_px: Tensor,
    *,
    aperture: Aperture = Aperture(),
    matte: Tensor | None = None,
) -> Tensor:
    """Blur every point of a photo as a lens of this opening would.

    Parameters
    ----------
    radiance : (..., H, W, 3), linear light, at least 0
    defocus_px : (..., H, W), px
        Signed radius of the circle of confusion, + nearer than the plane of focus.
    aperture : Aperture
    matte : (..., H, W), 0..1, optional
        Share of the near surface in each pixel; 0 and 1 are pixels of one surface.

    Returns
    -------
    radiance : (..., H, W, 3)
    """
    return blur_surfaces(surfaces_of(radiance, defocus_px, matte=matte), aperture=aperture)
