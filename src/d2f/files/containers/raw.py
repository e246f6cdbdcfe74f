"""Camera RAW, read only, by rawpy (LibRaw): linear light with the camera's white balance."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ...optics import LINEAR
from ..exif import exif_from_tiff, upright_exif
from ..formats import part
from ..limits import Limits
from ..photo import Metadata, Photo
from .jpeg_segments import jpeg_parts, metadata_of

__all__ = ["read"]

PLAIN_TIFF = {b"IIRO": b"II*\0", b"IIRS": b"II*\0", b"MMOR": b"MM\0*"}  # Olympus' own marks
EXIF_LOST = "its EXIF cannot be found in this kind of RAW file and is left out"


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A RAW file developed without any brightening: 1 is where the sensor clips; sRGB primaries."""
    rawpy = part("rawpy", "raw", what="camera RAW")
    with rawpy.imread(io.BytesIO(content)) as raw:
        limits.check_size(raw.sizes.raw_width, raw.sizes.raw_height, name)
        codes = raw.postprocess(
            output_bps=16, gamma=(1, 1), no_auto_bright=True, use_camera_wb=True
        )
        exif = _exif_of(content, raw, name=name, limits=limits)
    rows, cols = codes.shape[:2]
    if exif is not None:
        exif = upright_exif(exif, cols, rows)  # LibRaw has turned the picture
    return Photo(
        pixels=np.ascontiguousarray(codes[..., :3]),
        tone_curve=LINEAR,
        format="RAW",
        name=name,
        metadata=Metadata(exif=exif),
        notes=(EXIF_LOST,) if exif is None else (),
    )


def _exif_of(content: bytes, raw: Any, *, name: str, limits: Limits) -> bytes | None:
    """What a RAW file says of the shot.

    TIFF-like files hold it themselves. Of the others (RAF, CR3, RW2, X3F) it stands in the JPEG
    that the camera put in; where it does not, LibRaw writes the main facts there.
    """
    exif = exif_from_tiff(PLAIN_TIFF.get(content[:4], content[:4]) + content[4:])
    if exif is None or len(exif) > limits.exif_bytes:
        try:
            thumbnail = raw.extract_thumb().data
        except Exception:  # none, or one that LibRaw does not know
            return None
        if not isinstance(thumbnail, bytes):  # a bitmap says nothing
            return None
        exif = metadata_of(jpeg_parts(thumbnail), name=name, limits=limits).exif
    return exif if exif is None or len(exif) <= limits.exif_bytes else None
