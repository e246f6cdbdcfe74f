"""TIFF and BigTIFF: pixels by tifffile, directories as raw entries (exif.py)."""

from __future__ import annotations

import io
import logging
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import PhotoError
from ..device import ink_photo
from ..exif import (
    STRUCTURAL,
    Entry,
    Layout,
    byte_order_of,
    entries_of,
    exif_from_tiff,
    packed_directory,
)
from ..limits import Limits
from ..photo import Metadata, Photo, photo_of, photo_to_array

__all__ = ["TiffCoding", "encoded", "read", "with_entries"]

XMP, IPTC, ICC, C2PA = 700, 34377, 34675, 52545
ORIENTATION, STRIP_OFFSETS = 0x0112, 273
WHITE_IS_ZERO, PALETTE, INK, YCBCR = 0, 3, 5, 6
JPEG_COMPRESSIONS = (6, 7)  # their decoder converts YCbCr
ASSOCIATED_ALPHA = 1  # TIFF 6.0, ExtraSamples
BYTE, UNDEFINED, SHORT, LONG, LONG8 = 1, 7, 3, 4, 16
COMPRESSIONS = {1: None, 5: "lzw", 8: "deflate", 32946: "deflate", 50000: "zstd"}
FORMS = {SHORT: "H", LONG: "I", LONG8: "Q"}
MOST_PAGES = 8  # looked at for other pictures
BIG_BYTES = 3_900_000_000  # what no longer fits into 32-bit offsets, with room for the rest
C2PA_LOST = "its C2PA manifest, which no longer holds for the edited picture, is left out"
MORE_LOST = "the further pictures of the TIFF are left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffCoding:
    """How a TIFF was written: compression by tifffile's name, and whether it was a BigTIFF."""

    compression: str | None
    big: bool


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """The first picture of a TIFF: grey, RGB or inks, 8, 16 bit or float, with or without alpha."""
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())  # damage is told in our words

    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages[0]
        if not isinstance(page, tifffile.TiffPage):
            raise PhotoError(f"{name} holds no picture in its first directory.")
        limits.check_size(page.imagewidth, page.imagelength, name)
        _check_kind(page, name)
        limits.check_size(*_largest_piece(page), name)
        tags = page.tags
        metadata = Metadata(
            exif=exif_from_tiff(content),
            icc=_block(tags.valueof(ICC)),
            xmp=_block(tags.valueof(XMP)),
            iptc=_block(tags.valueof(IPTC)),
        )
        limits.check_metadata(metadata, name)
        kind = int(page.photometric)
        codes = _stored_codes(page)
        coding = TiffCoding(
            compression=COMPRESSIONS.get(int(page.compression), "deflate"), big=file.is_bigtiff
        )
        further = sum(1 for other in file.pages[1:MOST_PAGES] if not _is_reduced(other))
        notes = (C2PA_LOST,) * (tags.get(C2PA) is not None) + (MORE_LOST,) * (further > 0)
        premultiplied = ASSOCIATED_ALPHA in page.extrasamples
    half = codes.dtype == np.float16
    codes = _as_codes(codes, name)
    if kind == WHITE_IS_ZERO:
        codes = (1 - codes) if codes.dtype == np.float32 else np.iinfo(codes.dtype).max - codes
    metadata = _with_orientation(metadata, content)
    if kind == INK:
        photo = ink_photo(codes, metadata=metadata, file_format="TIFF", name=name)
        return replace(photo, coding=coding, notes=notes)
    return photo_of(
        codes, metadata=metadata, file_format="TIFF", name=name, coding=coding,
        depth="f16" if half else None, premultiplied=premultiplied, notes=notes,
    )  # fmt: skip


def _stored_codes(page: Any) -> NDArray[Any]:  # tifffile.TiffPage
    """Codes as they lie in the file, channels last, a palette's colours in 8 bits."""
    codes: NDArray[Any] = page.asarray()
    if page.planarconfig == 2 and codes.ndim == 3:
        codes = codes.transpose(1, 2, 0)
    if page.photometric != PALETTE:
        return codes
    palette: NDArray[np.uint16] = page.colormap
    colours = palette[:, np.minimum(codes, palette.shape[1] - 1)]
    return (colours.transpose(1, 2, 0) >> 8).astype(np.uint8)


def _is_reduced(page: Any) -> bool:  # tifffile.TiffPage or TiffFrame
    return bool(getattr(page, "subfiletype", 1) & 1)


def _largest_piece(page: Any) -> tuple[int, int]:
    """Columns and rows of a strip or tile: a small picture may announce a huge one."""
    pieces = [*page.chunks, 1, 1]
    return max(page.tilewidth or 0, pieces[1], 1), max(page.tilelength or 0, pieces[0], 1)


def _check_kind(page: Any, name: str) -> None:  # tifffile.TiffPage, imported late
    if page.photometric not in (0, 1, 2, PALETTE, INK, YCBCR):
        kind = getattr(page.photometric, "name", page.photometric)
        raise PhotoError(f"{name} is a TIFF of kind {kind}: convert it to RGB or grey.")
    if page.samplesperpixel > 4:
        raise PhotoError(f"{name} has {page.samplesperpixel} channels: give grey or RGB.")
    if page.photometric == INK and page.samplesperpixel != 4:
        raise PhotoError(f"{name} has {page.samplesperpixel} inks: convert it to RGB or CMYK.")
    if page.photometric == YCBCR and page.compression not in JPEG_COMPRESSIONS:
        raise PhotoError(f"{name} is a TIFF of kind YCBCR: convert it to RGB or grey.")
    if page.photometric == PALETTE and (page.samplesperpixel > 1 or page.colormap is None):
        raise PhotoError(f"{name} has a palette and other channels: convert it to RGB.")
    if page.ndim > 3 or (page.ndim == 3 and page.samplesperpixel == 1):
        raise PhotoError(f"{name} holds a stack of pictures: give a single one.")


def _block(value: Any) -> bytes | None:  # whatever a TIFF tag may hold
    return value if isinstance(value, bytes) and value else None


def _as_codes(codes: NDArray[Any], name: str) -> NDArray[Any]:
    if codes.dtype == np.bool_:
        return codes.astype(np.uint8) * np.uint8(255)
    if codes.dtype in (np.dtype(np.float16), np.dtype(np.float64)):
        return codes.astype(np.float32)
    if codes.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32)):
        raise PhotoError(f"{name} is a TIFF of {codes.dtype}: give 8 or 16 bit, or float.")
    return codes


def _with_orientation(metadata: Metadata, content: bytes) -> Metadata:
    """Put the file's orientation into the EXIF block, which is where the reader looks for it."""
    turn = [entry for entry in entries_of(content) if entry.tag == ORIENTATION]
    order = byte_order_of(content)
    if not turn or order is None:
        return metadata
    kept = tuple(entry for entry in entries_of(metadata.exif or b"") if entry.tag != ORIENTATION)
    plain = Layout(order)
    return replace(metadata, exif=plain.header + packed_directory((*kept, *turn), plain, start=8))


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """A TIFF with these codes and all metadata, compressed as its source was."""
    import tifffile

    coding = photo.coding if isinstance(photo.coding, TiffCoding) else TiffCoding(
        compression="deflate", big=False
    )  # fmt: skip
    inks = photo.device is not None
    codes = photo.device.codes if photo.device is not None else photo_to_array(photo)
    if photo.stored_depth == "f16":
        codes = codes.astype(np.float16)
    layout = Layout(
        byte_order_of(metadata.exif or b"") or "<", big=coding.big or codes.nbytes > BIG_BYTES
    )
    colour = codes.ndim == 3 and codes.shape[2] >= 3
    see_through = not inks and codes.ndim == 3 and codes.shape[2] in (2, 4)
    alpha = "assocalpha" if photo.premultiplied else "unassalpha"
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        codes,
        bigtiff=layout.big,
        byteorder=layout.order,
        photometric="separated" if inks else "rgb" if colour else "minisblack",
        planarconfig="contig",
        extrasamples=[alpha] if see_through else None,
        compression=coding.compression,
        predictor=coding.compression is not None,
        rowsperstrip=64,
        iccprofile=metadata.icc,
        metadata=None,
        software=False,
    )
    if photo.format != "TIFF" and metadata.exif is not None and not layout.big:
        return _behind_exif(file.getvalue(), metadata, layout)
    return with_entries(file.getvalue(), _extra_entries(metadata), layout)


def _extra_entries(metadata: Metadata) -> list[Entry]:
    """What the file's directory gets besides the pixels' own entries."""
    extra = [entry for entry in entries_of(metadata.exif or b"") if entry.tag not in STRUCTURAL]
    for tag, kind, block in ((XMP, BYTE, metadata.xmp), (IPTC, UNDEFINED, metadata.iptc)):
        if block is not None:
            extra.append(Entry(tag, kind, len(block), block, 0))
    return extra


def with_entries(file: bytes, extra: list[Entry], layout: Layout) -> bytes:
    """The file with a larger directory at its end, to which the header now points."""
    if not extra:
        return file
    merged = {entry.tag: entry for entry in (*entries_of(file), *extra)}  # EXIF's resolution wins
    start = len(file) + len(file) % 2
    body = bytearray(file.ljust(start, b"\0"))
    struct.pack_into(layout.offset, body, layout.pointer, start)
    return bytes(body) + packed_directory(tuple(merged.values()), layout, start=start)


def _behind_exif(file: bytes, metadata: Metadata, layout: Layout) -> bytes:
    """The file behind a whole EXIF block, whose maker note so keeps the place that it counts from.

    The block is a TIFF file itself: its header becomes the file's, and its sub-directories stay
    where they are; only the first directory is made anew, at the end.
    """
    block = metadata.exif or b""
    block = block.ljust(len(block) + len(block) % 2, b"\0")
    own = [replace(entry, children=()) for entry in _extra_entries(metadata)]
    pixels = []
    for entry in entries_of(file):
        if entry.tag == STRIP_OFFSETS:
            form = f"{layout.order}{entry.count}{FORMS[entry.kind]}"
            moved = [place + len(block) for place in struct.unpack(form, entry.value)]
            value = struct.pack(f"{layout.order}{entry.count}I", *moved)
            entry = Entry(entry.tag, LONG, entry.count, value, 0)
        pixels.append(entry)
    merged = {entry.tag: entry for entry in (*pixels, *own)}
    body = bytearray(block + file)
    body += b"\0" * (len(body) % 2)
    start = len(body)
    struct.pack_into(layout.offset, body, layout.pointer, start)
    return bytes(body) + packed_directory(tuple(merged.values()), layout, start=start)
