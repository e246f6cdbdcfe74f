"""Codes of a photo to radiance, and back."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal, get_args

import numpy as np

from ..arrays import CodeImage, FloatImage
from ..checks import check_threads
from ..errors import UsageError, told
from ..optics.tone_curves import LINEAR, SRGB, ToneCurve, slope_at_white
from . import native
from .highlights import recover_clipped
from .published import weigh_highlights

__all__ = [
    "LightModel",
    "check_codes",
    "codes_from_radiance",
    "radiance_from_codes",
    "recover_highlights",
]

LightModel = Literal["lamps", "d2f2023"]
CODE_TYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))
HDR_WHITE = 1.001  # a float file that holds more than white has not been clipped there
LARGEST_LIGHT = 65504.0  # the largest half float; infinity counts as this


def radiance_from_codes(
    codes: CodeImage,
    curve: ToneCurve,
    *,
    highlights: float,
    model: LightModel = "lamps",
    threads: int = 0,
) -> FloatImage:
    """Linear light of a photo, with the light that clipping took from its lamps given back.

    Parameters
    ----------
    codes : uint8, uint16 or float32 (H, W, 3)
        Floats above 1 follow the curve's slope at white; NaN counts as 0, infinity as 65 504.
    curve : ToneCurve
        How the codes map to light.
    highlights : float, 0..1
        How much of the lost light comes back, in log light; 0 is plain linear light. A float
        photo that goes beyond white is taken as it is.
    model : "lamps" or "d2f2023"
        How it is estimated: a fitted model of small lamps, or the published rule on each pixel.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    radiance : float32 (H, W, 3), 1 = white

    Raises
    ------
    UsageError
        If the codes have another type or shape, highlights lies outside 0..1, or there is no such
        model.
    """
    check_codes(codes)
    if model not in get_args(LightModel):
        raise UsageError(f"there is no light model {model!r}: give 'lamps' or 'd2f2023'.")
    _check_options(highlights, threads)
    radiance = _light_from_codes(codes, curve, threads=threads)
    if highlights == 0 or (codes.dtype == np.float32 and radiance.max(initial=0) > HDR_WHITE):
        return radiance
    if model == "d2f2023":
        return weigh_highlights(radiance, strength=highlights)
    return recover_clipped(radiance, curve, strength=highlights, threads=threads)


def recover_highlights(
    photo_srgb: CodeImage,
    *,
    strength: float = 1.0,
    model: LightModel = "lamps",
    threads: int = 0,
) -> FloatImage:
    """Linear light of an sRGB photo, its small lamps as bright as they may have been.

    Parameters
    ----------
    photo_srgb : uint8, uint16 or float32 (H, W, 3)
    strength : float, 0..1
        Scales the recovery in log light; 0 is plain linear light.
    model : "lamps" or "d2f2023"
        The fitted model of small lamps, or the published rule on each pixel.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    radiance : float32 (H, W, 3), 1 = white, more where a lamp was clipped

    Raises
    ------
    UsageError
        If the photo has another type or shape, strength lies outside 0..1, or there is no such
        model.
    """
    return radiance_from_codes(photo_srgb, SRGB, highlights=strength, model=model, threads=threads)


def codes_from_radiance(
    radiance: FloatImage, curve: ToneCurve, dtype: np.dtype[np.generic] | type, *, threads: int = 0
) -> CodeImage:
    """Codes of linear light: what goes into a file.

    Parameters
    ----------
    radiance : float32, any shape, 1 = white
    curve : ToneCurve
    dtype : uint8, uint16 or float32
        Integer codes clip at white; float codes do not.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    codes : dtype, same shape
        Integer codes that went through `radiance_from_codes` with highlights=0 come back exactly.

    Raises
    ------
    UsageError
        If the dtype is another one.
    """
    dtype = np.dtype(dtype)
    if dtype not in CODE_TYPES:
        raise UsageError(f"cannot encode to {dtype}: give uint8, uint16 or float32.")
    light = np.ascontiguousarray(radiance, dtype=np.float32)
    if dtype == np.float32 and curve is LINEAR:
        return light.copy()
    slope = float(slope_at_white(curve))
    return native.codes_from_light(light, curve.inverse, dtype=dtype, slope=slope, threads=threads)


def check_codes(codes: CodeImage) -> None:
    """Refuse what is not the codes of a photo.

    Raises
    ------
    UsageError
        If the codes are not uint8, uint16 or float32, or not (H, W, 3).
    """
    if not isinstance(codes, np.ndarray):
        raise UsageError(f"codes are a {type(codes).__name__}: give an array (H, W, 3).")
    if codes.dtype not in CODE_TYPES:
        raise UsageError(f"codes are {codes.dtype}: give uint8, uint16 or float32.")
    if codes.ndim != 3 or codes.shape[2] != 3:
        raise UsageError(f"codes have shape {codes.shape}: give (H, W, 3).")


def _check_options(highlights: Any, threads: Any) -> None:  # a user's words: anything may come
    if not isinstance(highlights, Real) or not 0 <= float(highlights) <= 1:
        raise UsageError(f"the strength={told(highlights)} of highlights lies outside 0..1.")
    check_threads(threads)


def _light_from_codes(codes: CodeImage, curve: ToneCurve, *, threads: int) -> FloatImage:
    codes = np.ascontiguousarray(codes)
    if codes.dtype == np.float32 and curve is LINEAR:
        light = np.nan_to_num(codes, nan=0.0, posinf=LARGEST_LIGHT, neginf=0.0)
        return np.clip(light, 0, LARGEST_LIGHT, out=light)
    return native.light_from_codes(codes, curve.table, threads=threads)
