"""AVIF with 8, 10 or 12 bits: pixels by imagecodecs (libavif), metadata as items of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..codes import narrowed, widened
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

__all__ = ["AvifCoding", "encoded", "read"]

QUALITY, LOSSLESS = 90, 100
BT601 = 6  # matrix of H.273
SPEED = 8  # a second or two for a photo; 6 takes three times as long for some 5 % fewer bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AvifCoding:
    """How an AVIF was compressed; RGB that is stored as such is taken for lossless."""

    subsampling: str
    lossless: bool


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """The primary picture of an AVIF, turned as the file says."""
    import imagecodecs

    words = heif_words(content, name=name, limits=limits)
    codes = np.asarray(imagecodecs.avif_decode(content, index=0))
    limits.check_size(codes.shape[1], codes.shape[0], name)
    if codes.dtype == np.uint16:
        codes = widened(codes, words.bits)
    codes, metadata = heif_turned(codes, words)
    coding = AvifCoding(subsampling=words.subsampling, lossless=words.matrix == IDENTITY)
    return photo_of(
        codes, metadata=metadata, file_format="AVIF", name=name, coding=coding,
        depth=DEPTHS[words.bits] if codes.dtype == np.uint16 else None, notes=words.notes,
    )  # fmt: skip


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """An AVIF of the same bits and subsampling."""
    import imagecodecs

    coding = photo.coding if isinstance(photo.coding, AvifCoding) else None
    codes = photo_to_array(photo)
    bits = int(photo.stored_depth[1:])
    if bits != 8:
        codes = narrowed(codes, bits)
    lossless = coding is not None and coding.lossless
    grey = codes.ndim == 2 or codes.shape[2] == 2
    subsampling = coding.subsampling if coding is not None else "444"
    points = metadata.cicp or (SRGB_POINTS if metadata.icc is None else (UNSPECIFIED,) * 2)
    file = imagecodecs.avif_encode(
        np.ascontiguousarray(codes),
        level=LOSSLESS if lossless else QUALITY,
        speed=SPEED,
        bitspersample=bits,
        pixelformat="400" if grey else "444" if lossless else subsampling.replace("400", "444"),
        primaries=points[0],
        transfer=points[1],
        matrix=IDENTITY if lossless and not grey else BT601,
    )
    return with_metadata(bytes(file), metadata, profile=True)
