"""Pictures that go with a photo: the matte of its near surface, and the opening of the lens."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..arrays import FloatImage
from ..errors import PhotoError
from .depth_values import LARGER_THAN_PHOTO, check_aspect
from .rasters import read_raster
from .read import read_bytes

__all__ = ["read_aperture_picture", "read_matte"]

LARGEST_APERTURE_SIDE = 4096  # px; no blur shows more


def read_aperture_picture(path: Path) -> FloatImage:
    """Read a grey picture of the opening of the lens.

    Parameters
    ----------
    path : Path
        PNG or any other format that Pillow reads, grey, at most 4096 px a side.

    Returns
    -------
    picture : float32 (h, w), 0..1
        The codes, divided by their largest, as shares of light; what is transparent lets none
        through.

    Raises
    ------
    PhotoError
        If the file cannot be read, is too large, coloured, or all black.
    """
    content = read_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own limit of size: ours is far lower
            with Image.open(io.BytesIO(content)) as picture:
                _check_side(picture.size, path)
                grey, alpha = _codes(picture, path)
    except PhotoError:
        raise
    except Exception as error:  # decoders raise whatever they like on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0][:160].rstrip(".")
        if isinstance(error, UnidentifiedImageError):
            reason = "no picture format that Pillow knows"
        raise PhotoError(
            f"{path} cannot be read as an aperture picture ({reason}): save it as PNG."
        ) from error
    if not grey.max() > 0:
        raise PhotoError(f"{path} is all black, which lets no light through: make some white.")
    light: FloatImage = grey * alpha
    if not light.max() > 0:
        raise PhotoError(f"{path} is transparent wherever it is white: fill it with black.")
    return light


def _check_side(size: tuple[int, int], path: Path) -> None:
    width, height = size
    if max(size) > LARGEST_APERTURE_SIDE:
        raise PhotoError(
            f"{path} has {width} x {height} pixels, more than {LARGEST_APERTURE_SIDE} a side: "
            "make the aperture picture smaller."
        )


def _codes(picture: Image.Image, path: Path) -> tuple[FloatImage, FloatImage]:
    """Grey and opacity, 0..1."""
    if picture.mode in ("P", "PA", "LA", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "La", "RGBa"):
        picture = picture.convert("RGBA")
    codes = np.asarray(picture)
    if codes.dtype == bool:
        codes = codes.astype(np.uint8) * np.uint8(255)
    largest = 65535 if picture.mode.startswith("I") else 255
    values = codes.astype(np.float32)
    if picture.mode != "F":
        values /= np.float32(largest)
    alpha = values[..., 3] if values.ndim == 3 and values.shape[2] == 4 else np.float32(1)
    if values.ndim == 2:
        return values, np.ones_like(values)
    colour = values[..., :3]
    if np.any((colour != colour[..., :1]) & (np.asarray(alpha)[..., None] > 0)):
        raise PhotoError(f"{path} is a coloured picture: save the aperture picture as grey.")
    return colour[..., 0], np.broadcast_to(alpha, colour.shape[:2])


def read_matte(path: Path, *, size: tuple[int, int]) -> FloatImage:
    """Read the matte of a photo: how much of each pixel is the near surface.

    Parameters
    ----------
    path : Path
        PNG, TIFF, NPY, PFM or (with `d2f[vfx]`) EXR, of the photo's aspect and any size: integers
        are divided by their type's range, floats are 0..1.
    size : (H, W)
        Of the upright photo, to which the matte is brought, bilinear.

    Returns
    -------
    matte : float32 (H, W), 0..1

    Raises
    ------
    PhotoError
        If the file cannot be read, has another aspect ratio, or holds other values.
    MissingPartError
        If it is an EXR and the extra is missing.
    """
    raster = read_raster(path, max_pixels=max(LARGER_THAN_PHOTO * size[0] * size[1], 1_000_000))
    check_aspect(raster.shape, size, str(path))
    matte = raster.astype(np.float32)
    if raster.dtype.kind in "ui":
        matte /= np.float32(np.iinfo(raster.dtype).max)
    if not (matte.min() >= 0 and matte.max() <= 1):
        raise PhotoError(f"{path} holds values outside 0..1: give a matte of shares.")
    if matte.shape != size:
        resized = Image.fromarray(matte).resize(size[::-1], Image.Resampling.BILINEAR)
        matte = np.clip(np.asarray(resized), 0, 1)
    return matte
