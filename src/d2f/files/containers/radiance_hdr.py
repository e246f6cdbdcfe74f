"""Radiance HDR: light with a shared exponent, by imagecodecs; the words of its header are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..limits import Limits
from ..photo import Metadata, Photo, photo_of, photo_to_array

__all__ = ["encoded", "read"]

SIZE = re.compile(rb"\n\n([-+][XY]) (\d{1,9}) ([-+][XY]) (\d{1,9})\n")
PRIMARIES = re.compile(rb"^PRIMARIES=([-+0-9.eE ]+)$", re.MULTILINE)
HEAD_BYTES = 65_536  # a header is a few lines
FIRST_LINE = re.compile(rb"#\?(?:RADIANCE|RGBE)[^\n]*\n")


@dataclass(frozen=True, slots=True)
class HdrCoding:
    """The lines of the header but for the first and the format."""

    lines: tuple[bytes, ...]


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """A Radiance file in the usual order of rows, in RGB."""
    import imagecodecs

    match = SIZE.search(content[:HEAD_BYTES])
    if match is None or (match[1], match[3]) != (b"-Y", b"+X"):
        raise OSError("its header is damaged, or its rows do not run from the top left")
    height, width = int(match[2]), int(match[4])
    limits.check_size(width, height, name)
    head = content[: match.start()]
    if b"FORMAT=32-bit_rle_xyze" in head:
        raise OSError("it holds XYZ instead of RGB")
    # The decoder knows fewer headers than there are: it is given a plain one.
    plain = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe" + content[match.start() :]
    codes = np.array(imagecodecs.rgbe_decode(plain, header=True), np.float32)
    if codes.shape != (height, width, 3):
        raise OSError("its rows are damaged")
    told = PRIMARIES.search(head)
    numbers = tuple(float(word) for word in told[1].split()) if told is not None else ()
    lines = tuple(line for line in head.split(b"\n")[1:] if not line.startswith(b"FORMAT="))
    return photo_of(
        codes,
        metadata=Metadata(chromaticities=numbers if len(numbers) == 8 else None),
        file_format="HDR",
        name=name,
        coding=HdrCoding(lines),
    )


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """The same, run-length coded."""
    import imagecodecs

    codes = photo_to_array(photo)
    colour = np.ascontiguousarray(codes if codes.ndim == 3 else np.dstack([codes] * 3))
    file = bytes(imagecodecs.rgbe_encode(np.maximum(colour, 0), header=True))
    lines = list(photo.coding.lines) if isinstance(photo.coding, HdrCoding) else []
    if not lines and metadata.chromaticities is not None:
        lines = [b"PRIMARIES=" + " ".join(f"{x:g}" for x in metadata.chromaticities).encode()]
    first = FIRST_LINE.match(file)
    assert first is not None
    extra = b"".join(line + b"\n" for line in lines if line)
    return file[: first.end()] + extra + file[first.end() :]
