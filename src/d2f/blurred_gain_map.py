"""The gain map of a blurred photo: what makes the blurred bright picture of the blurred base.

Blurring the map's codes would average logarithms, and a lamp would lose most of its light. So the
bright picture is put together at the map's size, blurred as light, and the map is what divides it
from the finished base.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import light, renderer
from .arrays import CodeImage, FloatImage
from .files import GainMap, Photo
from .light.gain_map import codes_from_gain, gain_from_codes
from .optics import Aperture
from .optics.luminance import BT709_LUMINANCE

__all__ = ["blurred_gain_map"]

SHARP = 0.999  # of in_focus: there the map keeps its codes
DARKEST = 1e-4  # light below which a ratio means nothing


def blurred_gain_map(
    photo: Photo,
    finished: CodeImage,
    defocus_px: FloatImage,
    in_focus: FloatImage,
    *,
    aperture: Aperture,
) -> GainMap | None:
    """The map that goes with the finished picture; None where the photo has none.

    Parameters
    ----------
    photo : Photo
        8 bits, as every file with a gain map that is read here.
    finished : uint8 (H, W, 3)
        The blurred base, in the photo's codes.
    defocus_px : float32 (H, W), px
    in_focus : float32 (H, W), 0..1
    aperture : Aperture
    """
    given = photo.gain_map
    if given is None:
        return None
    rows, cols = given.codes.shape[:2]
    scale = np.float32(cols / photo.pixels.shape[1])
    base, after = (
        light.radiance_from_codes(_reduced(codes, cols, rows), photo.tone_curve, highlights=0)
        for codes in (photo.pixels, finished)
    )
    words = {"low": given.low, "high": given.high, "gamma": given.gamma}
    dark, bright = (np.array(x, np.float32) for x in (given.base_offset, given.bright_offset))
    shown = (base + dark) * np.exp2(gain_from_codes(given.codes, **words)) - bright
    small_px = _reduced(defocus_px, cols, rows) * scale
    blurred = renderer.blur(np.maximum(shown, 0).astype(np.float32), small_px, aperture=aperture)
    if (given.codes == given.codes[..., :1]).all():  # one gain for all channels
        blurred, after = ((image @ BT709_LUMINANCE)[..., None] for image in (blurred, after))
    ratio = np.maximum(blurred + bright, DARKEST) / np.maximum(after + dark, DARKEST)
    codes = codes_from_gain(np.log2(ratio).astype(np.float32), **words)
    kept = _reduced(in_focus, cols, rows)[..., None] > SHARP
    return replace(given, codes=np.where(kept, given.codes, codes))


def _reduced(picture: NDArray[Any], cols: int, rows: int) -> NDArray[Any]:
    """The mean over each of the map's pixels."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize((cols, rows), Image.Resampling.BOX))
