"""What follows the picture in a JPEG file: gain maps, depth, previews, films.

CIPA DC-007 (multi-picture format), Ultra HDR 1.1 and ISO 21496-1 (gain maps), Google's container
directory in XMP, whose lengths have to stay true.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, JpegImagePlugin

from ..exif import orientation_of
from ..limits import Limits
from ..photo import GainMap, Metadata, Photo
from .gain_map_words import gain_map_of_words
from .jpeg_segments import (
    APP0,
    APP1,
    APP2,
    APP14,
    MPF,
    XMP,
    JpegParts,
    Segment,
    jpeg_parts,
    spliced,
)

__all__ = ["Trailer", "trailer_of", "with_trailer"]

START = b"\xff\xd8\xff"
DIRECTORIES = (  # of gain maps and films, and of depth
    b"http://ns.google.com/photos/1.0/container/",
    b"http://ns.google.com/photos/dd/1.0/container/",
)
GAIN_MAP_SIGNS = (
    b"http://ns.adobe.com/hdr-gain-map/",
    b"urn:iso:std:iso:ts:21496:-1",
    b"hdrgainmap",  # Apple's
)
ITEM_OF_GAIN_MAP = re.compile(rb"<[^<>]*Semantic\s*=\s*[\"']GainMap[\"'][^<>]*>")
LENGTH = re.compile(rb"(Length\s*=\s*[\"'])\d+")
MOST_PICTURES = 50
GDEPTH = b"http://ns.google.com/photos/1.0/depthmap/"
DEPTH_LOST = "its depth map (GDepth), which lies across the upright picture, is left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapCoding:
    """How a gain map's own JPEG was made."""

    tables: tuple[tuple[int, ...], ...]
    subsampling: int
    grey: bool
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailer:
    """What is written behind the picture.

    Attributes
    ----------
    pieces : tuple of bytes or None
        In their order; None stands for the gain map, which is encoded anew.
    gain_map : MapCoding, optional
    indexed : bool
        Whether the file has an index of its pictures (MPF).
    """

    pieces: tuple[bytes | None, ...]
    gain_map: MapCoding | None
    indexed: bool


def trailer_of(
    content: bytes, parts: JpegParts, metadata: Metadata, *, limits: Limits, name: str
) -> tuple[Trailer | None, GainMap | None, tuple[str, ...]]:
    """What follows the picture: what is kept of it, its gain map, and words on what is not.

    Depth and films that a directory in the XMP lists are kept byte for byte, unless the photo has
    to be turned, which would part them from it. Previews show the photo as it was: they go.
    """
    pieces = _pieces(content[parts.end :])
    told = (metadata.xmp or b"") + (metadata.extended_xmp or b"")
    listed = any(name in told for name in DIRECTORIES) and orientation_of(metadata.exif) == 1
    kept: list[bytes | None] = []
    coding, gain_map = None, None
    lost = 0
    for piece in pieces:
        if gain_map is None and piece.startswith(START) and _is_gain_map(piece):
            coding, gain_map = _gain_map_of(piece, limits=limits, name=name)
            kept.append(None)
        elif listed:
            kept.append(piece)
        else:
            lost += len(piece)
    notes: tuple[str, ...] = ()
    if lost:
        notes += (f"{lost} bytes behind the picture (previews, depth or a film) are left out",)
    if GDEPTH in told and orientation_of(metadata.exif) != 1:
        notes += (DEPTH_LOST,)
    if not kept:
        return None, None, notes
    indexed = bool(parts.payloads(APP2, MPF))
    trailer = Trailer(pieces=tuple(kept), gain_map=coding, indexed=indexed)
    return trailer, gain_map, notes


def _pieces(rest: bytes) -> list[bytes]:
    """JPEG files one behind the other, then whatever else is there."""
    found: list[bytes] = []
    at = 0
    while len(found) < MOST_PICTURES:
        padding = len(rest) - at - len(rest[at:].lstrip(b"\0"))
        if not rest.startswith(START, at + padding):
            break
        at += padding
        end = at + jpeg_parts(rest[at:]).end
        found.append(rest[at:end])
        at = end
    if rest[at:].strip(b"\0"):
        found.append(rest[at:])
    return found


def _is_gain_map(jpeg: bytes) -> bool:
    head = b"".join(segment.payload for segment in jpeg_parts(jpeg).segments)
    return any(sign in head for sign in GAIN_MAP_SIGNS)


def _gain_map_of(jpeg: bytes, *, limits: Limits, name: str) -> tuple[MapCoding, GainMap]:
    parts = jpeg_parts(jpeg)
    limits.check_size(parts.width, parts.height, f"the gain map of {name}")
    with JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg)) as image:
        grey = image.mode == "L"
        own = tuple(
            segment
            for segment in parts.segments
            if segment.marker not in (APP0, APP14) and not segment.payload.startswith(MPF)
        )
        coding = MapCoding(
            tables=tuple(tuple(table) for _, table in sorted(image.quantization.items())),
            subsampling=JpegImagePlugin.get_sampling(image),
            grey=grey,
            segments=own,
        )
        codes = np.array(image.convert("RGB"))
    words = [segment.payload for segment in parts.segments]
    return coding, replace(gain_map_of_words(words), codes=codes)


def with_trailer(
    picture: bytes, segments: list[Segment], trailer: Trailer, photo: Photo, *, jfif: bool
) -> bytes:
    """The whole file: picture, segments, and all that follows, with true lengths and offsets."""
    pieces = []
    for piece in trailer.pieces:
        if piece is None and trailer.gain_map is not None and photo.gain_map is not None:
            piece = _encoded_map(photo.gain_map, trailer.gain_map)
            segments = [_with_length(segment, len(piece)) for segment in segments]
        if piece is not None:
            pieces.append(piece)
    pictures = [piece for piece in pieces if piece.startswith(START)]
    if not trailer.indexed or not pictures:
        return spliced(picture, segments, jfif=jfif) + b"".join(pieces)
    blank = Segment(APP2, _index([0] * (len(pictures) + 1), [0] * (len(pictures) + 1)))
    primary = spliced(picture, [*segments, blank], jfif=jfif)
    header = primary.index(MPF) + len(MPF)
    sizes, offsets, at = [len(primary)], [0], len(primary)
    for piece in pieces:
        if piece.startswith(START):
            sizes.append(len(piece))
            offsets.append(at - header)
        at += len(piece)
    index = Segment(APP2, _index(sizes, offsets))
    return spliced(picture, [*segments, index], jfif=jfif) + b"".join(pieces)


def _encoded_map(gain_map: GainMap, coding: MapCoding) -> bytes:
    codes = gain_map.codes[..., 0] if coding.grey else gain_map.codes
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(codes)).save(
        file,
        "JPEG",
        qtables=[list(table) for table in coding.tables],
        subsampling=max(coding.subsampling, 0),
    )
    return spliced(file.getvalue(), coding.segments, jfif=True)


def _with_length(segment: Segment, length: int) -> Segment:
    """The XMP segment with the gain map's length in its directory."""
    if segment.marker != APP1 or not segment.payload.startswith(XMP):
        return segment

    def renewed(item: re.Match[bytes]) -> bytes:
        return LENGTH.sub(rb"\g<1>" + str(length).encode(), item[0])

    return Segment(APP1, ITEM_OF_GAIN_MAP.sub(renewed, segment.payload))


def _index(sizes: list[int], offsets: list[int]) -> bytes:
    """The payload of an MPF segment: CIPA DC-007, 5.2. The first picture is the main one."""
    count = len(sizes)
    entries = b"".join(
        struct.pack(">IIIHH", 0x030000 if number == 0 else 0, size, offset, 0, 0)
        for number, (size, offset) in enumerate(zip(sizes, offsets, strict=True))
    )
    directory = struct.pack(">H", 3)
    directory += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    directory += struct.pack(">HHII", 0xB001, 4, 1, count)
    directory += struct.pack(">HHII", 0xB002, 7, 16 * count, 8 + 2 + 36 + 4)
    return MPF + b"MM\0*" + struct.pack(">I", 8) + directory + bytes(4) + entries
