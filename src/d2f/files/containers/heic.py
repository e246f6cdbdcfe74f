"""HEIC with 8, 10 or 12 bits: read by pi-heif or pillow-heif, written by pillow-heif."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import MissingPartError
from ..codes import narrowed, widened
from ..formats import part
from ..heif_items import heif_of
from ..limits import Limits
from ..photo import Metadata, Photo, photo_of, photo_to_array
from .heif_words import (
    DEPTHS,
    IDENTITY,
    SRGB_POINTS,
    UNSPECIFIED,
    heif_turned,
    heif_words,
    with_metadata,
)

__all__ = ["HeicCoding", "decoder", "encoded", "read", "without_metadata"]

QUALITY, LOSSLESS = 92, -1
CHROMA = {420: "420", 422: "422", 444: "444"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeicCoding:
    """How a HEIC was compressed."""

    subsampling: int
    lossless: bool


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """The primary picture of a HEIC, turned as the file says."""
    words = heif_words(content, name=name, limits=limits)
    image: Any = decoder().open_heif(  # a module without types
        io.BytesIO(without_metadata(content)), convert_hdr_to_8bit=False, thumbnails=False,
        depth_images=False, aux_images=False,
    )  # fmt: skip
    image = image[image.primary_index]
    cols, rows = image.size
    limits.check_size(cols, rows, name)
    codes = np.array(image)  # libheif has turned it; its memory goes with the image
    bits = int(image.info.get("bit_depth", 8))
    deep = codes.dtype == np.uint16
    if deep:  # the library moves 10 bits to the top of 16
        codes = widened(codes >> (16 - bits), bits)
    _, metadata = heif_turned(np.empty((cols, rows) if words.rotation % 2 else (rows, cols)), words)
    coding = HeicCoding(
        subsampling=int(image.info.get("chroma", 420)), lossless=words.matrix == IDENTITY
    )
    return photo_of(
        codes, metadata=metadata, file_format="HEIC", name=name, coding=coding,
        depth=DEPTHS.get(bits, "u12") if deep else None, notes=words.notes,
    )  # fmt: skip


def without_metadata(content: bytes) -> bytes:
    """The file with no EXIF and XMP that a decoder would find: it crashes on damaged ones.

    Only the kind of the references to them is changed, so that everything stays where it is; our
    own parser reads the blocks.
    """
    start, end = heif_of(content).meta
    return content[:start] + content[start:end].replace(b"cdsc", b"skip") + content[end:]


def decoder() -> Any:  # two modules of the same face, without types
    """The module that decodes HEIC.

    Raises
    ------
    MissingPartError
        If neither extra is installed.
    """
    try:
        return part("pi_heif", "heic", what="HEIC")
    except MissingPartError as missing:
        try:
            return part("pillow_heif", "heic-write", what="HEIC")
        except MissingPartError:
            raise missing from None


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """A HEIC of the same bits and subsampling."""
    writer = part("pillow_heif", "heic-write", what="writing HEIC")
    coding = photo.coding if isinstance(photo.coding, HeicCoding) else None
    codes = photo_to_array(photo)
    bits = int(photo.stored_depth[1:])
    if codes.ndim == 3 and codes.shape[2] == 2:  # grey and alpha: the format's door has none
        codes = np.dstack([codes[..., :1]] * 3 + [codes[..., 1]])
    mode = "L" if codes.ndim == 2 else "RGBA" if codes.shape[2] == 4 else "RGB"
    if bits != 8:
        codes = narrowed(codes, bits) << np.uint16(16 - bits)
        mode += ";16"
    writer.options.SAVE_HDR_TO_12_BIT = bits == 12
    rows, cols = codes.shape[:2]
    picture = writer.from_bytes(mode, (cols, rows), np.ascontiguousarray(codes).tobytes())
    lossless = coding is not None and coding.lossless
    points = metadata.cicp or (SRGB_POINTS if metadata.icc is None else (UNSPECIFIED,) * 2)
    options: dict[str, Any] = {"matrix_coefficients": IDENTITY} if lossless else {}
    chroma = 444 if lossless or coding is None else coding.subsampling
    file = io.BytesIO()
    picture.save(
        file,
        quality=LOSSLESS if lossless else QUALITY,
        chroma=CHROMA.get(chroma, "420"),
        color_primaries=points[0],
        transfer_characteristics=points[1],
        **options,
    )
    return with_metadata(file.getvalue(), metadata, profile=True)
