"""The published way of giving highlights their weight: a rule on each pixel by itself.

Luo, Peng, Xian, Wu and Cao, "Defocus to focus", Information Fusion 89 (2023): inside the kernel a
pixel counts with a weight R. Where a display code x reaches .99 in any channel, R = 3 x^5 in each
channel; elsewhere R is a small network's sigmoid of the pixel's colour. Its renderer blurs x R and
divides by the blurred R.

Here the weight multiplies linear light, which is blurred as it is. What that changes:
- the sigmoid, whose trained numbers are not part of d2f, counts as neutral, 1;
- weights below 1 (the dark channels of a coloured light) count as 1: there they are divided out
  again, here they would only darken;
- the rule looks at the photo at its own size, not at a copy of half of it.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatImage
from ..optics.tone_curves import SRGB, codes_from_light, light_from_codes

__all__ = ["weigh_highlights"]

THRESHOLD = 0.99  # code of any channel from which a pixel is a highlight
GAIN, EXPONENT = np.float32(3), np.float32(5)


def weigh_highlights(radiance: FloatImage, *, strength: float) -> FloatImage:
    """Give the highlights of clipped linear light their published weight, in place.

    Parameters
    ----------
    radiance : float32 (H, W, 3), C order, 1 = white
        Changed and given back.
    strength : float, 0..1
        Scales the weight in log light.
    """
    (threshold,) = light_from_codes(np.array([THRESHOLD], np.float32), SRGB)
    highlight = radiance.max(axis=-1, initial=0) >= threshold
    seen = radiance[highlight]
    codes = codes_from_light(seen, SRGB, np.float32)
    radiance[highlight] = seen * np.maximum(GAIN * codes**EXPONENT, 1) ** np.float32(strength)
    return radiance
