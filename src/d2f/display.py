"""A photo as screens and networks see it: 8-bit codes in sRGB."""

from __future__ import annotations

import numpy as np

from . import files, light, optics
from .arrays import ByteImage, FloatImage
from .files import Photo

__all__ = ["srgb_copy"]

EXPOSURE_SAMPLES = 512  # a side of what the exposure of scene light is told from
BRIGHT_SHARE = 0.98  # of the pixels are darker than what a network should see as white
USUAL_BRIGHT = (0.3, 1.2)  # light there in finished photos, which are left as they are


def srgb_copy(photo: Photo) -> ByteImage:
    """What networks and the edge filter look at: the same picture in 8-bit sRGB codes.

    Returns
    -------
    uint8 (H, W, 3)
        Not to be changed: it may be the photo's own.
    """
    matrix = files.working_matrix_of(photo)
    if photo.pixels.dtype == np.uint8 and photo.tone_curve is optics.SRGB and matrix is None:
        return photo.pixels
    radiance = light.radiance_from_codes(photo.pixels, photo.tone_curve, highlights=0)
    if matrix is not None:
        radiance = np.maximum(radiance @ matrix.T.astype(np.float32), 0)
    return light.codes_from_radiance(radiance / _white_of(radiance, photo), optics.SRGB, np.uint8)


def _white_of(radiance: FloatImage, photo: Photo) -> np.float32:
    """The light that is to be seen as white: scene light may be of any exposure."""
    if photo.tone_curve is not optics.LINEAR:
        return np.float32(photo.tone_curve.white)
    step = max(photo.long_side_px // EXPOSURE_SAMPLES, 1)
    bright = float(np.quantile(radiance[::step, ::step], BRIGHT_SHARE))
    usual = USUAL_BRIGHT[0] <= bright <= USUAL_BRIGHT[1]
    return np.float32(1 if usual or bright <= 0 else bright)
