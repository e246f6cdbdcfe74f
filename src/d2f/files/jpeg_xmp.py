"""Other XMP packets into a finished JPEG, every other byte as it was.

XMP part 3 (Adobe, 2020), 1.1.3: a packet over 64 KB leaves a short one in a segment of its own and
goes on in further segments, each telling the MD5 of the whole, its length and the part's offset.
Where the file has an index of several pictures (MPF), the first one's size in it grows as well;
offsets are told from the index itself, behind which nothing moves.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from ..errors import PhotoError
from .containers.jpeg_segments import (
    APP1,
    APP2,
    EOI,
    EXIF,
    EXTENDED,
    LONGEST,
    MPF,
    SOS,
    XMP,
    jpeg_parts,
    metadata_segments,
)
from .limits import DEFAULT_LIMITS
from .photo import Metadata
from .xmp import NOTE, RDF, with_elements
from .xmp_depth import without_namespaces

__all__ = ["with_xmp"]

APP0 = 0xE0
ENTRIES_TAG = 0xB002  # CIPA DC-007, 5.2.3.3: 16 bytes a picture, its size the second 4


def with_xmp(jpeg: bytes, standard: bytes, extended: bytes | None) -> bytes:
    """The file with these packets instead of its own.

    Parameters
    ----------
    jpeg : bytes
    standard : bytes
        Told here which extended packet goes with it.
    extended : bytes, optional

    Raises
    ------
    PhotoError
        If a packet is too long.
    """
    standard = without_namespaces(standard, (NOTE,))
    if extended is not None:
        guid = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper()
        note = f'xmlns:rdf="{RDF}" rdf:about="" xmlns:xmpNote="{NOTE}"'
        pointer = f'<rdf:Description {note} xmpNote:HasExtendedXMP="{guid}"/>'
        standard = with_elements(standard, pointer.encode()) or standard
        if len(extended) > DEFAULT_LIMITS.xmp_bytes:
            raise PhotoError(
                f"what is to be embedded would fill {len(extended)} bytes of XMP, more than the "
                f"limit of {DEFAULT_LIMITS.xmp_bytes}: use --embed-depth dynamic, or leave the "
                "original out."
            )
    if len(XMP) + len(standard) > LONGEST:
        raise PhotoError(
            f"the photo's XMP would have {len(standard)} bytes, more than a JPEG segment holds: "
            "remove its XMP, or write a HEIC."
        )
    packets = Metadata(xmp=standard, extended_xmp=extended)
    own = b"".join(
        struct.pack(">BBH", 0xFF, segment.marker, len(segment.payload) + 2) + segment.payload
        for segment in metadata_segments(packets, name="the output")
    )
    return _with_segments(jpeg, own)


def _with_segments(jpeg: bytes, own: bytes) -> bytes:
    """XMP goes behind JFIF and EXIF, in front of all else."""
    before, kept, last = b"", b"", 2
    for marker, start, end in _places(jpeg):
        payload = jpeg[start + 4 : end]
        if marker == APP1 and payload.startswith((XMP, EXTENDED)):
            last = end
            continue
        if not kept and (marker == APP0 or payload.startswith(EXIF)):
            before += jpeg[start:end]
        else:
            kept += jpeg[start:end]
        last = end
    head = jpeg[:2] + before + own
    file = head + kept + jpeg[last:]
    growth = len(file) - len(jpeg)
    return _with_first_size(file, jpeg_parts(jpeg).end + growth)


def _places(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of every segment before the picture's data."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] not in (SOS, EOI):
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], at, end
        at = end


def _with_first_size(file: bytes, size: int) -> bytes:
    """The file with the size of its first picture in its index, where it has one."""
    for marker, start, end in _places(file):
        payload = file[start + 4 : end]
        if marker != APP2 or not payload.startswith(MPF):
            continue
        at = _first_entry(payload[len(MPF) :])
        if at is not None:
            order = ">" if payload[len(MPF) :].startswith(b"MM") else "<"
            place = start + 4 + len(MPF) + at + 4
            return file[:place] + struct.pack(order + "I", size) + file[place + 4 :]
    return file


def _first_entry(index: bytes) -> int | None:
    """Where the entry of the first picture stands in an index, a TIFF structure."""
    from .exif import entries_of

    entry = next((entry for entry in entries_of(index) if entry.tag == ENTRIES_TAG), None)
    return None if entry is None or len(entry.value) < 16 else entry.at
