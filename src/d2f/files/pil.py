"""A PIL image as a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageError
from .limits import DEFAULT_LIMITS
from .photo import Metadata, Photo, photo_of
from .read import upright

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["photo_from_pil"]


def photo_from_pil(image: Image.Image) -> Photo:
    """A photo from a PIL image; 8 bits a channel, or 16 where the image is grey.

    The image's ICC profile and EXIF orientation hold; palettes and ink become RGB.
    """
    if image.width < 1 or image.height < 1:
        raise UsageError(f"the image has {image.width} x {image.height} pixels: nothing to render.")
    DEFAULT_LIMITS.check_size(*image.size, "the image")
    icc, exif = image.info.get("icc_profile"), image.getexif()
    if image.mode == "F":
        raise UsageError("the image has mode F: give its pixels as a float32 array instead.")
    if image.mode.startswith("I;16"):
        codes = np.asarray(image).astype(np.uint16)
    elif image.mode in ("L", "LA", "RGB", "RGBA"):
        codes = np.asarray(image)
    else:
        see_through = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
        codes = np.asarray(image.convert("RGBA" if see_through else "RGB"))
        icc = None if image.mode == "CMYK" else icc
    block = exif.tobytes().removeprefix(b"Exif\0\0") if len(exif) else None
    photo = photo_of(
        codes,
        metadata=Metadata(exif=block, icc=icc or None, xmp=image.info.get("xmp") or None),
        file_format="PNG",
        name="image",
    )
    return upright(photo)
