"""A HEIF file with items added: its `meta` box made anew, all else moved or kept as it is."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .depth_values import UnusableDepth
from .heif_items import Heif, HeifItem, boxes, heif_of

__all__ = ["NewItem", "box_of", "with_items"]

ESSENTIAL = {b"hvcC", b"irot", b"imir", b"clap"}  # what a reader has to understand (23008-12)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An item to add.

    Attributes
    ----------
    kind : bytes
        hvc1 or mime.
    content : bytes
    mime, name : str
        The type of a mime item, and its name.
    properties : tuple of bytes
        Whole boxes.
    refers : (kind, item), optional
        Item is a number of the file, or -n: the n-th new one, from 1.
    hidden : bool
        Whether it is no picture of its own.
    """

    kind: bytes
    content: bytes
    mime: str = ""
    name: str = ""
    properties: tuple[bytes, ...] = ()
    refers: tuple[bytes, int] | None = None
    hidden: bool = True


def with_items(content: bytes, new: list[NewItem], *, of_primary: tuple[bytes, ...] = ()) -> bytes:
    """The file with items added, their bytes in a box at its end; all others keep theirs.

    Parameters
    ----------
    content : bytes
    new : list of NewItem
    of_primary : tuple of bytes
        Properties, whole boxes, that the file's own picture gets.

    Raises
    ------
    UnusableDepth
        If the file is damaged or holds a film, whose offsets would have to move as well.
    """
    heif = heif_of(content)
    if any(kind == b"moov" for kind, *_ in boxes(content)):
        raise UnusableDepth("the HEIF file holds a film: depth can be embedded in pictures only.")
    first = max(heif.items, default=0) + 1
    if of_primary and heif.primary in heif.items:
        own = range(len(heif.properties) + 1, len(heif.properties) + 1 + len(of_primary))
        heif.items[heif.primary].properties += [(False, place) for place in own]
        heif.properties += of_primary
    known = len(heif.properties)
    for number, item in enumerate(new, first):
        places = [(box[4:8] in ESSENTIAL, known + i) for i, box in enumerate(item.properties, 1)]
        known += len(places)
        heif.properties += item.properties
        heif.items[number] = HeifItem(
            kind=item.kind, entry=_info_box(number, item), properties=places
        )
        if item.refers is not None:
            kind, target = item.refers
            target = first - 1 - target if target < 0 else target
            heif.references.append((kind, number, [target]))
    start, end = heif.meta
    growth = len(_meta_box(heif)) - (end - start)  # offsets have a fixed width: so has the box
    # New data stand behind everything: in the old file at its end, behind the head of a box.
    at = len(content) + growth + 16
    for old in heif.items.values():
        old.extents = [
            (place + growth if old.method == 0 and place >= end else place, length)
            for place, length in old.extents
        ]
    for number, item in enumerate(new, first):
        heif.items[number].extents = [(at, len(item.content))]
        at += len(item.content)
    data = b"".join(item.content for item in new)
    box = struct.pack(">I4sQ", 1, b"mdat", 16 + len(data)) + data
    return content[:start] + _meta_box(heif) + content[end:] + box


def box_of(kind: bytes, *parts: bytes) -> bytes:
    """A box of that kind around these parts."""
    payload = b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def _info_box(number: int, item: NewItem) -> bytes:
    words = item.name.encode() + b"\0"
    words += item.mime.encode() + b"\0" if item.kind == b"mime" else b""
    flags = 1 if item.hidden else 0
    return box_of(b"infe", struct.pack(">IIH", 3 << 24 | flags, number, 0), item.kind, words)


def _meta_box(heif: Heif) -> bytes:
    """The `meta` box; `hdlr` comes first, as it must."""
    handlers = [box for box in heif.others if box[4:8] == b"hdlr"]
    rest = [box for box in heif.others if box[4:8] != b"hdlr"]
    infos = [item.entry for item in heif.items.values() if item.entry]
    references = [
        box_of(kind, struct.pack(f">IH{len(to)}I", source, len(to), *to))
        for kind, source, to in heif.references
    ]
    associations = [
        struct.pack(f">IB{len(item.properties)}H", number, len(item.properties),
                    *(index | 0x8000 * essential for essential, index in item.properties))
        for number, item in heif.items.items() if item.properties
    ]  # fmt: skip
    return box_of(
        b"meta",
        bytes(4),
        *handlers,
        box_of(b"pitm", struct.pack(">II", 1 << 24, heif.primary)),
        box_of(b"iinf", struct.pack(">II", 1 << 24, len(infos)), *infos),
        *([box_of(b"iref", struct.pack(">I", 1 << 24), *references)] if references else []),
        box_of(b"iprp", box_of(b"ipco", *heif.properties),
             box_of(b"ipma", struct.pack(">II", 1 << 24 | 1, len(associations)), *associations)),
        _locations(heif),
        *rest,
    )  # fmt: skip


def _locations(heif: Heif) -> bytes:
    """Version 2 with offsets and lengths of 8 bytes; an item without extents keeps one, empty."""
    entries = []
    for number, item in heif.items.items():
        extents = item.extents or [(0, 0)]
        entries.append(struct.pack(">IHHH", number, item.method, 0, len(extents)))
        entries += [struct.pack(">QQ", *extent) for extent in extents]
    return box_of(b"iloc", struct.pack(">IHI", 2 << 24, 0x8800, len(heif.items)), *entries)
