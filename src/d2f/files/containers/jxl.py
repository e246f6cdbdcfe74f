"""JPEG XL by OpenImageIO, which keeps ICC profiles; EXIF and XMP in boxes of the container.

ISO/IEC 18181-2 (boxes): Exif and xml, plain or packed by Brotli (brob).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import PhotoError
from ..exif import upright_exif
from ..heif_items import boxes
from ..heif_write import box_of
from ..limits import Limits
from ..photo import Depth, Metadata, Photo, photo_of, photo_to_array
from .exr import oiio_bytes, oiio_read
from .jxl_header import jxl_header

__all__ = ["JxlCoding", "encoded", "read"]

BARE = b"\xff\x0a"
SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"
FILE_TYPE = box_of(b"ftyp", b"jxl \0\0\0\0jxl ")
LOSSLESS, NEARLY = "jpegxl:100", "jpegxl:92"
EFFORT = 3  # lossless 16-bit photos: a fifth of the time of 7 for some 5 % more bytes
C2PA_LOST = "its C2PA manifest, which no longer holds for the edited picture, is left out"
KINDS = {"u8": "uint8", "u16": "uint16", "f16": "half", "f32": "float"}


@dataclass(frozen=True, slots=True)
class JxlCoding:
    """Whether a JPEG XL keeps every code."""

    lossless: bool


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A JPEG XL that is no animation."""
    header = jxl_header(_codestream_head(content))
    limits.check_size(header.width, header.height, name)
    if header.animation:
        raise PhotoError(f"{name} is an animation: give a single picture.")
    exif, xmp, notes = _blocks(content, name=name, limits=limits)
    pixels, spec, _ = oiio_read(content, ".jxl", name=name, limits=limits)
    icc = spec.getattribute("ICCProfile")
    rows, cols = pixels.shape[:2]
    exif = None if exif is None else upright_exif(exif, cols, rows)  # the decoder has turned it
    metadata = Metadata(
        exif=exif, xmp=xmp, icc=None if icc is None else np.asarray(icc, np.uint8).tobytes()
    )
    depth: Depth | None = "f16" if header.floats and header.bits == 16 else None
    return photo_of(
        np.ascontiguousarray(pixels), metadata=metadata, file_format="JXL", name=name,
        coding=JxlCoding(not header.lossy), depth=depth, notes=notes,
    )  # fmt: skip


def _codestream_head(content: bytes) -> bytes:
    if content.startswith(BARE):
        return content[:200]
    for kind, _, inside, _ in boxes(content):
        if kind in (b"jxlc", b"jxlp"):
            start = inside + (4 if kind == b"jxlp" else 0)  # the part's number
            return content[start : start + 200]
    raise OSError("it has no code stream")


def _blocks(
    content: bytes, *, name: str, limits: Limits
) -> tuple[bytes | None, bytes | None, tuple[str, ...]]:
    """EXIF and XMP, and words on what else there is."""
    if content.startswith(BARE):
        return None, None, ()
    exif = xmp = None
    notes: tuple[str, ...] = ()
    for kind, _, inside, end in boxes(content):
        payload = content[inside:end]
        if kind == b"brob" and payload[:4] in (b"Exif", b"xml "):
            kind, payload = payload[:4], _unpacked(payload[4:], name=name, limits=limits)
        if kind == b"Exif" and len(payload) > 8:
            exif = payload[4 + int.from_bytes(payload[:4], "big") :] or None
        elif kind == b"xml ":
            xmp = payload or None
        elif kind == b"jumb" and b"c2pa" in payload[:80]:
            notes = (C2PA_LOST,)
    return exif, xmp, notes


def _unpacked(packed: bytes, *, name: str, limits: Limits) -> bytes:
    """Brotli's bytes, in a room of fixed size."""
    from imagecodecs import brotli_decode

    try:
        return bytes(brotli_decode(packed, out=limits.xmp_bytes))
    except Exception as error:
        raise PhotoError(
            f"{name} carries packed metadata that are damaged or more than {limits.xmp_bytes} "
            "bytes: remove them from the file."
        ) from error


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """A JPEG XL of the same depth; lossless where the source was or came from another format."""
    coding = photo.coding if isinstance(photo.coding, JxlCoding) else None
    codes = photo_to_array(photo)
    codes = codes[..., None] if codes.ndim == 2 else codes
    names = ("Y",) if photo.grey else ("R", "G", "B")
    names = (*names, "A") if photo.alpha is not None else names
    lossless = coding is None or coding.lossless
    attributes: list[tuple[str, Any, Any]] = [
        ("compression", None, LOSSLESS if lossless else NEARLY),
        ("jpegxl:effort", None, EFFORT),
        ("oiio:UnassociatedAlpha", None, 1),
    ]
    if metadata.icc is not None:
        profile = np.frombuffer(metadata.icc, np.uint8)
        attributes.append(("ICCProfile", f"uint8[{len(profile)}]", profile))
    kind = KINDS[photo.stored_depth]
    file = oiio_bytes(codes, ".jxl", kind=kind, names=names, attributes=attributes)
    return _with_boxes(file, metadata)


def _with_boxes(file: bytes, metadata: Metadata) -> bytes:
    extra = b""
    if metadata.exif is not None:
        extra += box_of(b"Exif", struct.pack(">I", 0), metadata.exif)
    if metadata.xmp is not None:
        extra += box_of(b"xml ", metadata.xmp)
    if file.startswith(BARE):
        return SIGNATURE + FILE_TYPE + box_of(b"jxlc", file) + extra if extra else file
    kept = b"".join(
        file[start:end]
        for kind, start, _, end in boxes(file)
        if kind not in (b"Exif", b"xml ")  # OpenImageIO invents some
    )
    return kept + extra
