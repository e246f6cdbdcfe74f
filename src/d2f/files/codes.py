"""Codes from one depth to another; the ends of every range map to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["codes_of_image", "narrowed", "requantised", "widened"]

LARGEST = 65535
STRIP_ROWS = 64  # a strip stays in the processor's cache


def codes_of_image(image: Image.Image) -> NDArray[Any]:
    """The codes of a Pillow image, (h, w) or (h, w, channels).

    Strip by strip, since Pillow gives the whole in two copies, each in memory of its own.
    """
    width, height = image.size
    first = np.asarray(image.crop((0, 0, width, min(STRIP_ROWS, height))))
    codes = np.empty((height, *first.shape[1:]), first.dtype)
    codes[:STRIP_ROWS] = first
    for top in range(STRIP_ROWS, height, STRIP_ROWS):
        codes[top : top + STRIP_ROWS] = image.crop((0, top, width, min(top + STRIP_ROWS, height)))
    return codes


def widened(codes: NDArray[Any], bits: int) -> NDArray[np.uint16]:
    """Codes of so many bits as codes of 16; `narrowed` gives them back exactly."""
    largest = (1 << bits) - 1
    wide: NDArray[np.uint16] = (
        (np.minimum(codes, largest).astype(np.uint32) * LARGEST + largest // 2) // largest
    ).astype(np.uint16)
    return wide


def narrowed(codes: NDArray[Any], bits: int) -> NDArray[np.uint16]:
    """Codes of 16 bits as codes of so many."""
    largest = (1 << bits) - 1
    narrow: NDArray[np.uint16] = (
        (codes.astype(np.uint32) * largest + LARGEST // 2) // LARGEST
    ).astype(np.uint16)
    return narrow


def requantised(codes: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Codes in another type: integers span their whole range, floats 0..1."""
    if codes.dtype == dtype:
        return codes
    if dtype == np.float32:
        return (codes / np.float32(np.iinfo(codes.dtype).max)).astype(np.float32)
    share = codes if codes.dtype == np.float32 else codes / np.iinfo(codes.dtype).max
    return np.rint(np.clip(share, 0, 1) * np.iinfo(dtype).max).astype(dtype)
