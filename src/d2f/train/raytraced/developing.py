"""From traced light to a photo: noise is smoothed, exposure set, and codes given.

In: light with albedo, normal and depth. Out: 8-bit sRGB.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from d2f.arrays import ByteImage, FloatImage
from d2f.optics.luminance import BT709_LUMINANCE

__all__ = ["denoised", "developed"]

STEPS = (1, 2, 4, 8)  # pixels between the taps of each pass
GUIDE_STEPS = (1, 2)
NORMAL_POWER = 32.0
DEPTH_SHARE = 0.03  # difference of depth per step at which a neighbour counts little
SURE_SHARE = 0.12  # difference of light that is taken for a shadow, if there were no noise
DOUBT = 1.5  # standard errors of the guide up to which light is taken for the same
BRIGHTEST = 3.0  # times the median around it; what is brighter is a stray path
GUIDE_PIXELS = 16.0  # that a pixel of the guide is about the mean of
MID_GREY = 0.18
SHOULDER = 1.15  # slope at black of the curve that rolls highlights off
S_CURVE = 0.06  # half of the contrast that is added: slope 1.12 in the middle, 0.88 at the ends


def denoised(
    light: FloatImage, albedo: FloatImage, normal: FloatImage, depth: FloatImage
) -> FloatImage:
    """Light smoothed along surfaces, their own colours left as they are.

    Passes of 3 x 3 taps ever farther apart, after Dammertz et al., Edge-avoiding A-trous wavelet
    transform for fast global illumination filtering, HPG 2010. What keeps shadows is a guide that
    was smoothed before, as single pixels are too noisy for it.
    """
    surface = depth > 0
    colour = np.where(surface[..., None], np.maximum(albedo, np.float32(0.02)), np.float32(1.0))
    falling = without_strays((light / colour).astype(np.float32, copy=False))
    facing = normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-3)
    grey = falling.mean(2)
    moments = np.stack([grey, grey**2], axis=2)
    for step in GUIDE_STEPS:
        moments = smoothed(moments, facing, depth, surface, step)
    guide = moments[..., 0]
    error = np.sqrt(np.maximum(moments[..., 1] - guide**2, 0.0) / GUIDE_PIXELS)
    for step in STEPS:
        falling = smoothed(falling, facing, depth, surface, step, guide, error)
    return np.where(surface[..., None], falling * colour, light).astype(np.float32)


def without_strays(falling: FloatImage) -> FloatImage:
    """Light no pixel of which is far brighter than its surroundings."""
    grey = falling.mean(2)
    around = np.asarray(Image.fromarray(grey).filter(ImageFilter.MedianFilter(5)))
    middle = np.maximum(around, 0.3 * np.median(grey))
    ratio = np.minimum(1.0, BRIGHTEST * middle / np.maximum(grey, 1e-6))
    calm: FloatImage = (falling * ratio[..., None]).astype(np.float32)
    return calm


def smoothed(
    values: FloatImage,
    facing: FloatImage,
    depth: FloatImage,
    surface: NDArray[np.bool_],
    step: int,
    guide: FloatImage | None = None,
    error: FloatImage | None = None,
) -> FloatImage:
    """One pass: each pixel the mean of nine, weighted by how like it they are."""
    rows, columns = depth.shape
    total = values * np.float32(0.25)
    weights = np.full(depth.shape, 0.25, np.float32)
    for down in (-step, 0, step):
        for across in (-step, 0, step):
            if down == across == 0:
                continue
            share = 0.0625 if down and across else 0.125
            here = (slice(max(0, -down), rows - max(0, down)),
                    slice(max(0, -across), columns - max(0, across)))  # fmt: skip
            there = (slice(max(0, down), rows + min(0, down)),
                     slice(max(0, across), columns + min(0, across)))  # fmt: skip
            alike = np.clip(np.einsum("ijk,ijk->ij", facing[here], facing[there]), 0.0, 1.0)
            unlike = np.abs(depth[here] - depth[there]) / (
                DEPTH_SHARE * step * (depth[here] + 1e-3)
            )
            if guide is not None and error is not None:
                sure = SURE_SHARE * guide[here] + DOUBT * (error[here] + error[there]) + 1e-6
                unlike += ((guide[here] - guide[there]) / sure) ** 2
            weight = share * alike**NORMAL_POWER * np.exp(-unlike) * surface[there]
            total[here] += weight[..., None] * values[there]
            weights[here] += weight
    mean: FloatImage = (total / weights[..., None]).astype(np.float32)
    return mean


def developed(light: FloatImage, exposure: float) -> ByteImage:
    """Codes of a photo whose median is a medium grey, times the exposure, with soft highlights."""
    grey = light @ BT709_LUMINANCE
    scale = MID_GREY * exposure / max(float(np.median(grey)), 1e-4)
    linear = 1.0 - np.exp(-SHOULDER * scale * np.maximum(light, 0.0))
    # IEC 61966-2-1: sRGB.
    codes = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    codes -= S_CURVE * np.sin(2 * np.pi * codes) / (2 * np.pi) * 2
    return np.rint(np.clip(codes, 0.0, 1.0) * 255.0).astype(np.uint8)
