"""PFM: three floats a pixel behind three lines of text; rows stand bottom-up."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..limits import Limits
from ..photo import Metadata, Photo, photo_of, photo_to_array

__all__ = ["encoded", "read"]

HEADER = re.compile(rb"(P[fF])\s+(\d{1,9})\s+(\d{1,9})\s+([-+0-9.eE]+)\s")


@dataclass(frozen=True, slots=True)
class PfmCoding:
    """The scale of a PFM: its sign tells the order of bytes, its size the writer's unit."""

    scale: float


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A PFM of one channel or three; its values are light."""
    match = HEADER.match(content)
    if match is None:
        raise OSError("its header is damaged")
    channels = 3 if match[1] == b"PF" else 1
    width, height, scale = int(match[2]), int(match[3]), float(match[4])
    limits.check_size(width, height, name)
    values = np.frombuffer(
        content, "<f4" if scale < 0 else ">f4", width * height * channels, match.end()
    )
    codes = np.ascontiguousarray(values.reshape(height, width, channels)[::-1], np.float32)
    return photo_of(
        codes, metadata=Metadata(), file_format="PFM", name=name, coding=PfmCoding(scale)
    )


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """The same, in the source's order of bytes."""
    codes = photo_to_array(photo)
    scale = photo.coding.scale if isinstance(photo.coding, PfmCoding) else -1.0
    rows, cols = codes.shape[:2]
    kind = "Pf" if codes.ndim == 2 else "PF"
    return (
        f"{kind}\n{cols} {rows}\n{scale!r}\n".encode()
        + codes[::-1].astype("<f4" if scale < 0 else ">f4").tobytes()
    )
