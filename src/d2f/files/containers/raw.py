"""Camera RAW, read only, by rawpy (LibRaw): linear light with the camera's white balance."""

from __future__ import annotations

import io

import numpy as np

from ...optics import LINEAR
from ..exif import exif_from_tiff, upright_exif
from ..formats import part
from ..limits import Limits
from ..photo import Metadata, Photo

__all__ = ["read"]


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A RAW file developed without any brightening: 1 is where the sensor clips; sRGB primaries."""
    rawpy = part("rawpy", "raw", what="camera RAW")
    with rawpy.imread(io.BytesIO(content)) as raw:
        limits.check_size(raw.sizes.raw_width, raw.sizes.raw_height, name)
        codes = raw.postprocess(
            output_bps=16, gamma=(1, 1), no_auto_bright=True, use_camera_wb=True
        )
    rows, cols = codes.shape[:2]
    exif = exif_from_tiff(content)
    if exif is not None:
        exif = upright_exif(exif, cols, rows)  # LibRaw has turned the picture
    return Photo(
        pixels=np.ascontiguousarray(codes[..., :3]),
        tone_curve=LINEAR,
        format="RAW",
        name=name,
        metadata=Metadata(exif=exif if exif is None or len(exif) <= limits.exif_bytes else None),
    )
