"""The parts of a JPEG file around its picture: segments, XMP in all its lengths, what follows.

XMP part 3 (Adobe, 2020), 1.1.3: a packet over 64 KB leaves a short one in a segment of its own and
goes on in further segments, each telling the MD5 of the whole, its length and the part's offset.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass

from ..errors import PhotoError
from .depth_values import UnusableDepth
from .limits import DEFAULT_LIMITS

__all__ = [
    "NOTE",
    "JpegXmp",
    "end_of_picture",
    "exif_of_jpeg",
    "guid_of",
    "with_xmp",
    "xmp_of_jpeg",
]

STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
NOTE = "http://ns.adobe.com/xmp/note/"
GUID_BYTES = 32
LONGEST_PAYLOAD = 65_533  # of a segment: its length counts itself
LONGEST_STANDARD = LONGEST_PAYLOAD - len(STANDARD)
PART_BYTES = 65_400  # of an extended packet in one segment; 65 458 is the most
APP0, APP1, SOS, EOI = 0xE0, 0xE1, 0xDA, 0xD9
MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")  # not a stuffed zero, not a restart
HAS_EXTENDED = re.compile(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([0-9A-Fa-f]{32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegXmp:
    """XMP of a JPEG: the packet that every reader sees, and the one that goes on elsewhere."""

    standard: bytes | None
    extended: bytes | None

    @property
    def packets(self) -> list[bytes]:
        """Those that are there."""
        return [packet for packet in (self.standard, self.extended) if packet is not None]


@dataclass(frozen=True, slots=True)
class _Segment:
    marker: int
    start: int  # of the marker
    end: int
    payload: bytes


def _segments(jpeg: bytes) -> list[_Segment]:
    """The segments before the picture's data; damage ends the list early."""
    found: list[_Segment] = []
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
            continue
        (length,) = struct.unpack_from(">H", jpeg, at + 2)
        if marker in (SOS, EOI) or length < 2 or at + 2 + length > len(jpeg):
            break
        found.append(_Segment(marker, at, at + 2 + length, jpeg[at + 4 : at + 2 + length]))
        at += 2 + length
    return found


def end_of_picture(jpeg: bytes) -> int:
    """Where the first picture of the file ends; what follows belongs to a container.

    Raises
    ------
    UnusableDepth
        If the picture has no end.
    """
    segments = _segments(jpeg)
    at = segments[-1].end if segments else 2
    while (match := MARKER_IN_SCAN.search(jpeg, at)) is not None:
        at = match.end()
        if jpeg[at - 1] == EOI:
            return at
        if at + 2 <= len(jpeg):  # tables between scans have lengths, and may hold anything
            at += struct.unpack_from(">H", jpeg, at)[0]
    raise UnusableDepth("the picture has no end marker: copy the file again from its source.")


def exif_of_jpeg(jpeg: bytes) -> bytes | None:
    """The EXIF block of a JPEG file, a TIFF structure."""
    payloads = (segment.payload for segment in _segments(jpeg) if segment.marker == APP1)
    return next((load[6:] for load in payloads if load.startswith(b"Exif\0\0")), None)


def xmp_of_jpeg(jpeg: bytes, name: str) -> JpegXmp:
    """The XMP packets of a JPEG file.

    Raises
    ------
    PhotoError
        If the extended packet announces more than the limit.
    UnusableDepth
        If parts of it are missing.
    """
    payloads = [segment.payload for segment in _segments(jpeg) if segment.marker == APP1]
    standard = next((load[len(STANDARD) :] for load in payloads if load.startswith(STANDARD)), None)
    match = HAS_EXTENDED.search(standard or b"")
    if match is None:
        return JpegXmp(standard=standard, extended=None)
    head = EXTENSION + match[1].upper()
    parts = [load[len(head) :] for load in payloads if load[: len(head)].upper() == head.upper()]
    return JpegXmp(standard=standard, extended=_assembled(parts, name) if parts else None)


def _assembled(parts: list[bytes], name: str) -> bytes:
    """One packet from its parts, which may stand in any order."""
    damaged = UnusableDepth(f"{name} carries extended XMP of which parts are missing: "
                            "copy the file again from its source.")  # fmt: skip
    if min(map(len, parts)) < 8:
        raise damaged
    (total,) = struct.unpack_from(">I", parts[0])
    if total > DEFAULT_LIMITS.xmp_bytes:
        raise PhotoError(
            f"{name} carries {total} bytes of extended XMP, more than the limit of "
            f"{DEFAULT_LIMITS.xmp_bytes}: remove that block from the file."
        )
    if sum(map(len, parts)) - 8 * len(parts) < total:
        raise damaged
    packet = bytearray()
    for part in sorted(parts, key=lambda part: part[4:8]):
        full, offset = struct.unpack_from(">II", part)
        if full != total or offset != len(packet):
            raise damaged
        packet += part[8:]
    if len(packet) != total:
        raise damaged
    return bytes(packet)


def with_xmp(jpeg: bytes, standard: bytes, extended: bytes | None = None) -> bytes:
    """The file with these packets instead of its own; every other byte as it was.

    Parameters
    ----------
    jpeg : bytes
    standard : bytes
        At most 65 504 bytes; where there is an extended packet it names its MD5 (`guid_of`).
    extended : bytes, optional

    Raises
    ------
    PhotoError
        If a packet is too long.
    """
    if len(standard) > LONGEST_STANDARD:
        raise PhotoError(
            f"the photo's XMP would have {len(standard)} bytes, more than the {LONGEST_STANDARD} "
            "of a JPEG segment: remove its XMP, or embed depth in another format."
        )
    if extended is not None and len(extended) > DEFAULT_LIMITS.xmp_bytes:
        raise PhotoError(
            f"what is to be embedded would fill {len(extended)} bytes of XMP, more than the limit "
            f"of {DEFAULT_LIMITS.xmp_bytes}: use --embed-depth dynamic, or leave the original out."
        )
    own = _segment(STANDARD + standard)
    for offset in range(0, len(extended or b""), PART_BYTES):
        assert extended is not None
        head = guid_of(extended) + struct.pack(">II", len(extended), offset)
        own += _segment(EXTENSION + head + extended[offset : offset + PART_BYTES])
    before, kept = b"", b""
    last = 2
    for segment in _segments(jpeg):
        is_first = segment.marker == APP0 or segment.payload.startswith(b"Exif\0")
        if segment.payload.startswith((STANDARD, EXTENSION)) and segment.marker == APP1:
            kept += jpeg[last : segment.start]
        elif is_first and not kept:  # JFIF and EXIF stay in front
            before += jpeg[last : segment.end]
        else:
            kept += jpeg[last : segment.end]
        last = segment.end
    return jpeg[:2] + before + own + kept + jpeg[last:]


def guid_of(extended: bytes) -> bytes:
    """The name under which a standard packet points to this extended one."""
    return hashlib.md5(extended, usedforsecurity=False).hexdigest().upper().encode()


def _segment(payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, APP1, len(payload) + 2) + payload
