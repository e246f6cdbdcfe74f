"""HEIF files as items: what a `meta` box says.

ISO/IEC 14496-12 (boxes, `meta`) and 23008-12 (image items). Only what finding and adding an item
needs is understood; all other boxes are kept as they are. Nothing is decoded here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from .depth_values import UnusableDepth

__all__ = ["DAMAGED", "Heif", "HeifItem", "boxes", "heif_of"]

DAMAGED = "the file's HEIF structure is damaged: copy it again from its source"
MOST_ITEMS = 10_000
MOST_PROPERTIES = 10_000
MOST_EXTENTS = 10_000


@dataclass(slots=True, kw_only=True)
class HeifItem:
    """One item as the file describes it.

    Attributes
    ----------
    kind : bytes
        Four letters: hvc1, grid, Exif, mime, ...
    method : int
        0: extents are offsets in the file; 1: in `idat`.
    extents : list of (offset, length)
    properties : list of (essential, index)
        Index into the file's properties, from 1.
    """

    kind: bytes = b""
    entry: bytes = b""  # its `infe` box as it stands
    method: int = 0
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[tuple[bool, int]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Heif:
    """A HEIF file as items.

    Attributes
    ----------
    primary : int
    items : HeifItem by number
    properties : list of bytes
        Whole boxes in the order of their numbers.
    references : list of (kind, from, to)
    """

    content: bytes
    meta: tuple[int, int]
    primary: int
    items: dict[int, HeifItem]
    properties: list[bytes]
    references: list[tuple[bytes, int, list[int]]]
    others: list[bytes]  # boxes of `meta` that are carried over
    idat: bytes

    def property_of(self, item: int, kind: bytes) -> bytes | None:
        """The content of an item's first property of that kind."""
        for _, index in self.items[item].properties if item in self.items else []:
            box = self.properties[index - 1] if 0 < index <= len(self.properties) else b""
            if box[4:8] == kind:
                return box[8:]
        return None

    def size_of(self, item: int) -> tuple[int, int] | None:
        """Columns and rows of an image item before any turn, from its `ispe` property."""
        told = self.property_of(item, b"ispe")
        if told is None or len(told) < 12:
            return None
        width, height = struct.unpack_from(">II", told, 4)
        return width, height

    def content_of(self, item: int) -> bytes:
        """The bytes of an item.

        Raises
        ------
        UnusableDepth
            If they lie outside the file, or are more than it has.
        """
        found = self.items[item]
        source = self.idat if found.method == 1 else self.content
        if sum(length for _, length in found.extents) > len(source):
            raise UnusableDepth(f"{DAMAGED}.")  # the same bytes many times over: a bomb
        parts = []
        for offset, length in found.extents:
            if offset + length > len(source):
                raise UnusableDepth(f"{DAMAGED}.")
            parts.append(source[offset : offset + length])
        return b"".join(parts)

    def pointing_at(self, item: int, kind: bytes) -> list[int]:
        """Items that refer to this one in that way."""
        return [source for name, source, to in self.references if name == kind and item in to]


def boxes(
    content: bytes, start: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, start, start of the payload, and end of each box; damage ends the list early."""
    end = len(content) if end is None else end
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", content, at + 8)
            head = 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return
        yield kind, at, at + head, at + size
        at += size


def heif_of(content: bytes) -> Heif:
    """The items of a HEIF file.

    Raises
    ------
    UnusableDepth
        If there is no sound `meta` box.
    """
    try:
        return _parsed(content)
    except (struct.error, IndexError, ValueError) as error:
        raise UnusableDepth(f"{DAMAGED}.") from error


def _parsed(content: bytes) -> Heif:
    found = [(start, load, end) for kind, start, load, end in boxes(content) if kind == b"meta"]
    if not found:
        raise ValueError("no meta box")
    start, load, end = found[0]
    heif = Heif(content=content, meta=(start, end), primary=0, items={}, properties=[],
                references=[], others=[], idat=b"")  # fmt: skip
    for kind, at, inside, stop in boxes(content, load + 4, end):
        payload = content[inside:stop]
        if kind == b"pitm":
            (heif.primary,) = struct.unpack_from(">H" if payload[0] == 0 else ">I", payload, 4)
        elif kind == b"iinf":
            _read_infos(heif, payload)
        elif kind == b"iloc":
            _read_locations(heif, payload)
        elif kind == b"iref":
            _read_references(heif, payload)
        elif kind == b"iprp":
            _read_properties(heif, payload)
        else:
            if kind == b"idat":
                heif.idat = payload
            heif.others.append(content[at:stop])
    return heif


def _read_infos(heif: Heif, payload: bytes) -> None:
    start = 6 if payload[0] == 0 else 8
    for kind, at, inside, stop in boxes(payload, start):
        version = payload[inside]
        if kind != b"infe" or version < 2:
            continue
        number, where = (
            (struct.unpack_from(">H", payload, inside + 4)[0], inside + 8)
            if version == 2
            else (struct.unpack_from(">I", payload, inside + 4)[0], inside + 10)
        )
        item = heif.items.setdefault(number, HeifItem())
        item.kind, item.entry = payload[where : where + 4], payload[at:stop]
        if len(heif.items) > MOST_ITEMS:
            raise ValueError("too many items")


def _read_locations(heif: Heif, payload: bytes) -> None:
    version, sizes, more = payload[0], payload[4], payload[5]
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    wide = version == 2
    count, at = _number(payload, 6, 4 if wide else 2)
    for _ in range(min(count, MOST_ITEMS)):
        number, at = _number(payload, at, 4 if wide else 2)
        method = 0
        if version:
            method, at = _number(payload, at, 2)
        _, at = _number(payload, at, 2)  # where the data lie: this file
        base, at = _number(payload, at, base_size)
        extents, at = _number(payload, at, 2)
        item = heif.items.setdefault(number, HeifItem())
        item.method = method & 15
        for _ in range(min(extents, MOST_EXTENTS)):
            _, at = _number(payload, at, index_size)
            offset, at = _number(payload, at, offset_size)
            length, at = _number(payload, at, length_size)
            item.extents.append((base + offset, length))


def _number(payload: bytes, at: int, size: int) -> tuple[int, int]:
    if at + size > len(payload):
        raise ValueError("cut short")
    return int.from_bytes(payload[at : at + size], "big"), at + size


def _read_references(heif: Heif, payload: bytes) -> None:
    width = 2 if payload[0] == 0 else 4
    for kind, _, inside, stop in boxes(payload, 4):
        source, at = _number(payload, inside, width)
        count, at = _number(payload, at, 2)
        targets = []
        for _ in range(count):
            if at + width > stop:
                raise ValueError("cut short")
            target, at = _number(payload, at, width)
            targets.append(target)
        heif.references.append((kind, source, targets))


def _read_properties(heif: Heif, payload: bytes) -> None:
    for kind, _, inside, stop in boxes(payload):
        if kind == b"ipco":
            heif.properties += [payload[at:end] for _, at, _, end in boxes(payload, inside, stop)]
        elif kind == b"ipma":
            _read_associations(heif, payload[inside:stop])
        if len(heif.properties) > MOST_PROPERTIES:
            raise ValueError("too many properties")


def _read_associations(heif: Heif, payload: bytes) -> None:
    version, wide = payload[0], payload[3] & 1
    count, at = _number(payload, 4, 4)
    for _ in range(min(count, MOST_ITEMS)):
        number, at = _number(payload, at, 2 if version == 0 else 4)
        many, at = _number(payload, at, 1)
        for _ in range(many):
            value, at = _number(payload, at, 2 if wide else 1)
            flag = 0x8000 if wide else 0x80
            item = heif.items.setdefault(number, HeifItem())
            item.properties.append((bool(value & flag), value & (flag - 1)))
