"""The small picture inside an EXIF block, made anew so that it shows the edited photo.

It takes the old one's place, byte for byte, so that nothing else in the block moves; where it does
not fit, the old one is wiped out.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from ..arrays import ByteImage
from .exif import Entry, byte_order_of, second_directory_of

__all__ = ["with_thumbnail"]

PLACE, LENGTH, STRIPS, STRIP_BYTES = 0x0201, 0x0202, 0x0111, 0x0117
IMAGE_WIDTH, IMAGE_LENGTH, ORIENTATION = 0x0100, 0x0101, 0x0112
LONG_SIDE_PX = 160  # Exif 2.32, 4.5.8
LONGEST_SIDE_PX = 512
FORMS = {3: "H", 4: "I"}  # SHORT and LONG
QUALITIES = (85, 75, 60, 45, 30)


def with_thumbnail(exif: bytes, picture: ByteImage) -> bytes:
    """The block with a thumbnail of this picture where it had one.

    Parameters
    ----------
    exif : bytes
    picture : uint8 (H, W, 3)
        The upright photo, of any size.
    """
    entries, pointer_at = second_directory_of(exif)
    order = byte_order_of(exif)
    found = {entry.tag: entry for entry in entries}
    if not entries or order is None:
        return exif
    block = bytearray(exif)
    place, length = (_number(found.get(tag), order) for tag in (PLACE, LENGTH))
    if place and length and place + length <= len(block):
        small = _jpeg(picture, long_side_px=_long_side(exif[place : place + length]), most=length)
        block[place : place + length] = (small or b"").ljust(length, b"\0")
        if small is not None:
            struct.pack_into(order + "I", block, found[LENGTH].at, len(small))
            _set_upright(block, found, order, small)
            return bytes(block)
    strips, sizes = (_number(found.get(tag), order) for tag in (STRIPS, STRIP_BYTES))
    if strips and sizes and strips + sizes <= len(block):
        block[strips : strips + sizes] = bytes(sizes)
    struct.pack_into(order + "I", block, pointer_at, 0)
    return bytes(block)


def _number(entry: Entry | None, order: str) -> int | None:
    if entry is None or entry.count != 1 or entry.kind not in FORMS:
        return None
    return int(struct.unpack(order + FORMS[entry.kind], entry.value)[0])


def _long_side(jpeg: bytes) -> int:
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as old:
            return min(max(old.size), LONGEST_SIDE_PX)
    except Exception:  # a damaged one tells nothing
        return LONG_SIDE_PX


def _jpeg(picture: ByteImage, *, long_side_px: int, most: int) -> bytes | None:
    """A JPEG of at most so many bytes; None if none is small enough."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    scale = min(long_side_px / max(image.size), 1)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    for quality in QUALITIES:
        file = io.BytesIO()
        small.save(file, "JPEG", quality=quality)
        if file.tell() <= most:
            return file.getvalue()
    return None


def _set_upright(block: bytearray, found: dict[int, Entry], order: str, small: bytes) -> None:
    with Image.open(io.BytesIO(small), formats=["JPEG"]) as image:
        wanted = {IMAGE_WIDTH: image.width, IMAGE_LENGTH: image.height, ORIENTATION: 1}
    for tag, value in wanted.items():
        entry = found.get(tag)
        if entry is not None and entry.count == 1 and entry.kind in FORMS:
            struct.pack_into(order + FORMS[entry.kind], block, entry.at, value)
