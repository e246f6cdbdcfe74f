"""TIFF in and out: pixels by tifffile, directories as raw entries (exif.py)."""

from __future__ import annotations

import io
import logging
import struct
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PhotoError
from .exif import STRUCTURAL, Entry, byte_order_of, entries_of, exif_from_tiff, packed_directory
from .limits import Limits
from .photo import Metadata, Photo, photo_of

__all__ = ["read_tiff", "tiff_bytes"]

XMP, IPTC, ICC = 700, 34377, 34675
JPEG_COMPRESSIONS = (6, 7)  # their decoder converts YCbCr
ASSOCIATED_ALPHA = 1  # TIFF 6.0, ExtraSamples
BYTE, UNDEFINED = 1, 7


def read_tiff(content: bytes, *, name: str, limits: Limits) -> Photo:
    """The first picture of a TIFF: grey or RGB, 8, 16 bit or float, with or without alpha."""
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())  # damage is told in our words

    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages[0]
        if not isinstance(page, tifffile.TiffPage):
            raise PhotoError(f"{name} holds no picture in its first directory.")
        limits.check_size(page.imagewidth, page.imagelength, name)
        _check_kind(page, name)
        limits.check_size(*_largest_piece(page), name)
        codes = page.asarray()
        if page.planarconfig == 2 and codes.ndim == 3:
            codes = codes.transpose(1, 2, 0)
        tags = page.tags
        metadata = Metadata(
            exif=exif_from_tiff(content),
            icc=_block(tags.valueof(ICC)),
            xmp=_block(tags.valueof(XMP)),
            iptc=_block(tags.valueof(IPTC)),
        )
        inverted = page.photometric == 0
    limits.check_metadata(metadata, name)
    codes = _as_codes(codes, name)
    if inverted:
        codes = (1 - codes) if codes.dtype == np.float32 else np.iinfo(codes.dtype).max - codes
    return photo_of(
        codes, metadata=_with_orientation(metadata, content), file_format="TIFF", name=name
    )


def _largest_piece(page: Any) -> tuple[int, int]:
    """Columns and rows of a strip or tile: a small picture may announce a huge one."""
    pieces = [*page.chunks, 1, 1]
    return max(page.tilewidth or 0, pieces[1], 1), max(page.tilelength or 0, pieces[0], 1)


def _check_kind(page: Any, name: str) -> None:  # tifffile.TiffPage, imported late
    if page.photometric not in (0, 1, 2, 6):  # white is zero, black is zero, RGB, YCbCr
        kind = getattr(page.photometric, "name", page.photometric)
        raise PhotoError(f"{name} is a TIFF of kind {kind}: convert it to RGB or grey.")
    if page.samplesperpixel > 4:
        raise PhotoError(f"{name} has {page.samplesperpixel} channels: give grey or RGB.")
    if page.photometric == 6 and page.compression not in JPEG_COMPRESSIONS:
        raise PhotoError(f"{name} is a TIFF of kind YCBCR: convert it to RGB or grey.")
    if ASSOCIATED_ALPHA in page.extrasamples:
        raise PhotoError(f"{name} has premultiplied alpha: save it with straight alpha.")
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
    turn = [entry for entry in entries_of(content) if entry.tag == 0x0112]
    order = byte_order_of(content)
    if not turn or order is None:
        return metadata
    kept = tuple(entry for entry in entries_of(metadata.exif or b"") if entry.tag != 0x0112)
    header = content[:4] + struct.pack(order + "I", 8)
    return replace(metadata, exif=header + packed_directory((*kept, *turn), order, start=8))


def tiff_bytes(codes: NDArray[Any], metadata: Metadata) -> bytes:
    """A TIFF file with these codes and all metadata.

    Parameters
    ----------
    codes : uint8, uint16 or float32, (H, W) or (H, W, 2..4)
    metadata : Metadata
        EXIF already upright.
    """
    import tifffile

    order = byte_order_of(metadata.exif or b"") or "<"
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        codes,
        byteorder=order,
        photometric="rgb" if codes.ndim == 3 and codes.shape[2] >= 3 else "minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"] if codes.ndim == 3 and codes.shape[2] in (2, 4) else None,
        compression="deflate",
        predictor=True,
        rowsperstrip=64,
        iccprofile=metadata.icc,
        metadata=None,
        software=False,
    )
    return _with_entries(file.getvalue(), _extra_entries(metadata), order)


def _extra_entries(metadata: Metadata) -> list[Entry]:
    """What the file's directory gets besides the pixels' own entries."""
    extra = [entry for entry in entries_of(metadata.exif or b"") if entry.tag not in STRUCTURAL]
    for tag, kind, block in ((XMP, BYTE, metadata.xmp), (IPTC, UNDEFINED, metadata.iptc)):
        if block is not None:
            extra.append(Entry(tag, kind, len(block), block, 0))
    return extra


def _with_entries(file: bytes, extra: list[Entry], order: str) -> bytes:
    """The file with a larger directory at its end, to which the header now points."""
    if not extra:
        return file
    merged = {entry.tag: entry for entry in (*entries_of(file), *extra)}  # EXIF's resolution wins
    start = len(file) + len(file) % 2
    body = bytearray(file.ljust(start, b"\0"))
    struct.pack_into(order + "I", body, 4, start)
    return bytes(body) + packed_directory(tuple(merged.values()), order, start=start)
