"""A PIL image as a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PhotoError, UsageError
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
    if image.mode == "F":
        raise UsageError("the image has mode F: give its pixels as a float32 array instead.")
    try:
        codes, metadata = _codes(image), _metadata(image)
    except UsageError:
        raise
    except Exception as error:  # a lazy image decodes only now, and its info may hold anything
        raise PhotoError(
            f"the image cannot be used ({error}): load or convert it first."
        ) from error
    return upright(photo_of(codes, metadata=metadata, file_format="PNG", name="image"))


def _codes(image: Image.Image) -> NDArray[Any]:
    if image.mode == "I" or image.mode.startswith("I;16"):
        deep = np.asarray(image)
        if deep.min() < 0 or deep.max() > 65535:
            raise UsageError("the image's values lie outside 0..65535: scale them to 16 bits.")
        return deep.astype(np.uint16)
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return np.asarray(image)
    see_through = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
    if image.mode == "La":
        image = image.convert("LA")
    return np.asarray(image.convert("RGBA" if see_through else "RGB"))


def _metadata(image: Image.Image) -> Metadata:
    exif = image.getexif()
    block = exif.tobytes().removeprefix(b"Exif\0\0") if len(exif) else None
    xmp = image.info.get("xmp")
    return Metadata(
        exif=block,
        icc=None if image.mode == "CMYK" else image.info.get("icc_profile") or None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
    )
