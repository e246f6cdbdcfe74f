"""Tone curves: how the codes of a file map to linear light, as tables.

A curve is its table: 65 536 samples of light over the codes 0..1. Whatever a file declares (sRGB,
a gamma, the curve of an ICC profile) becomes such a table once, and every later step is a lookup.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..arrays import CodeImage, FloatImage
from ..errors import UsageError

__all__ = [
    "BT709",
    "HLG",
    "LINEAR",
    "PQ",
    "SRGB",
    "ToneCurve",
    "codes_from_light",
    "gamma_curve",
    "light_from_codes",
    "slope_at_white",
]

TABLE_SIZE = 65536  # one entry per 16-bit code, so that 16-bit files decode without interpolation
ENCODE_SIZE = 32768
LARGEST_CODE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


@dataclass(frozen=True, eq=False)
class ToneCurve:
    """A monotonic map from codes 0..1 to light 0..1.

    Parameters
    ----------
    name : str
        As told to users, e.g. "sRGB".
    table : float32 (65536,), never falling
        Light of the codes k / 65535.
    white : float
        Light of a white sheet of paper: 1, but for the curves of HDR, which leave room above it.
    """

    name: str
    table: NDArray[np.float32] = field(repr=False)
    white: float = 1.0

    def __post_init__(self) -> None:
        if self.table.shape != (TABLE_SIZE,) or np.any(np.diff(self.table) < 0):
            raise UsageError(f"the tone curve {self.name} is not a rising table of {TABLE_SIZE}.")

    @cached_property
    def inverse(self) -> NDArray[np.float32]:
        """Codes of the light (k / 32768)^2: square-root spacing keeps the shadows exact."""
        light = (np.arange(ENCODE_SIZE + 1, dtype=np.float64) / ENCODE_SIZE) ** 2
        codes = np.arange(TABLE_SIZE) / (TABLE_SIZE - 1)
        return np.interp(light, self.table.astype(np.float64), codes).astype(np.float32)


def _curve(name: str, light: NDArray[np.float64], *, white: float = 1.0) -> ToneCurve:
    return ToneCurve(name, light.astype(np.float32), white)


def _srgb_light(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    # IEC 61966-2-1: linear toe below 0.04045, then a shifted power of 2.4.
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def _bt709_light(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    # ITU-R BT.709-6, 1.2, with the exact constants of BT.2020-2, table 4, solved for light.
    alpha, beta = 1.09929682680944, 0.018053968510807
    power = ((codes + alpha - 1) / alpha) ** (1 / 0.45)
    return np.where(codes < 4.5 * beta, codes / 4.5, power)


def _pq_light(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    # SMPTE ST 2084 (ITU-R BT.2100-2, table 4): 1 is 10 000 cd/m2.
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = codes ** (1 / m2)
    return (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _hlg_light(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    # ITU-R BT.2100-2, table 5: the inverse OETF, which gives the scene's light.
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)


_CODES = np.arange(TABLE_SIZE) / (TABLE_SIZE - 1)
SRGB = _curve("sRGB", _srgb_light(_CODES))
LINEAR = _curve("linear", _CODES)
BT709 = _curve("BT.709", _bt709_light(_CODES))
PQ = _curve("PQ", _pq_light(_CODES), white=203 / 10_000)  # ITU-R BT.2408-7: white at 203 cd/m2
HLG = _curve("HLG", np.minimum(_hlg_light(_CODES), 1), white=0.265)  # and at 75 % of HLG's signal


@lru_cache(maxsize=16)
def gamma_curve(gamma: float) -> ToneCurve:
    """The pure power curve light = code ** gamma."""
    return _curve(f"gamma {gamma:g}", _CODES**gamma)


def light_from_codes(codes: CodeImage, curve: ToneCurve) -> FloatImage:
    """Linear light of a file's codes.

    Parameters
    ----------
    codes : uint8, uint16 or float32, any shape
        Integers span their whole range; floats are codes where 1 is white. Floats above 1 follow
        the curve's slope at white, floats below 0 are 0.
    curve : ToneCurve

    Returns
    -------
    radiance : float32, same shape, 1 = white

    Raises
    ------
    UsageError
        If the codes are of another type.
    """
    if codes.dtype == np.uint8:
        return curve.table[::257][codes]
    if codes.dtype == np.uint16:
        return curve.table[codes]
    if codes.dtype != np.float32:
        raise UsageError(f"codes are {codes.dtype}: give uint8, uint16 or float32.")
    if curve is LINEAR:
        return np.maximum(codes, np.float32(0))
    within = np.interp(codes, _CODES, curve.table).astype(np.float32)
    light = within + np.maximum(codes - np.float32(1), np.float32(0)) * slope_at_white(curve)
    return light.astype(np.float32)


def codes_from_light(
    radiance: FloatImage, curve: ToneCurve, dtype: np.dtype[np.generic] | type
) -> CodeImage:
    """Codes of linear light: the inverse of `light_from_codes`.

    Parameters
    ----------
    radiance : float32, any shape, 1 = white
    curve : ToneCurve
    dtype : uint8, uint16 or float32
        Integer codes clip at white; float codes do not.

    Returns
    -------
    codes : dtype, same shape
    """
    dtype = np.dtype(dtype)
    if dtype == np.float32 and curve is LINEAR:
        return radiance.astype(np.float32)
    position = np.sqrt(np.clip(radiance, 0, 1)) * np.float32(ENCODE_SIZE)
    below = np.minimum(position.astype(np.int32), ENCODE_SIZE - 1)
    low = curve.inverse[below]
    codes = low + (curve.inverse[below + 1] - low) * (position - below.astype(np.float32))
    if dtype == np.float32:
        extended: CodeImage = codes + np.maximum(radiance - np.float32(1), 0) / slope_at_white(
            curve
        )
        return extended
    if dtype not in LARGEST_CODE:
        raise UsageError(f"cannot encode to {dtype}: give uint8, uint16 or float32.")
    rounded: CodeImage = np.rint(codes * np.float32(LARGEST_CODE[dtype])).astype(dtype)
    return rounded


def slope_at_white(curve: ToneCurve) -> np.float32:
    """Light per code at white, which float codes follow above it."""
    return np.float32((curve.table[-1] - curve.table[-257]) * (TABLE_SIZE - 1) / 256)
