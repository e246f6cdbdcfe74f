"""Depth that a user brings: any map in a stated unit becomes disparity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import DepthUnit, FloatImage
from ..errors import PhotoError
from .depth_values import LARGER_THAN_PHOTO, MAX_DISPARITY, check_aspect, filled, stretched
from .rasters import read_raster

__all__ = ["DepthMap", "DepthUnit", "read_depth_map"]

MM_PER_M = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepthMap:
    """Disparity at the map's own size.

    Attributes
    ----------
    disparity : float32 (h, w)
        Larger is nearer; 1/m if `metric`, else relative, 0..1.
    known : bool (h, w)
        False where the file told nothing and the value comes from the surroundings.
    metric : bool
    """

    disparity: FloatImage
    known: NDArray[np.bool_]
    metric: bool


def read_depth_map(path: Path, *, unit: DepthUnit, size: tuple[int, int]) -> DepthMap:
    """Read a depth map that belongs to a photo.

    Parameters
    ----------
    path : Path
        PNG, TIFF, NPY, PFM or (with `d2f[vfx]`) EXR, of the photo's aspect and any size.
    unit : "m", "1/m" or "relative"
        Metres: floats are metres, integers millimetres (as depth cameras store them); infinity
        is far, 0 and NaN are unknown. 1/m: floats; NaN is unknown. Relative: larger is nearer;
        integers are divided by their type's range, floats outside 0..1 are stretched to it.
    size : (H, W)
        Of the upright photo.

    Raises
    ------
    PhotoError
        If the file cannot be read, has another aspect ratio, or tells nothing.
    MissingPartError
        If it is an EXR and the extra is missing.
    """
    # At least a megapixel, so that a wrong map is told by its shape rather than by its size.
    most = max(LARGER_THAN_PHOTO * size[0] * size[1], 1_000_000)
    raster = read_raster(path, max_pixels=most)
    check_aspect(raster.shape, size, str(path))
    with np.errstate(all="ignore"):  # nonsense becomes unknown or is clipped
        disparity = _disparity(raster, unit, path)
        known = np.isfinite(disparity)
        if not known.any():
            raise PhotoError(f"{path} holds no depth: every value is unknown or not a number.")
        if unit == "relative":
            disparity = stretched(disparity, known)
    return DepthMap(disparity=filled(disparity, known), known=known, metric=unit != "relative")


def _disparity(raster: NDArray[Any], unit: DepthUnit, path: Path) -> FloatImage:
    """Disparity with NaN where nothing is known."""
    integers = raster.dtype.kind in "uib"
    values = raster.astype(np.float32)
    if unit == "m" and integers and raster.dtype.itemsize == 1:
        raise PhotoError(f"{path} holds 8 bits, too few for metres: give 16 bits (mm) or floats.")
    if unit == "m":
        depth_m = values / np.float32(MM_PER_M) if integers else values
        near = np.minimum(np.float32(1) / depth_m, MAX_DISPARITY)
        return np.where(depth_m > 0, near, np.float32(np.nan))
    if unit == "1/m":
        if integers:
            raise PhotoError(f"{path} holds {raster.dtype}: 1/m needs floating point numbers.")
        sound = np.isfinite(values) & (values >= 0)
        return np.where(sound, np.minimum(values, MAX_DISPARITY), np.float32(np.nan))
    if integers:
        largest = 1 if raster.dtype.kind == "b" else np.iinfo(raster.dtype).max
        return values / np.float32(largest)
    return values
