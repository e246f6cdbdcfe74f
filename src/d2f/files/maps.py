"""The maps that a render leaves beside the picture: exact floats, or pictures for eyes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..arrays import ByteImage, CodeImage, FloatImage
from ..errors import PhotoError
from .atomic import write_whole
from .rasters import float_raster_bytes

__all__ = ["check_map_name", "write_defocus_map", "write_disparity_map", "write_mask"]

FLOAT_SUFFIXES = (".tif", ".tiff", ".npy", ".pfm", ".exr")
NEARER_LOSES = np.array([0.1, 0.9, 0.9], np.float32)  # white less this is red
FARTHER_LOSES = np.array([0.9, 0.7, 0.1], np.float32)  # white less this is blue


def check_map_name(path: Path) -> None:
    """Refuse a file name whose ending is no map's.

    Raises
    ------
    PhotoError
    """
    if path.suffix.lower() not in (".png", *FLOAT_SUFFIXES):
        raise PhotoError(
            f"{path}: d2f writes no maps ending in {path.suffix or 'nothing'}; use .png for eyes, "
            f"or {', '.join(FLOAT_SUFFIXES)} for exact values."
        )


def write_defocus_map(defocus_px: FloatImage, path: Path, *, overwrite: bool) -> None:
    """Write a defocus map: pixels as floats, or a PNG with red nearer, white sharp, blue beyond."""
    _write(defocus_px, path, _defocus_picture, overwrite=overwrite)


def write_disparity_map(disparity: FloatImage, path: Path, *, overwrite: bool) -> None:
    """Write a disparity map: exact floats, or a 16-bit PNG.

    A PNG of relative disparity (0..1) keeps its values and can be read back as `relative`; larger
    disparity is scaled to its largest value.
    """
    _write(disparity, path, _disparity_picture, overwrite=overwrite)


def write_mask(in_focus: FloatImage, path: Path, *, overwrite: bool) -> None:
    """Write a mask of 0..1: exact floats, or an 8-bit PNG."""
    _write(in_focus, path, _mask_picture, overwrite=overwrite)


def _write(
    values: FloatImage,
    path: Path,
    picture: Callable[[FloatImage], CodeImage],
    *,
    overwrite: bool,
) -> None:
    check_map_name(path)
    suffix = path.suffix.lower()
    if suffix == ".png":
        import imagecodecs

        content = bytes(imagecodecs.png_encode(picture(values), level=6))
    else:
        content = float_raster_bytes(values, suffix)
    write_whole(content, path, overwrite=overwrite)


def _defocus_picture(defocus_px: FloatImage) -> ByteImage:
    largest = max(float(np.abs(defocus_px).max()), 1e-6)
    share = (defocus_px / np.float32(largest))[..., None]
    picture = 1 - np.maximum(share, 0) * NEARER_LOSES - np.maximum(-share, 0) * FARTHER_LOSES
    codes: ByteImage = np.rint(picture * 255).astype(np.uint8)
    return codes


def _disparity_picture(disparity: FloatImage) -> CodeImage:
    largest = max(float(disparity.max()), 1.0)
    share = np.clip(disparity / np.float32(largest), 0, 1)
    codes: CodeImage = np.rint(share * 65535).astype(np.uint16)
    return codes


def _mask_picture(in_focus: FloatImage) -> ByteImage:
    return np.rint(np.clip(in_focus, 0, 1) * 255).astype(np.uint8)
