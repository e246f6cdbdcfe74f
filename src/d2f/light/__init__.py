"""Radiance from a clipped photo, and back.

In: a photo's codes (uint8, uint16, float32) and its tone curve.
Out: radiance (H, W, 3) float32, linear light, 1 = white, above 1 where a lamp was clipped; codes,
with the photo's own grain.
"""

from .grain import Grain, codes_with_grain, grain_of
from .radiance import codes_from_radiance, radiance_from_codes, recover_highlights

__all__ = [
    "Grain",
    "codes_from_radiance",
    "codes_with_grain",
    "grain_of",
    "radiance_from_codes",
    "recover_highlights",
]
