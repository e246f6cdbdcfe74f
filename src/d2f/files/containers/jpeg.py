"""JPEG: 8 bits by Pillow, 12 by imagecodecs; every segment kept, compressed as it was."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin

from ..codes import codes_of_image, narrowed, widened
from ..device import ink_photo
from ..exif import orientation_of
from ..limits import Limits
from ..photo import DeviceCodes, GainMap, Metadata, Photo, photo_of, photo_to_array
from ..xmp import split_for_jpeg
from .jpeg_segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    APP14,
    EXIF,
    EXTENDED,
    ICC,
    MPF,
    PHOTOSHOP,
    XMP,
    JpegParts,
    Segment,
    jpeg_parts,
    metadata_of,
    metadata_segments,
    spliced,
)
from .jpeg_trailer import Trailer, trailer_of, with_trailer

__all__ = ["JpegCoding", "encoded", "read"]

QUALITY = 95  # of JPEGs that come from another format
OWN = {
    APP0: (b"",),
    APP1: (EXIF, XMP, EXTENDED),
    APP2: (ICC, MPF),
    APP13: (PHOTOSHOP,),
    APP14: (b"",),
}  # segments that are made anew
JFIF, JFIF_FACTS = b"JFIF\0", 7  # bytes before the thumbnail's size
COLOURS = 3  # channels of a photo that is neither grey nor inks
RARE_SUBSAMPLING = (
    "its rare chroma subsampling (4:4:0, 4:1:1 or odder) becomes 4:4:4, which keeps more"
)
LUMINANCE_QUALITY_50_SUM = 3688  # of T.81, table K.1
C2PA_LOST = "its C2PA manifest, which no longer holds for the edited picture, is left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegCoding:
    """How a JPEG was compressed, so that it can be compressed the same way again.

    Attributes
    ----------
    tables : tuple of tuples of int
        Quantisation tables in the order of their numbers.
    subsampling : int
        0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0; -1 unknown.
    progressive : bool
    rgb : bool
        Whether the file holds RGB instead of YCbCr.
    jfif : tuple of Segment
        The JFIF header, as the upright photo has it; cameras write none.
    segments : tuple of Segment
        What is neither EXIF, ICC, XMP nor IPTC.
    trailer : Trailer, optional
        What follows the picture.
    """

    tables: tuple[tuple[int, ...], ...]
    subsampling: int = 0
    progressive: bool = False
    rgb: bool = False
    jfif: tuple[Segment, ...] = ()
    segments: tuple[Segment, ...] = ()
    trailer: Trailer | None = None


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A JPEG of any kind that cameras and scanners make."""
    parts = jpeg_parts(content)
    if not parts.components:
        raise OSError("it has no frame header")
    limits.check_size(parts.width, parts.height, name)
    metadata = metadata_of(parts, name=name, limits=limits)
    limits.check_metadata(metadata, name)
    others, notes = _others(parts)
    if parts.precision == 12:
        return _read_12_bit(content, parts, metadata, others, name=name, notes=notes)
    with JpegImagePlugin.JpegImageFile(io.BytesIO(content)) as image:
        coding = JpegCoding(
            tables=tuple(tuple(table) for _, table in sorted(image.quantization.items())),
            subsampling=JpegImagePlugin.get_sampling(image),
            progressive=bool(image.info.get("progressive")),
            rgb=image.mode == "RGB" and _holds_rgb(parts),
            jfif=_jfif_of(parts, metadata),
            segments=others,
        )
        if image.layers == COLOURS and coding.subsampling < 0:
            notes += (RARE_SUBSAMPLING,)
        image.load()
        codes = codes_of_image(image)
    if codes.ndim == 3 and codes.shape[2] == 4:
        photo = ink_photo(codes, metadata=metadata, file_format="JPEG", name=name)
        return replace(photo, coding=coding, notes=notes)
    trailer, gain_map, more = trailer_of(content, parts, metadata, limits=limits, name=name)
    photo = photo_of(
        codes, metadata=metadata, file_format="JPEG", name=name,
        coding=replace(coding, trailer=trailer), notes=notes + more,
    )  # fmt: skip
    return replace(photo, gain_map=gain_map)


def _others(parts: JpegParts) -> tuple[tuple[Segment, ...], tuple[str, ...]]:
    """Segments to keep as they are, and what is said of those that are not."""
    kept: list[Segment] = []
    manifests = {
        segment.payload[2:4]  # the number of the box that the segment continues
        for segment in parts.segments
        if segment.marker == APP11 and b"c2pa" in segment.payload[:80]
    }
    for segment in parts.segments:
        is_own = segment.payload.startswith(OWN.get(segment.marker, (b"\0" * 9,)))
        is_manifest = segment.marker == APP11 and segment.payload[2:4] in manifests
        if not is_own and not is_manifest:
            kept.append(segment)
    return tuple(kept), (C2PA_LOST,) if manifests else ()


def _jfif_of(parts: JpegParts, metadata: Metadata) -> tuple[Segment, ...]:
    """The JFIF header (version, unit, density across and down) without its thumbnail (T.871)."""
    told = parts.payloads(APP0, JFIF)
    if not told or len(told[0]) < JFIF_FACTS:
        return ()
    version, across, down = told[0][:3], told[0][3:5], told[0][5:7]
    if orientation_of(metadata.exif) >= 5:  # rows and columns are swapped
        across, down = down, across
    return (Segment(APP0, JFIF + version + across + down + bytes(2)),)


def _holds_rgb(parts: JpegParts) -> bool:
    """Adobe's transform 0 on three channels (Technical note 5116)."""
    adobe = parts.payloads(APP14, b"Adobe")
    return bool(adobe) and len(adobe[0]) >= 7 and adobe[0][6] == 0


def _read_12_bit(
    content: bytes,
    parts: JpegParts,
    metadata: Metadata,
    others: tuple[Segment, ...],
    *,
    name: str,
    notes: tuple[str, ...],
) -> Photo:
    import imagecodecs

    codes = np.asarray(imagecodecs.jpeg8_decode(content))
    table = content.find(b"\xff\xdb")
    wide = content[table + 4] >> 4
    values = np.frombuffer(content, ">u2" if wide else "u1", 64, table + 5)
    coding = JpegCoding(
        tables=(tuple(int(value) for value in values),),
        jfif=_jfif_of(parts, metadata),
        segments=others,
    )
    return photo_of(
        widened(codes, 12), metadata=metadata, file_format="JPEG", name=name, coding=coding,
        depth="u12", notes=notes,
    )  # fmt: skip


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """A JPEG with the source's tables and subsampling where it was one, else of high quality."""
    coding = photo.coding if isinstance(photo.coding, JpegCoding) else None
    metadata = split_for_jpeg(metadata)
    segments = metadata_segments(metadata, name=photo.name)
    if coding is not None:
        segments = [*coding.jfif, *segments, *coding.segments]
    if photo.stored_depth == "u12":
        picture = _encoded_12_bit(photo, coding)
    else:
        picture = _encoded(photo, coding)
    jfif = coding is None  # else its own, or none
    if coding is None or coding.trailer is None:
        return spliced(picture, segments, jfif=jfif)
    return with_trailer(picture, segments, coding.trailer, photo, jfif=jfif)


def _encoded(photo: Photo, coding: JpegCoding | None) -> bytes:
    if isinstance(photo.device, DeviceCodes):
        image = Image.fromarray(photo.device.codes, mode="CMYK")
    else:
        codes = photo_to_array(replace(photo, alpha=None))
        image = Image.fromarray(np.ascontiguousarray(codes))
    options: dict[str, Any] = {"quality": QUALITY, "subsampling": 0}  # Pillow's mixture of types
    if coding is not None:
        options = {
            "qtables": [list(table) for table in coding.tables],
            "subsampling": max(coding.subsampling, 0),
            "progressive": coding.progressive,
            "keep_rgb": coding.rgb,
        }
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def _encoded_12_bit(photo: Photo, coding: JpegCoding | None) -> bytes:
    """12 bits; libjpeg takes no tables through this door, so the nearest quality stands in."""
    import imagecodecs

    tables = coding.tables if coding is not None else ()
    level = _quality_of(tables[0]) if tables else QUALITY
    codes = narrowed(photo_to_array(replace(photo, alpha=None)), 12)
    return bytes(imagecodecs.jpeg8_encode(codes, level=level, bitspersample=12, subsampling="444"))


def _quality_of(table: tuple[int, ...]) -> int:
    """The quality whose luminance table has this sum, as libjpeg scales them."""
    percent = 100 * sum(table) / LUMINANCE_QUALITY_50_SUM
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return int(np.clip(round(quality), 1, 100))


def gain_map_image(gain_map: GainMap, *, grey: bool) -> Image.Image:
    """The codes of a gain map as Pillow takes them."""
    codes = gain_map.codes[..., 0] if grey else gain_map.codes
    return Image.fromarray(np.ascontiguousarray(codes))
