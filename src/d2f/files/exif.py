"""EXIF as bytes: read the orientation, make it upright, move blocks between JPEG and TIFF.

An EXIF block is a small TIFF file: a header, then directories (IFDs) of entries. Entries are
handled as raw bytes in the block's own byte order, so nothing is reinterpreted on the way. Maker
notes with absolute offsets survive where the block stays whole, which is everywhere but in TIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "ByteOrder",
    "Entry",
    "Layout",
    "entries_of",
    "exif_from_tiff",
    "layout_of",
    "orientation_of",
    "packed_directory",
    "second_directory_of",
    "upright_exif",
]

ByteOrder = str  # "<" or ">", as struct spells it

ORIENTATION = 0x0112
IMAGE_WIDTH, IMAGE_LENGTH = 0x0100, 0x0101
PIXEL_X, PIXEL_Y = 0xA002, 0xA003
EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
SUB_DIRECTORIES = frozenset({EXIF_IFD, GPS_IFD, INTEROP_IFD})

# Type code -> size in bytes of one value (TIFF 6.0, section 2).
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}  # BigTIFF's
SHORT, LONG = 3, 4
POINTERS = frozenset({LONG, 13, 16, 18})
MAX_ENTRIES = 1000  # of one directory; more is damage
MAX_VALUE_BYTES = 64_000_000  # of all entries together; XMP, the largest, may have 32 MB

# What belongs to the pixels or has a place of its own, and so is never carried over (TIFF 6.0,
# TIFF/EP): sizes, strips, tiles, compression, colour map, sub-files, XMP, Photoshop resources, ICC.
STRUCTURAL = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284}
    | {288, 289, 290, 291, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334}
    | {336, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530}
    | {531, 532, 700, 34377, 34675, 52545}
    | {33421, 33422, 37398, *range(50706, 50741), *range(50778, 50838), *range(50879, 52545)}  # RAW
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


@dataclass(frozen=True, slots=True)
class Layout:
    """How a TIFF structure spells its directories: byte order, and the widths of plain or BigTIFF.

    Attributes
    ----------
    order : "<" or ">"
    big : bool
    """

    order: ByteOrder
    big: bool = False

    @property
    def header(self) -> bytes:
        """The first bytes of a file whose first directory follows at once."""
        mark = b"II" if self.order == "<" else b"MM"
        if self.big:
            return mark + struct.pack(self.order + "HHHQ", 43, 8, 0, 16)
        return mark + struct.pack(self.order + "HI", 42, 8)

    @property
    def count(self) -> str:
        """Of the number of entries."""
        return self.order + ("Q" if self.big else "H")

    @property
    def entry(self) -> str:
        """Of tag, type and count."""
        return self.order + ("HHQ" if self.big else "HHI")

    @property
    def offset(self) -> str:
        """Of a place in the file, and of the room for a short value."""
        return self.order + ("Q" if self.big else "I")

    @property
    def room(self) -> int:
        """Bytes of a value that stands in its entry."""
        return 8 if self.big else 4

    @property
    def pointer(self) -> int:
        """Where the header tells the first directory."""
        return 8 if self.big else 4


LAYOUTS = {
    b"II*\0": Layout("<"),
    b"MM\0*": Layout(">"),
    b"II+\0": Layout("<", big=True),
    b"MM\0+": Layout(">", big=True),
}


def layout_of(block: bytes) -> Layout | None:
    """How a TIFF structure is spelled; None if it is none."""
    return LAYOUTS.get(block[:4])


def byte_order_of(block: bytes) -> ByteOrder | None:
    """Byte order of a TIFF structure; None if it is none."""
    layout = layout_of(block)
    return None if layout is None else layout.order


def entries_of(block: bytes) -> tuple[Entry, ...]:
    """Entries of the first directory of a TIFF structure; damage ends the list early."""
    layout = layout_of(block)
    if layout is None or len(block) < layout.pointer + layout.room:
        return ()
    (offset,) = struct.unpack_from(layout.offset, block, layout.pointer)
    return tuple(_directory(block, layout, offset, visited=set(), budget=[MAX_VALUE_BYTES]))


def second_directory_of(block: bytes) -> tuple[tuple[Entry, ...], int]:
    """Entries of the directory behind the first, which holds the thumbnail, and the pointer to it.

    Returns
    -------
    entries : tuple of Entry
        Empty where there is none.
    pointer_at : int
        Where its offset stands in the block.
    """
    layout = layout_of(block)
    if layout is None or layout.big or len(block) < 8:
        return (), 0
    (first,) = struct.unpack_from(layout.offset, block, 4)
    if first + 2 > len(block):
        return (), 0
    (count,) = struct.unpack_from(layout.count, block, first)
    at = first + 2 + 12 * count
    if at + 4 > len(block):
        return (), 0
    (second,) = struct.unpack_from(layout.offset, block, at)
    if second == 0:
        return (), at
    visited = {first}
    return tuple(_directory(block, layout, second, visited=visited, budget=[MAX_VALUE_BYTES])), at


def _directory(
    block: bytes, layout: Layout, offset: int, *, visited: set[int], budget: list[int]
) -> Iterator[Entry]:
    """Entries of one directory; each directory is read once, and values share a budget of bytes.

    A damaged block can point back at itself, or many times at the same megabyte.
    """
    counted = struct.calcsize(layout.count)
    if offset + counted > len(block) or offset in visited:
        return
    visited.add(offset)
    head, room = struct.calcsize(layout.entry), layout.room
    (count,) = struct.unpack_from(layout.count, block, offset)
    for index in range(min(count, MAX_ENTRIES)):
        at = offset + counted + (head + room) * index
        if at + head + room > len(block):
            return
        tag, kind, values = struct.unpack_from(layout.entry, block, at)
        size = SIZES.get(kind, 0) * values
        where = at + head
        if size > room:
            (where,) = struct.unpack_from(layout.offset, block, at + head)
        if size == 0 or where + size > len(block) or size > budget[0]:
            continue
        budget[0] -= size
        value = block[where : where + size]
        children: tuple[Entry, ...] = ()
        if tag in SUB_DIRECTORIES and kind in POINTERS and values == 1:
            (below,) = struct.unpack(layout.order + ("I" if size == 4 else "Q"), value)
            children = tuple(_directory(block, layout, below, visited=visited, budget=budget))
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
    layout = layout_of(file)
    kept = tuple(entry for entry in entries_of(file) if entry.tag not in STRUCTURAL)
    if layout is None or not kept:
        return None
    plain = Layout(layout.order)
    return plain.header + packed_directory(kept, plain, start=8)


def packed_directory(entries: tuple[Entry, ...], layout: Layout, *, start: int) -> bytes:
    """A directory and all it points to, for a file in which it will stand at `start`."""
    entries = tuple(sorted(entries, key=lambda entry: entry.tag))
    table = bytearray(struct.pack(layout.count, len(entries)))
    heap = bytearray()
    width = struct.calcsize(layout.entry) + layout.room
    heap_at = start + len(table) + width * len(entries) + layout.room
    for entry in entries:
        kind = LONG if entry.children else entry.kind
        kind = 16 if entry.children and layout.big else kind
        table += struct.pack(layout.entry, entry.tag, kind, entry.count)
        if entry.children:
            table += struct.pack(layout.offset, heap_at + len(heap))
            heap += packed_directory(entry.children, layout, start=heap_at + len(heap))
        elif len(entry.value) <= layout.room:
            table += entry.value.ljust(layout.room, b"\0")
        else:
            table += struct.pack(layout.offset, heap_at + len(heap))
            heap += entry.value
        heap += b"\0" * (len(heap) % 2)  # values start at even places
    table += struct.pack(layout.offset, 0)
    return bytes(table + heap)
