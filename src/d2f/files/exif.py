"""EXIF as bytes: read the orientation, make it upright, move blocks between JPEG and TIFF.

An EXIF block is a small TIFF file: a header, then directories (IFDs) of entries. Entries are
handled as raw bytes in the block's own byte order, so nothing is reinterpreted on the way. Maker
notes with absolute offsets survive where the block stays whole, which is everywhere but in TIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Entry", "ByteOrder", "entries_of", "exif_from_tiff", "orientation_of", "upright_exif"]

ByteOrder = str  # "<" or ">", as struct spells it

ORIENTATION = 0x0112
IMAGE_WIDTH, IMAGE_LENGTH = 0x0100, 0x0101
PIXEL_X, PIXEL_Y = 0xA002, 0xA003
EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
SUB_DIRECTORIES = frozenset({EXIF_IFD, GPS_IFD, INTEROP_IFD})

# Type code -> size in bytes of one value (TIFF 6.0, section 2).
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SHORT, LONG = 3, 4
MAX_ENTRIES = 1000  # of one directory; more is damage
MAX_VALUE_BYTES = 64_000_000  # of all entries together; XMP, the largest, may have 32 MB

# What belongs to the pixels or has a place of its own, and so is never carried over (TIFF 6.0,
# TIFF/EP): sizes, strips, tiles, compression, colour map, sub-files, XMP, Photoshop resources, ICC.
STRUCTURAL = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284}
    | {288, 289, 290, 291, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334}
    | {336, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530}
    | {531, 532, 700, 34377, 34675}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a directory; `children` holds the entries of the directory it points to."""

    tag: int
    kind: int
    count: int
    value: bytes
    at: int  # where the value's bytes stand in the block that it was read from
    children: tuple[Entry, ...] = ()


def byte_order_of(block: bytes) -> ByteOrder | None:
    """Byte order of a TIFF structure; None if it is none."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])


def entries_of(block: bytes) -> tuple[Entry, ...]:
    """Entries of the first directory of a TIFF structure; damage ends the list early."""
    order = byte_order_of(block)
    if order is None or len(block) < 8:
        return ()
    (offset,) = struct.unpack_from(order + "I", block, 4)
    return tuple(_directory(block, order, offset, visited=set(), budget=[MAX_VALUE_BYTES]))


def _directory(
    block: bytes, order: ByteOrder, offset: int, *, visited: set[int], budget: list[int]
) -> Iterator[Entry]:
    """Entries of one directory; each directory is read once, and values share a budget of bytes.

    A damaged block can point back at itself, or many times at the same megabyte.
    """
    if offset + 2 > len(block) or offset in visited:
        return
    visited.add(offset)
    (count,) = struct.unpack_from(order + "H", block, offset)
    for index in range(min(count, MAX_ENTRIES)):
        at = offset + 2 + 12 * index
        if at + 12 > len(block):
            return
        tag, kind, values = struct.unpack_from(order + "HHI", block, at)
        size = SIZES.get(kind, 0) * values
        if size > 4:
            (where,) = struct.unpack_from(order + "I", block, at + 8)
        else:
            where = at + 8
        if size == 0 or where + size > len(block) or size > budget[0]:
            continue
        budget[0] -= size
        value = block[where : where + size]
        children: tuple[Entry, ...] = ()
        if tag in SUB_DIRECTORIES and kind in (LONG, 13) and values == 1:
            (below,) = struct.unpack(order + "I", value)
            children = tuple(_directory(block, order, below, visited=visited, budget=budget))
            if not children:
                continue  # a pointer to nothing would point anywhere once it is moved
        yield Entry(tag, kind, values, value, where, children)


def orientation_of(exif: bytes | None) -> int:
    """The orientation 1..8 that an EXIF block tells; 1 where it tells nothing sensible."""
    for entry in entries_of(exif or b""):
        if entry.tag == ORIENTATION and entry.kind in (SHORT, LONG):
            order = byte_order_of(exif or b"") or "<"
            (value,) = struct.unpack_from(
                order + ("H" if entry.kind == SHORT else "I"), entry.value
            )
            return int(value) if 1 <= value <= 8 else 1
    return 1


def upright_exif(exif: bytes, width: int, height: int) -> bytes:
    """The block with orientation 1 and the upright size; every other byte as it was."""
    order = byte_order_of(exif)
    if order is None:
        return exif
    block = bytearray(exif)
    wanted = {
        ORIENTATION: 1,
        IMAGE_WIDTH: width,
        PIXEL_X: width,
        IMAGE_LENGTH: height,
        PIXEL_Y: height,
    }
    for entry in _flattened(entries_of(exif)):
        if entry.tag in wanted and entry.count == 1 and entry.kind in (SHORT, LONG):
            form = order + ("H" if entry.kind == SHORT else "I")
            limit = 0xFFFF if entry.kind == SHORT else 0xFFFFFFFF
            struct.pack_into(form, block, entry.at, min(wanted[entry.tag], limit))
    return bytes(block)


def _flattened(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        yield from _flattened(entry.children)


def exif_from_tiff(file: bytes) -> bytes | None:
    """An EXIF block with what a TIFF file's first directory tells about the picture."""
    order = byte_order_of(file)
    kept = tuple(entry for entry in entries_of(file) if entry.tag not in STRUCTURAL)
    if order is None or not kept:
        return None
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return header + packed_directory(kept, order, start=8)


def packed_directory(entries: tuple[Entry, ...], order: ByteOrder, *, start: int) -> bytes:
    """A directory and all it points to, for a file in which it will stand at `start`."""
    entries = tuple(sorted(entries, key=lambda entry: entry.tag))
    table = bytearray(struct.pack(order + "H", len(entries)))
    heap = bytearray()
    heap_at = start + 2 + 12 * len(entries) + 4
    for entry in entries:
        table += struct.pack(order + "HHI", entry.tag, entry.kind, entry.count)
        if entry.children:
            table += struct.pack(order + "I", heap_at + len(heap))
            heap += packed_directory(entry.children, order, start=heap_at + len(heap))
        elif len(entry.value) <= 4:
            table += entry.value.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", heap_at + len(heap))
            heap += entry.value
        heap += b"\0" * (len(heap) % 2)  # values start at even places
    table += struct.pack(order + "I", 0)
    return bytes(table + heap)
