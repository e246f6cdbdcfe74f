"""JPEG 2000 by imagecodecs (OpenJPEG): 1 to 16 bits; EXIF, XMP and ICC in boxes of the JP2 file.

ITU-T T.800, annexes A (markers) and I (boxes); XMP part 3, 1.1.5 (its uuid).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from ..codes import narrowed, widened
from ..heif_items import boxes
from ..heif_write import box_of
from ..limits import Limits
from ..photo import Depth, Metadata, Photo, photo_of, photo_to_array

__all__ = ["Jp2Coding", "encoded", "read"]

CODESTREAM = b"\xff\x4f\xff\x51"
COD = b"\xff\x52"
EXIF_UUID = b"JpgTiffExif->JP2"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
C2PA_LOST = "its C2PA manifest, which no longer holds for the edited picture, is left out"
RESTRICTED_ICC = b"\2\0\0"  # method, precedence, approximation of a colr box
PSNR_DB = 45  # of lossy files, whose own rate is not to be had
DEPTHS: dict[int, Depth] = {8: "u8", 10: "u10", 12: "u12", 16: "u16"}
HEAD_BYTES = 4096  # of a code stream, with every marker before its first tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Jp2Coding:
    """How a JPEG 2000 was compressed, and whether it is a bare code stream."""

    lossless: bool
    bare: bool


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A JPEG 2000 file or code stream of grey or RGB."""
    import imagecodecs

    bare = content.startswith(CODESTREAM)
    start = 0 if bare else _start_of_codestream(content)
    size = struct.unpack_from(">IIII", content, start + 8)
    limits.check_size(size[0] - size[2], size[1] - size[3], name)
    tile = struct.unpack_from(">II", content, start + 24)
    limits.check_size(min(tile[0], size[0]), min(tile[1], size[1]), name)
    components, told = struct.unpack_from(">HB", content, start + 40)
    if components > 4 or told & 0x80:
        raise OSError(f"it has {components} channels, or signed ones")
    bits = (told & 0x7F) + 1
    metadata, notes = (Metadata(), ()) if bare else _metadata(content)
    limits.check_metadata(metadata, name)
    # The bare stream: given the file, the decoder would apply its profile.
    codes = np.asarray(imagecodecs.jpeg2k_decode(content[start:]))
    if bits != 8 * codes.dtype.itemsize:
        wide = widened(codes, bits)
        codes = wide if bits > 8 else (wide >> 8).astype(np.uint8)
    coding = Jp2Coding(lossless=_is_reversible(content[start : start + HEAD_BYTES]), bare=bare)
    return photo_of(
        codes, metadata=metadata, file_format="JP2", name=name, coding=coding,
        depth=DEPTHS.get(bits, "u16" if bits > 8 else "u8"), notes=notes,
    )  # fmt: skip


def _start_of_codestream(content: bytes) -> int:
    for kind, _, inside, _ in boxes(content):
        if kind == b"jp2c" and content.startswith(CODESTREAM, inside):
            return inside
    raise OSError("it has no code stream")


def _is_reversible(head: bytes) -> bool:
    """Whether the wavelet is the reversible one: T.800, A.6.1, the last byte but precincts."""
    at = head.find(COD)
    return at >= 0 and len(head) > at + 13 and head[at + 13] == 1


def _metadata(content: bytes) -> tuple[Metadata, tuple[str, ...]]:
    blocks: dict[str, bytes] = {}
    notes: tuple[str, ...] = ()
    for kind, _, inside, end in boxes(content):
        payload = content[inside:end]
        if kind == b"jp2h":
            for inner, _, at, stop in boxes(payload):
                if inner == b"colr" and payload[at : at + 1] in (b"\2", b"\3"):
                    blocks["icc"] = payload[at + 3 : stop]
        elif kind == b"uuid" and payload.startswith(EXIF_UUID):
            blocks["exif"] = payload[16:].removeprefix(b"Exif\0\0")
        elif kind == b"uuid" and payload.startswith(XMP_UUID):
            blocks["xmp"] = payload[16:]
        elif kind == b"uuid" and payload.startswith(C2PA_UUID):
            notes = (C2PA_LOST,)
    found = {key: block for key, block in blocks.items() if block}
    return Metadata(**found), notes  # type: ignore[arg-type]  # the keys are those three


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """A JPEG 2000 with the source's wavelet; lossless where it came from another format."""
    import imagecodecs

    coding = photo.coding if isinstance(photo.coding, Jp2Coding) else None
    codes = np.ascontiguousarray(photo_to_array(photo))
    bits = int(photo.stored_depth[1:])
    if bits in (10, 12):
        codes = narrowed(codes, bits)
    lossless = coding is None or coding.lossless
    bare = coding is not None and coding.bare
    file = bytes(
        imagecodecs.jpeg2k_encode(
            codes, level=None if lossless else PSNR_DB, codecformat="j2k" if bare else "jp2",
            bitspersample=bits, reversible=lossless,
        )
    )  # fmt: skip
    return file if bare else _with_boxes(file, metadata)


def _with_boxes(file: bytes, metadata: Metadata) -> bytes:
    """The file with a profile in its header, and EXIF and XMP before its code stream."""
    extra = b""
    if metadata.exif is not None:
        extra += box_of(b"uuid", EXIF_UUID, metadata.exif)
    if metadata.xmp is not None:
        extra += box_of(b"uuid", XMP_UUID, metadata.xmp)
    out = b""
    for kind, start, inside, end in boxes(file):
        if kind == b"jp2h" and metadata.icc is not None:
            colour = box_of(b"colr", RESTRICTED_ICC, metadata.icc)
            parts = [
                colour if inner == b"colr" else file[at:stop]
                for inner, at, _, stop in boxes(file, inside, end)
            ]
            out += box_of(b"jp2h", *parts)
        else:
            out += (extra if kind == b"jp2c" else b"") + file[start:end]
    return out
