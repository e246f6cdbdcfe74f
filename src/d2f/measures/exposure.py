"""Two exposures of one view brought together: a factor of light per channel.

In: photo and target, H x W x 3 sRGB codes. Out: the factor, and the target as if exposed like the
photo. Pairs are two exposures of a camera, and no blur explains the difference.
"""

import numpy as np

from d2f.arrays import ByteImage, FloatImage
from d2f.optics.tone_curves import SRGB, codes_from_light, light_from_codes

__all__ = ["aligned_exposure", "exposure_gain"]

EXPOSURE_LONG_SIDE_PX = 96  # so small that blur hardly changes a pixel
EXPOSURE_RANGE = (0.01, 0.85)  # light: neither noise nor clipped
LARGEST_GAIN = 4.0  # two stops; beyond it is no exposure but another picture
ENOUGH_PIXELS = 50
SHOULDER = 8  # power of the curve by which clipped white stays white


def exposure_gain(photo: ByteImage, target: ByteImage) -> FloatImage:
    """How much more light the photo has than the target, float32 (3,), 1/4..4.

    Two exposures of one scene differ by a factor per channel. It is the median ratio of linear
    light over small copies, in which blur hardly moves a pixel, where neither side is dark or
    clipped; 1 where too little is left.

    Parameters
    ----------
    photo, target : uint8 (H, W, 3), sRGB
    """
    small_photo, small_target = _small_light(photo), _small_light(target)
    low, high = EXPOSURE_RANGE
    usable = [(light > low) & (light < high) for light in (small_photo, small_target)]
    gain = np.ones(3, np.float32)
    for channel in range(3):
        chosen = usable[0][..., channel] & usable[1][..., channel]
        if np.count_nonzero(chosen) >= ENOUGH_PIXELS:
            ratio = small_photo[..., channel][chosen] / small_target[..., channel][chosen]
            gain[channel] = np.clip(np.median(ratio), 1 / LARGEST_GAIN, LARGEST_GAIN)
    return gain


def _small_light(codes: ByteImage) -> FloatImage:
    factor = max(1, round(max(codes.shape[:2]) / EXPOSURE_LONG_SIDE_PX))
    rows, columns = (length // factor * factor for length in codes.shape[:2])
    light = light_from_codes(codes[:rows, :columns], SRGB)
    cells = light.reshape(rows // factor, factor, columns // factor, factor, 3)
    means: FloatImage = cells.mean(axis=(1, 3), dtype=np.float32)
    return means


def aligned_exposure(target: ByteImage, gain: FloatImage) -> FloatImage:
    """The target as if exposed like the photo, float32 sRGB codes 0..1, same shape.

    Where it gets darker, clipped white stays white along a shoulder (gain * x + (1 - gain) * x^8):
    how bright it was is not known, and the photo shows it clipped as well.

    Parameters
    ----------
    target : uint8 (H, W, 3), sRGB
    gain : float32 (3,)
        Factor of linear light, as from `exposure_gain`.
    """
    light = light_from_codes(target, SRGB)
    lifted = np.maximum(np.float32(1) - gain, 0) * light**SHOULDER
    codes: FloatImage = codes_from_light(np.clip(gain * light + lifted, 0, 1), SRGB, np.float32)
    return codes
