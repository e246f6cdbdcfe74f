"""WebP, by Pillow: 8 bits, lossy or lossless as it was."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, WebPImagePlugin

from ...errors import PhotoError
from ..limits import Limits
from ..photo import Metadata, Photo, photo_of, photo_to_array

__all__ = ["WebpCoding", "encoded", "read"]

QUALITY = 95
C2PA_LOST = "its C2PA manifest, which no longer holds for the edited picture, is left out"


@dataclass(frozen=True, slots=True)
class WebpCoding:
    """Whether a WebP keeps every code."""

    lossless: bool


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A WebP that is no animation."""
    limits.check_size(*_size(content), name)
    with WebPImagePlugin.WebPImageFile(io.BytesIO(content)) as image:
        limits.check_size(*image.size, name)
        if getattr(image, "n_frames", 1) > 1:
            raise PhotoError(f"{name} is an animation: give a single picture.")
        image.load()
        codes = np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"))
        exif = image.info.get("exif", b"").removeprefix(b"Exif\0\0")
        metadata = Metadata(
            exif=exif or None,
            icc=image.info.get("icc_profile") or None,
            xmp=image.info.get("xmp") or None,
        )
    limits.check_metadata(metadata, name)
    return photo_of(
        codes, metadata=metadata, file_format="WEBP", name=name,
        coding=WebpCoding(b"VP8L" in content[12:4096]),
        notes=(C2PA_LOST,) if b"C2PA" in content[12:] and _has_chunk(content, b"C2PA") else (),
    )  # fmt: skip


def _size(content: bytes) -> tuple[int, int]:
    """Columns and rows from the header (RFC 9649), before the library asks for memory."""
    kind = content[12:16]
    if kind == b"VP8X" and len(content) >= 30:
        wide = int.from_bytes(content[24:27], "little")
        high = int.from_bytes(content[27:30], "little")
        return wide + 1, high + 1
    if kind == b"VP8L" and len(content) >= 25:
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(content) >= 30:
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise OSError("it has no picture chunk")


def _has_chunk(content: bytes, wanted: bytes) -> bool:
    at = 12
    while at + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        if kind == wanted:
            return True
        at += 8 + size + size % 2
    return False


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """A WebP; grey becomes RGB, which is all that the format has."""
    image = Image.fromarray(np.ascontiguousarray(photo_to_array(photo)))
    if image.mode in ("L", "LA"):
        image = image.convert("RGB" if image.mode == "L" else "RGBA")
    lossless = isinstance(photo.coding, WebpCoding) and photo.coding.lossless
    file = io.BytesIO()
    image.save(
        file,
        "WEBP",
        lossless=lossless,
        exact=lossless,
        quality=QUALITY,
        icc_profile=metadata.icc,
        exif=b"Exif\0\0" + metadata.exif if metadata.exif is not None else b"",
        xmp=metadata.xmp or b"",
    )
    return file.getvalue()
