"""A JPEG file as segments: what stands before the picture's data, and where the picture ends.

ITU-T T.81, annex B (markers); Exif 2.32, 4.5.4 (APP1); ICC.1:2022, B.4 (APP2); XMP part 3, 1.1.3.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import PhotoError
from ..limits import Limits
from ..photo import Metadata

__all__ = [
    "JpegParts",
    "Segment",
    "jpeg_parts",
    "metadata_of",
    "metadata_segments",
    "spliced",
]

APP0, APP1, APP2, APP11, APP13, APP14, COM = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xFE
SOS, EOI = 0xDA, 0xD9
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOFn without DHT, JPG, DAC
LONGEST = 65_533  # payload of a segment
EXIF, XMP, ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
EXTENDED, PHOTOSHOP, MPF = b"http://ns.adobe.com/xmp/extension/\0", b"Photoshop 3.0\0", b"MPF\0"
ICC_PART = LONGEST - len(ICC) - 2
EXTENDED_PART = 65_400  # below the 65 458 that XMP part 3 allows
HAS_EXTENDED = re.compile(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([0-9A-Fa-f]{32})")
START, END = b"\xff\xd8\xff", b"\xff\xd9"
MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")  # no stuffed zero, no restart


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker and what belongs to it."""

    marker: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegParts:
    """What a JPEG's markers tell.

    Attributes
    ----------
    segments : list of Segment
        Application segments and comments, in the order of the file.
    width, height, precision, components : int
        Of the frame header; 0 where it is missing.
    end : int
        Where the first picture of the file ends.
    """

    segments: list[Segment]
    width: int
    height: int
    precision: int
    components: int
    end: int

    def payloads(self, marker: int, signature: bytes) -> list[bytes]:
        """What follows a signature in the segments of one kind."""
        return [
            segment.payload[len(signature) :]
            for segment in self.segments
            if segment.marker == marker and segment.payload.startswith(signature)
        ]


def jpeg_parts(content: bytes) -> JpegParts:
    """The parts of a JPEG; damage ends the list early."""
    segments: list[Segment] = []
    frame = (0, 0, 0, 0)
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        payload = content[at + 4 : at + 2 + length]
        if marker in FRAMES and len(payload) >= 6:
            precision, height, width, components = struct.unpack_from(">BHHB", payload)
            frame = (width, height, precision, components)
        elif marker >= APP0 and (marker < 0xF0 or marker == COM):
            segments.append(Segment(marker, payload))
        at += 2 + length
        if marker in (SOS, EOI) or length < 2:
            break
    width, height, precision, components = frame
    return JpegParts(
        segments=segments, width=width, height=height, precision=precision,
        components=components, end=_end_of_scans(content, at),
    )  # fmt: skip


def _end_of_scans(content: bytes, at: int) -> int:
    if content.endswith(END) and content.find(START, at) < 0:
        return len(content)  # nothing follows: most files, told without a look at every marker
    while (match := MARKER_IN_SCAN.search(content, at)) is not None:
        at = match.end()
        if content[at - 1] == EOI:
            return at
        if at + 2 <= len(content):  # tables between scans have lengths, and may hold anything
            at += int.from_bytes(content[at : at + 2], "big")
    return len(content)


def metadata_of(parts: JpegParts, *, name: str, limits: Limits) -> Metadata:
    """EXIF, ICC, XMP and IPTC from their segments."""
    exif = parts.payloads(APP1, EXIF)
    xmp = next(iter(parts.payloads(APP1, XMP)), None)
    return Metadata(
        exif=exif[0] or None if exif else None,
        icc=_icc(parts.payloads(APP2, ICC)),
        xmp=xmp or None,
        extended_xmp=_extended(parts, xmp or b"", name=name, limits=limits),
        iptc=b"".join(parts.payloads(APP13, PHOTOSHOP)) or None,
    )


def _icc(pieces: list[bytes]) -> bytes | None:
    """A profile from its numbered pieces, in whichever order they stand."""
    numbered = sorted((piece for piece in pieces if len(piece) > 2), key=lambda piece: piece[0])
    return b"".join(piece[2:] for piece in numbered) or None


def _extended(parts: JpegParts, xmp: bytes, *, name: str, limits: Limits) -> bytes | None:
    """The long part of the XMP; None where there is none or pieces are missing."""
    match = HAS_EXTENDED.search(xmp)
    if match is None:
        return None
    guid = match[1].upper()
    pieces = [piece[32:] for piece in parts.payloads(APP1, EXTENDED) if piece[:32].upper() == guid]
    packet = bytearray()
    for piece in sorted(pieces, key=lambda piece: piece[4:8]):
        if len(piece) < 8:
            return None
        total, offset = struct.unpack_from(">II", piece)
        if total > limits.xmp_bytes:
            raise PhotoError(
                f"{name} carries {total} bytes of extended XMP, more than the limit of "
                f"{limits.xmp_bytes}: remove that block from the file."
            )
        if offset != len(packet):
            return None
        packet += piece[8:]
    return bytes(packet) or None


def metadata_segments(metadata: Metadata, *, name: str) -> list[Segment]:
    """Segments that hold the metadata.

    Raises
    ------
    PhotoError
        If EXIF or the XMP packet is longer than a segment.
    """
    found: list[Segment] = []
    for block, marker, signature in (
        (metadata.exif, APP1, EXIF),
        (metadata.xmp, APP1, XMP),
    ):
        if block is None:
            continue
        if len(signature) + len(block) > LONGEST:
            raise PhotoError(
                f"{name} carries {len(block)} bytes of {'EXIF' if signature == EXIF else 'XMP'}, "
                f"more than a JPEG can hold: write a PNG or TIFF instead."
            )
        found.append(Segment(marker, signature + block))
    if metadata.extended_xmp is not None:
        whole = metadata.extended_xmp
        head = EXTENDED + hashlib.md5(whole, usedforsecurity=False).hexdigest().upper().encode()
        for at in range(0, len(whole), EXTENDED_PART):
            place = struct.pack(">II", len(whole), at)
            found.append(Segment(APP1, head + place + whole[at : at + EXTENDED_PART]))
    if metadata.icc is not None:
        pieces = [metadata.icc[at : at + ICC_PART] for at in range(0, len(metadata.icc), ICC_PART)]
        for number, piece in enumerate(pieces, 1):
            found.append(Segment(APP2, ICC + bytes((number, len(pieces))) + piece))
    if metadata.iptc is not None:
        room = LONGEST - len(PHOTOSHOP)
        for at in range(0, len(metadata.iptc), room):
            found.append(Segment(APP13, PHOTOSHOP + metadata.iptc[at : at + room]))
    return found


def spliced(jpeg: bytes, segments: Iterable[Segment], *, jfif: bool) -> bytes:
    """An encoder's file with segments put in front of its picture.

    Parameters
    ----------
    jpeg : bytes
    segments : Segments
    jfif : bool
        Whether the encoder's JFIF header stays; cameras write none.
    """
    at = 2
    while jpeg[at + 1] == APP0:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    own = b"".join(
        struct.pack(">BBH", 0xFF, segment.marker, len(segment.payload) + 2) + segment.payload
        for segment in segments
    )
    return jpeg[: at if jfif else 2] + own + jpeg[at:]
