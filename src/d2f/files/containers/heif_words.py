"""What AVIF and HEIC say about a picture outside its pixels: depth, colour, turns, metadata.

ISO/IEC 23008-12 (items, irot, imir), 14496-12 (colr, ispe), AV1-ISOBMFF 1.2 (av1C).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exif import upright_exif
from ..heif_items import Heif, boxes, heif_of
from ..heif_write import NewItem, box_of, with_items
from ..limits import Limits
from ..photo import Depth, Metadata

__all__ = ["HeifWords", "heif_turned", "heif_words", "turned_by", "turns_of", "with_metadata"]

RDF_XML = "application/rdf+xml"
IDENTITY = 0  # matrix of H.273 for RGB that is stored as such
UNSPECIFIED = 2  # in all tables of H.273
SRGB_POINTS = (1, 13)  # primaries and transfer of H.273
DEPTHS: dict[int, Depth] = {8: "u8", 10: "u10", 12: "u12"}
C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA 2.1, A.5.1
C2PA_LOST = "its C2PA manifest, which no longer holds for the edited picture, is left out"
PARTS_LOST = "its further pictures (depth, mattes, gain maps) are left out"
AUXILIARY = frozenset({b"auxl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeifWords:
    """Of the primary picture.

    Attributes
    ----------
    size : (columns, rows)
        Before any turn.
    metadata : Metadata
    matrix : int
        Code point of H.273 for how RGB became what is stored; 0 is RGB itself.
    subsampling : "420", "422", "444" or "400"
    bits : int
    rotation, mirror : int, optional
        Quarter turns to the left; 0 exchanges top and bottom, 1 left and right.
    notes : tuple of str
    """

    size: tuple[int, int]
    metadata: Metadata
    matrix: int
    subsampling: str
    bits: int
    rotation: int = 0
    mirror: int | None = None
    notes: tuple[str, ...] = ()


def heif_words(content: bytes, *, name: str, limits: Limits) -> HeifWords:
    """Read them, and refuse a picture that is too large before it is decoded."""
    heif = heif_of(content)
    size = heif.size_of(heif.primary)
    if size is None:
        raise OSError("its picture has no size")
    limits.check_size(*size, name)
    for item in heif.items:  # auxiliary pictures are decoded by some libraries, too
        if (other := heif.size_of(item)) is not None:
            limits.check_size(*other, name)
    nclx = _colour(heif, b"nclx")
    points = struct.unpack_from(">HHH", nclx, 4) if nclx is not None and len(nclx) >= 10 else None
    cicp = (points[0], points[1]) if points and points[1] != UNSPECIFIED else None
    profile = _colour(heif, b"prof") or _colour(heif, b"rICC")
    rotation, mirror = turns_of(heif, heif.primary)
    metadata = Metadata(
        exif=_exif(heif), icc=profile[4:] if profile else None, xmp=_xmp(heif), cicp=cicp
    )
    limits.check_metadata(metadata, name)
    bits, subsampling = _av1_coding(heif)
    return HeifWords(
        size=size,
        metadata=metadata,
        matrix=points[2] if points else UNSPECIFIED,
        subsampling=subsampling,
        bits=bits,
        rotation=rotation,
        mirror=mirror,
        notes=_notes(content, heif),
    )


def _colour(heif: Heif, kind: bytes) -> bytes | None:
    """The colr property of that kind; a picture may have one of each."""
    for _, index in heif.items[heif.primary].properties if heif.primary in heif.items else []:
        box = heif.properties[index - 1] if 0 < index <= len(heif.properties) else b""
        if box[4:8] == b"colr" and box[8:12] == kind:
            return box[8:]
    return None


def _item(heif: Heif, kind: bytes, sign: bytes = b"") -> bytes | None:
    for number in heif.pointing_at(heif.primary, b"cdsc"):
        item = heif.items.get(number)
        if item is not None and item.kind == kind and sign in item.entry:
            return heif.content_of(number)
    return None


def _exif(heif: Heif) -> bytes | None:
    """23008-12, A.2.1: four bytes tell where the TIFF header begins behind them."""
    block = _item(heif, b"Exif")
    if block is None or len(block) < 8:
        return None
    start = 4 + int.from_bytes(block[:4], "big")
    return block[start:].removeprefix(b"Exif\0\0") or None


def _xmp(heif: Heif) -> bytes | None:
    return _item(heif, b"mime", RDF_XML.encode()) or None


def _av1_coding(heif: Heif) -> tuple[int, str]:
    """Bits and subsampling: AV1-ISOBMFF 1.2, 2.3.3; of a grid they stand at its tiles."""
    found = heif.property_of(heif.primary, b"av1C")
    for number in heif.items:
        found = found or heif.property_of(number, b"av1C")
    if found is None or len(found) < 3:
        return 8, "420"
    flags = found[2]
    bits = 12 if flags & 0x20 else 10 if flags & 0x40 else 8
    if flags & 0x10:
        return bits, "400"
    return bits, {0x0C: "420", 0x08: "422"}.get(flags & 0x0C, "444")


def _notes(content: bytes, heif: Heif) -> tuple[str, ...]:
    notes = []
    for kind, _, inside, _ in boxes(content):
        if kind == b"uuid" and content[inside : inside + 16] == C2PA_BOX:
            notes.append(C2PA_LOST)
    alpha = {
        source
        for source in heif.items
        if b"auxid:1\0" in (aux := heif.property_of(source, b"auxC") or b"") or b":alpha" in aux
    }
    others = {
        source
        for kind, source, to in heif.references
        if kind in AUXILIARY and heif.primary in to and source not in alpha
    }
    if others or any(item.kind == b"tmap" for item in heif.items.values()):
        notes.append(PARTS_LOST)
    return tuple(notes)


def heif_turned(codes: NDArray[Any], words: HeifWords) -> tuple[NDArray[Any], Metadata]:
    """Codes as the file's turns want them shown, and metadata that no longer ask for any."""
    codes = turned_by(codes, words.rotation, words.mirror)
    rows, cols = codes.shape[:2]
    exif = words.metadata.exif
    upright = None if exif is None else upright_exif(exif, cols, rows)
    return codes, replace(words.metadata, exif=upright)


def turns_of(heif: Heif, item: int) -> tuple[int, int | None]:
    """Rotation and mirror of a picture, as in `HeifWords`."""
    turn, mirror = (heif.property_of(item, kind) for kind in (b"irot", b"imir"))
    return turn[0] & 3 if turn else 0, mirror[0] & 1 if mirror else None


def turned_by(codes: NDArray[Any], rotation: int, mirror: int | None) -> NDArray[Any]:
    """A stored picture (h, w, ...) as it is shown: rotated, then mirrored (ISO/IEC 23000-22, 7.3).

    The axis of a mirror was worded both ways; since 23008-12:2022 (6.5.12) 0 exchanges top and
    bottom, as cameras and decoders had always done.
    """
    codes = np.rot90(codes, rotation)
    if mirror is not None:
        codes = codes[::-1] if mirror == 0 else codes[:, ::-1]
    return np.ascontiguousarray(codes)


def with_metadata(content: bytes, metadata: Metadata, *, profile: bool) -> bytes:
    """The file with EXIF and XMP as items and, if asked for, the profile as a property."""
    primary = heif_of(content).primary
    new = []
    if metadata.exif is not None:
        block = bytes(4) + metadata.exif
        new.append(NewItem(kind=b"Exif", content=block, name="Exif", refers=(b"cdsc", primary)))
    if metadata.xmp is not None:
        new.append(
            NewItem(kind=b"mime", content=metadata.xmp, mime=RDF_XML, refers=(b"cdsc", primary))
        )
    own: tuple[bytes, ...] = ()
    if profile and metadata.icc is not None:
        own = (box_of(b"colr", b"prof", metadata.icc),)
    return with_items(content, new, of_primary=own) if new or own else content
