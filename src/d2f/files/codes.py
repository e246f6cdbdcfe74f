"""Codes from one depth to another; the ends of every range map to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["narrowed", "requantised", "widened"]

LARGEST = 65535


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
