"""Gain maps: how much brighter than the picture each pixel may be shown (ISO 21496-1, 5)."""

from __future__ import annotations

import numpy as np

from ..arrays import ByteImage, FloatImage

__all__ = ["codes_from_gain", "gain_from_codes"]

Three = tuple[float, float, float]


def gain_from_codes(codes: ByteImage, *, low: Three, high: Three, gamma: Three) -> FloatImage:
    """Gain in stops.

    Parameters
    ----------
    codes : uint8 (h, w, 3)
    low, high : three floats, stops
        Of the codes 0 and 255.
    gamma : three floats, above 0
        Exponent that the writer applied to the share between them.

    Returns
    -------
    gain : float32 (h, w, 3), stops
    """
    bottom, top, exponent = (np.array(three, np.float32) for three in (low, high, gamma))
    share = (codes / np.float32(255)) ** (1 / exponent)
    gain: FloatImage = (bottom + share * (top - bottom)).astype(np.float32)
    return gain


def codes_from_gain(gain: FloatImage, *, low: Three, high: Three, gamma: Three) -> ByteImage:
    """Codes of a gain in stops: the inverse of `gain_from_codes`; what is out of range is cut."""
    bottom, top, exponent = (np.array(three, np.float32) for three in (low, high, gamma))
    span = np.maximum(top - bottom, np.float32(1e-6))
    share = np.clip((gain - bottom) / span, 0, 1) ** exponent
    codes: ByteImage = np.rint(share * 255).astype(np.uint8)
    return codes
