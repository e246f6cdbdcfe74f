"""Radiance virtualization: the light that clipping took from a photo's lamps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import d2f._native as _native

from ..arrays import ByteImage, FloatImage
from ..errors import UsageError
from ..optics.tone_curves import SRGB
from .blobs import ClippedBlobs, describe_surroundings, find_blobs, picture_scale

__all__ = ["CLIPPED_CODE", "recover_clipped", "recover_highlights"]

CLIPPED_CODE = 250  # of 255: noise and JPEG leave a clipped channel this little below white
MAX_AREA = 150  # px at 640 x 480: larger blobs are windows, skies, paper
LEAST_AREA = 16  # px; in a thumbnail, too, a lamp covers some pixels
MIN_FILL = 0.55  # share of its box that a round thing fills
MAX_ELONGATION = 2.2
DARK_SURROUNDINGS = 0.2  # light; brighter ground means a white thing, not a lamp
LAMP_LIGHT = 60.0  # fitted: true lamps run from 8 to 3400 and one value must do


def recover_highlights(
    photo_srgb: ByteImage, *, strength: float = 1.0, threads: int = 0
) -> FloatImage:
    """Linear light of an sRGB photo, its small lamps as bright as they may have been.

    Parameters
    ----------
    photo_srgb : uint8 (H, W, 3)
    strength : float, 0..1
        Scales the recovery in log light; 0 is plain linear light.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    radiance : float32 (H, W, 3), 1 = white, more where a lamp was clipped

    Raises
    ------
    UsageError
        If the photo has another type or shape, or strength lies outside 0..1.
    """
    if photo_srgb.dtype != np.uint8 or photo_srgb.ndim != 3 or photo_srgb.shape[2] != 3:
        raise UsageError(
            f"photo_srgb is {photo_srgb.dtype} of shape {photo_srgb.shape}: give uint8 (H, W, 3)."
        )
    codes = np.ascontiguousarray(photo_srgb)
    radiance = np.empty(codes.shape, np.float32)
    _native.light_from_codes(codes, SRGB.table, radiance, threads=threads)
    clip_light = float(SRGB.table[CLIPPED_CODE * 257])
    return recover_clipped(radiance, clip_light, strength=strength, threads=threads)


def recover_clipped(
    radiance: FloatImage, clip_light: float, *, strength: float, threads: int = 0
) -> FloatImage:
    """Raise the small lamps of clipped linear light, in place.

    Parameters
    ----------
    radiance : float32 (H, W, 3), C order, 1 = white
        Changed and given back.
    clip_light : float
        A pixel whose largest channel reaches this was clipped.
    strength : float, 0..1
        Scales the recovery in log light.
    threads : int
        0 uses every core; the result is the same for any number.

    Raises
    ------
    UsageError
        If strength lies outside 0..1.
    """
    if not 0 <= strength <= 1:
        raise UsageError(f"strength={strength:g} lies outside 0..1.")
    if strength == 0 or radiance.size == 0:
        return radiance
    scale = picture_scale(*radiance.shape[:2])
    max_area = max(LEAST_AREA, round(MAX_AREA * scale**2))
    blobs = find_blobs(radiance, clip_light, max_area=max_area, threads=threads)
    lamps = _compact(blobs)
    medians, means = describe_surroundings(
        radiance, clip_light, blobs.box, blobs.centre, threads=threads
    )
    ground = np.median(medians[:, 2:4], axis=1)
    lamps &= ground.max(axis=1, initial=0) <= DARK_SURROUNDINGS
    _paint(radiance, blobs, lamps, _lamp_colour(means[:, 0] - ground), strength)
    return radiance


def _compact(blobs: ClippedBlobs) -> NDArray[np.bool_]:
    """Lamps are round; letters, edges and reflections along wires are not."""
    wide, high = (blobs.box[:, 2:] - blobs.box[:, :2]).T.astype(np.float32)
    fill = blobs.area / (wide * high)
    compact: NDArray[np.bool_] = fill >= MIN_FILL
    compact &= np.maximum(wide, high) <= MAX_ELONGATION * np.minimum(wide, high)
    return compact


def _lamp_colour(rim: FloatImage) -> FloatImage:
    """Colour of a lamp from the unclipped rim above its ground, its largest channel 1."""
    rim = np.maximum(rim, 0)
    peak = rim.max(axis=1, initial=0, keepdims=True)
    return np.where(peak > 0.02, rim / np.maximum(peak, 0.02), 1).astype(np.float32)


def _paint(
    radiance: FloatImage,
    blobs: ClippedBlobs,
    lamps: NDArray[np.bool_],
    colour: FloatImage,
    strength: float,
) -> None:
    rows, cols = blobs.pixels(lamps)
    seen = radiance[rows, cols]
    lamp = np.maximum(colour[blobs.blob_of_pixels(lamps)] * np.float32(LAMP_LIGHT), seen)
    radiance[rows, cols] = seen ** (1 - strength) * lamp**strength
