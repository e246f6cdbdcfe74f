"""The published rendering on ray-traced references, given the exact defocus: what its form costs.

    python ../shared/groundtruth/score.py --track photo --renderer benchmarks/paper.py:published

`published` is the published rendering to the letter, but for what its networks would guess: D comes
from the exact defocus, the sigmoid is 1, the fusion mask is the initial one. The other functions
change one thing each.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import interpolate

from d2f.arrays import FloatImage
from d2f.models.d2f2023.fusion import initial_mask
from d2f.models.d2f2023.radiance import radiance_weight
from d2f.optics import SRGB
from d2f.optics.tone_curves import codes_from_light, light_from_codes
from d2f.published.stages import network_size
from d2f.renderer.paper import RADII, layered_rendering

# The soft disk reaches one half at this radius, a little beyond r: its spread is that of a disc.
DISC_RADII = np.sqrt(np.square(RADII) + 2.0) * (np.arange(len(RADII)) > 0)


def published(radiance: FloatImage, defocus_px: FloatImage) -> FloatImage:
    """Display codes, half size rounded to multiples of 64, highlight rule, layers."""
    return rendered(radiance, defocus_px, size=network_size(*defocus_px.shape))


def at_full_size(radiance: FloatImage, defocus_px: FloatImage) -> FloatImage:
    """The same without halving."""
    return rendered(radiance, defocus_px, size=defocus_px.shape)


def without_highlight_rule(radiance: FloatImage, defocus_px: FloatImage) -> FloatImage:
    """The same with every weight 1."""
    return rendered(radiance, defocus_px, size=network_size(*defocus_px.shape), weighted=False)


def in_linear_light(radiance: FloatImage, defocus_px: FloatImage) -> FloatImage:
    """The same on linear light instead of display codes; the highlight rule sees the codes."""
    return rendered(radiance, defocus_px, size=network_size(*defocus_px.shape), linear=True)


def rendered(
    radiance: FloatImage,
    defocus_px: FloatImage,
    *,
    size: tuple[int, ...],
    weighted: bool = True,
    linear: bool = False,
) -> FloatImage:
    """Linear light (H, W, 3) of a photo (clipped at white) with the exact defocus (H, W) in px."""
    codes = codes_from_light(np.clip(radiance, 0, 1).astype(np.float32), SRGB, np.float32)
    x = resized(torch.from_numpy(codes).permute(2, 0, 1)[None], size)
    scale = float(np.sqrt(size[0] * size[1] / defocus_px.size))
    radius = resized(torch.from_numpy(np.abs(defocus_px, dtype=np.float32))[None, None], size)
    layers = np.interp(radius.numpy() * scale, DISC_RADII, np.arange(len(RADII)))
    defocus = torch.from_numpy(layers / (len(RADII) - 1)).float()
    sigmoid = torch.ones_like(defocus)
    weight = radiance_weight(x, sigmoid) if weighted else torch.ones_like(x)
    if linear:
        x = torch.from_numpy(light_from_codes(x.numpy(), SRGB))
    bokeh = resized(layered_rendering(x, weight, defocus), defocus_px.shape)
    out: FloatImage = bokeh[0].permute(1, 2, 0).clamp(0, 1).numpy()
    light = out if linear else light_from_codes(np.ascontiguousarray(out), SRGB)
    mask = initial_mask(resized(defocus, defocus_px.shape))[0, 0, ..., None].numpy()
    fused: FloatImage = mask * light_from_codes(codes, SRGB) + (1 - mask) * light
    return fused


def resized(image: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    """Bilinear, as the published inference resizes."""
    return interpolate(image, list(size), mode="bilinear", align_corners=False)
