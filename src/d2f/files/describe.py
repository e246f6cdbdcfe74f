"""What a file says about itself, for `d2f inspect`."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image

from .exif import orientation_of
from .icc import profile_name
from .photo import Photo

__all__ = ["describe"]


def describe(photo: Photo) -> dict[str, Any]:
    """Facts about a photo, by name, ready for JSON; None where the file tells nothing."""
    rows, cols = photo.size
    metadata = photo.metadata
    bits = photo.pixels.dtype.itemsize * 8
    return {
        "format": photo.format,
        "width": cols,
        "height": rows,
        "megapixels": round(rows * cols / 1e6, 2),
        "depth": f"{bits} bit{' float' if bits == 32 else ''}",
        "channels": ("grey" if photo.grey else "RGB")
        + (" + alpha" if photo.alpha is not None else ""),
        "tone_curve": photo.tone_curve.name,
        "icc_profile": profile_name(metadata.icc),
        "stored_orientation": orientation_of(metadata.exif),
        **_shot(metadata.exif),
        "exif_bytes": len(metadata.exif) if metadata.exif else None,
        "xmp_bytes": len(metadata.xmp) if metadata.xmp else None,
        "iptc_bytes": len(metadata.iptc) if metadata.iptc else None,
    }


def _shot(exif: bytes | None) -> dict[str, Any]:
    """How the photo was taken."""
    values: dict[int, Any] = {}
    if exif is not None:
        block = Image.Exif()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # odd but readable blocks
                block.load(b"Exif\0\0" + exif)
                values = {**block, **block.get_ifd(ExifTags.IFD.Exif)}
        except Exception:  # a damaged block tells nothing; the photo itself is sound
            values = {}
    tag = ExifTags.Base
    maker, model = (_text(values.get(key)) for key in (tag.Make, tag.Model))
    camera = model if maker is None or (model or "").startswith(maker) else f"{maker} {model or ''}"
    return {
        "camera": camera.strip() if camera else None,
        "lens": _text(values.get(tag.LensModel)),
        "focal_length_mm": _number(values.get(tag.FocalLength)),
        "focal_length_equiv35_mm": _number(values.get(tag.FocalLengthIn35mmFilm)),
        "f_number": _number(values.get(tag.FNumber)),
        "taken": _text(values.get(tag.DateTimeOriginal)),
    }


def _text(value: Any) -> str | None:  # EXIF entries come as anything
    words = str(value).strip("\0 ") if isinstance(value, str) else ""
    return words or None


def _number(value: Any) -> float | None:
    try:
        number = float(Fraction(value).limit_denominator(10_000))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return round(number, 3) if number > 0 else None
