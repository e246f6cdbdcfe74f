"""The renderer that everyone uses: compiled kernels behind checks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import d2f._native as _native

from ..arrays import FloatImage
from ..checks import check_threads
from ..errors import UsageError, told
from ..optics.aperture import Aperture
from ..optics.point_image import channel_groups
from .layers import LIGHT_FLOOR, layer_radii
from .plan import opening, side_layers

__all__ = ["blur"]

BRIGHTEST = 1e30  # radiance: sums over a blur stay far below the largest float32, 3.4e38
CONVERTED = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


def _as_float32(name: str, array: NDArray[Any]) -> FloatImage:
    if not isinstance(array, np.ndarray) or array.dtype not in CONVERTED:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise UsageError(f"{name} is {kind}: give a float32 array (float16 and float64 will do).")
    with np.errstate(over="ignore"):  # what is too large becomes infinity, which is refused
        return np.ascontiguousarray(array, dtype=np.float32)


def _check_shapes(radiance: FloatImage, defocus_px: FloatImage) -> None:
    if radiance.ndim != 3 or radiance.shape[2] != 3 or radiance.size == 0:
        raise UsageError(f"radiance has shape {radiance.shape}: give (H, W, 3) with H, W above 0.")
    if defocus_px.shape != radiance.shape[:2]:
        raise UsageError(
            f"defocus_px has shape {defocus_px.shape}, radiance {radiance.shape}: "
            "resize the map to the picture first, and scale its values with it."
        )


def _checked_matte(matte: NDArray[Any] | None, shape: tuple[int, ...]) -> FloatImage | None:
    if matte is None:
        return None
    matte = _as_float32("matte", matte)
    if matte.shape != shape:
        raise UsageError(
            f"matte has shape {matte.shape}, the picture {shape}: resize the matte first."
        )
    if not (matte.min() >= 0 and matte.max() <= 1):
        raise UsageError("matte holds values outside 0..1: give the share of the near surface.")
    return matte


def _finite_range(name: str, array: FloatImage) -> tuple[float, float]:
    # Minimum and maximum show NaN and infinity without a mask of the picture's size.
    least, most = float(array.min()), float(array.max())
    if not (np.isfinite(least) and np.isfinite(most)):
        raise UsageError(f"{name} holds NaN or infinity: replace them first.")
    return least, most


def blur(
    radiance: NDArray[Any],
    defocus_px: NDArray[Any],
    *,
    aperture: Aperture = Aperture(),
    matte: NDArray[Any] | None = None,
    threads: int = 0,
) -> FloatImage:
    """Blur every point of a photo as a lens of this opening would.

    Parameters
    ----------
    radiance : float32 (H, W, 3), linear light, at least 0, no ceiling
        float16 and float64 are converted. Negative values count as 0. Sums have seven digits:
        near light a million times brighter, what is dark is lost.
    defocus_px : float32 (H, W), px
        Signed radius of the circle of confusion, + nearer than the plane of focus. Radii below
        0.25 px count as 0, radii above 4000 px as 4000.
    aperture : Aperture
        Shape of the opening.
    matte : float32 (H, W), 0..1, optional
        Where it lies between 0 and 1, the pixel is a mix of a near surface, at the pixel's own
        defocus, and of what is guessed to lie behind it: hair, fur, a window's edge. 1 and 0 are
        pixels that show one surface alone, each at its own defocus.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    radiance : float32 (H, W, 3)
        Bit for bit the input where |defocus_px| < 0.25 and no other pixel's blur reaches.

    Raises
    ------
    UsageError
        If an array has another type or shape, or holds NaN, infinity or radiance above 1e30, or
        an option is of another type.
    """
    radiance, defocus_px = _as_float32("radiance", radiance), _as_float32("defocus_px", defocus_px)
    _check_shapes(radiance, defocus_px)
    darkest, brightest = _finite_range("radiance", radiance)
    if brightest > BRIGHTEST:
        raise UsageError(f"radiance reaches {brightest:.0e}: scale it down, to {BRIGHTEST:.0e}.")
    farthest, nearest = _finite_range("defocus_px", defocus_px)
    if not isinstance(aperture, Aperture):
        raise UsageError(f"aperture={told(aperture)}: give a d2f.Aperture.")
    check_threads(threads)
    matte = _checked_matte(matte, defocus_px.shape)
    out = np.empty_like(radiance)
    _native.blur(
        np.maximum(radiance, 0) if darkest < 0 else radiance,
        defocus_px,
        matte,
        out,
        passes=[
            (
                side_layers(aperture, len(layer_radii(max(nearest, 0.0))), 1, before),
                side_layers(aperture, len(layer_radii(max(-farthest, 0.0))), -1, beyond),
                sum(1 << channel for channel in channels),
                (beyond, before),
            )
            for channels, (beyond, before) in channel_groups(aperture)
        ],
        opening=opening(aperture),
        light_floor=LIGHT_FLOOR,
        threads=threads,
    )
    return out
