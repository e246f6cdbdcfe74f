"""Radiance virtualization: the light that clipping took from a photo's lamps."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatImage
from ..optics.tone_curves import ToneCurve
from .blobs import ClippedBlobs, find_blobs, picture_scale
from .lamp_model import features_of_blobs, load_model

__all__ = ["clip_light_of", "recover_clipped"]

# What these bounds must do stands in tests/light/test_highlights.py: lamps of rendered nights
# and glints rise; letters, paper, snow, skies and scenes without lamps stay.
CLIPPED_CODE = 250  # of 255: noise and JPEG leave a clipped channel this little below white
MAX_AREA = 60  # px at 640 x 480: larger blobs are windows, skies, paper
LEAST_AREA = 16  # px; in a thumbnail, too, a lamp covers some pixels
SPARKLE_AREA = 0.8  # px at 640 x 480: what is smaller sparkles in snow and leaves, and stays
DOUBTFUL = (0.6, 0.85)  # probability of a lamp: below, it may be paper and stays; above, it is lit
FAINT = (1.5, 2.5)  # log2 light: below, a lamp is hardly brighter than paper and stays
# A candle (1900 K) glows 2.6 times as red as green and 15 times as red as blue: no channel is
# farther than this above the red, green or blue that was not clipped, or warm discs would turn red.
STEEPEST = np.array((4, 4, 16), np.float32)


def clip_light_of(curve: ToneCurve) -> float:
    """Light from which a channel counts as clipped, in a photo with this tone curve."""
    return float(curve.table[CLIPPED_CODE * 257])


def recover_clipped(
    radiance: FloatImage, curve: ToneCurve, *, strength: float, threads: int = 0
) -> FloatImage:
    """Raise the small lamps of clipped linear light, in place.

    Parameters
    ----------
    radiance : float32 (H, W, 3), C order, 1 = white
        Changed and given back.
    curve : ToneCurve
        Of the codes that the light comes from: it says where they clip.
    strength : float, 0..1
        Scales the recovery in log light.
    threads : int
        0 uses every core; the result is the same for any number.
    """
    if strength == 0 or radiance.size == 0:
        return radiance
    clip_light, scale = clip_light_of(curve), picture_scale(*radiance.shape[:2])
    max_area = max(LEAST_AREA, round(MAX_AREA * scale**2))
    min_area = max(1, round(SPARKLE_AREA * scale**2))
    blobs = find_blobs(radiance, clip_light, min_area=min_area, max_area=max_area, threads=threads)
    features = features_of_blobs(radiance, clip_light, blobs, threads=threads)
    log2_light, lamp = load_model()(features)
    certain = _rising(lamp, DOUBTFUL) * _rising(log2_light.max(axis=1, initial=0), FAINT)
    believed = np.clip(log2_light, 0, _most_for_colour(blobs)[:, None]) * certain[:, None]
    _paint(radiance, blobs, believed, strength)
    return radiance


def _most_for_colour(blobs: ClippedBlobs) -> FloatImage:
    """Log2 light that a blob's clipped channels can have beside those that were not, (N,)."""
    most = np.where(blobs.full, np.float32(np.inf), STEEPEST * blobs.colour).min(axis=1)
    log2_most: FloatImage = np.log2(np.maximum(most, 1))
    return log2_most


def _rising(values: FloatImage, between: tuple[float, float]) -> FloatImage:
    """0 up to the first of two values, 1 from the second."""
    low, high = between
    share: FloatImage = np.clip((values - low) / (high - low), 0, 1)
    return share


def _paint(
    radiance: FloatImage, blobs: ClippedBlobs, log2_light: FloatImage, strength: float
) -> None:
    """Give the clipped channels of every lamp its light, where that is more than what is seen."""
    lamps = log2_light.max(axis=1, initial=0) > 0
    rows, cols = blobs.pixels(lamps)
    owner = blobs.blob_of_pixels(lamps)
    seen = radiance[rows, cols]
    lamp = np.where(blobs.full[owner], np.exp2(np.float32(strength) * log2_light[owner]), 0)
    radiance[rows, cols] = np.maximum(seen, lamp)
