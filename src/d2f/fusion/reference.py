"""What the kernels of fusion compute, written to be read: the definition, slow and plain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import ByteImage, CodeImage, FloatImage

__all__ = ["apply_outline", "in_focus_mask", "keep_in_focus"]

SHARP_PX, BLURRED_PX = np.float32(0.5), np.float32(1)  # up to here 1, from here 0
HALF = np.float32(0.5)
NONE_BELOW, ALL_ABOVE, TINY = np.float32(0.03), np.float32(0.97), np.float32(1e-6)
# Cells: from a pixel to its cell's centre (sqrt(1/2)), and from another pixel to the farthest of
# the four cell centres it is interpolated from (sqrt(2)).
MARGIN_CELLS = np.float32(2.1213204)


def in_focus_mask(defocus_px: FloatImage, *, cell: int, threads: int = 0) -> FloatImage:
    """Twin of `native.in_focus_mask`: a pixel's own sharpness, where no nearer blur reaches it."""
    free = 1 - _reached_cells(defocus_px, cell).astype(np.float32)
    rows, cols = defocus_px.shape
    free = _enlarged(_enlarged(free, cell, rows).T, cell, cols).T
    return np.minimum(_sharpness(defocus_px), free)


def _sharpness(defocus_px: FloatImage) -> FloatImage:
    """1 up to 0.5 px, 0 from 1 px, a smooth step between."""
    t = np.clip((np.abs(defocus_px) - SHARP_PX) / (BLURRED_PX - SHARP_PX), 0, 1)
    sharpness: FloatImage = 1 - t * t * (3 - 2 * t)
    return sharpness


def _reached_cells(defocus_px: FloatImage, cell: int) -> NDArray[np.bool_]:
    """Cells that the disc of any cell nearer than the focus covers, cell by cell."""
    rows, cols = (-(-length // cell) for length in defocus_px.shape)
    missing = rows * cell - defocus_px.shape[0], cols * cell - defocus_px.shape[1]
    padded = np.pad(defocus_px, ((0, missing[0]), (0, missing[1])), mode="edge")
    largest = padded.reshape(rows, cell, cols, cell).max(axis=(1, 3))
    y, x = np.mgrid[:rows, :cols]
    reached = np.zeros((rows, cols), bool)
    for row, col in np.argwhere(largest >= BLURRED_PX):
        reach = (largest[row, col] + HALF) / np.float32(cell)
        reach += MARGIN_CELLS if cell > 1 else np.float32(0)
        reached |= (y - row) ** 2 + (x - col) ** 2 <= np.floor(reach * reach)
    return reached


def _enlarged(cells: FloatImage, cell: int, length: int) -> FloatImage:
    """Linear interpolation between cell centres along the first axis."""
    place = (np.arange(length, dtype=np.float32) + HALF) / np.float32(cell) - HALF
    low = np.floor(place)
    weight = (place - low)[:, None]
    last = len(cells) - 1
    a, b = np.clip(low, 0, last).astype(int), np.clip(low + 1, 0, last).astype(int)
    enlarged: FloatImage = cells[a] + (cells[b] - cells[a]) * weight
    return enlarged


def apply_outline(
    photo_srgb: ByteImage,
    tones: FloatImage,
    defocus_px: FloatImage,
    cells: FloatImage,
    *,
    threads: int = 0,
) -> tuple[FloatImage, FloatImage]:
    """Twin of `native.apply_outline`, bit for bit."""
    rows, cols = defocus_px.shape
    matte, moved = np.ones_like(defocus_px), defocus_px.copy()
    tall = _stretched(cells, rows)
    for y in range(rows):
        *weighted, trust = _stretched(tall[y], cols).T
        per_trust = 1 / np.maximum(trust, TINY)
        red, green, blue, offset, near_px, far_px = weighted * per_trust
        r, g, b = tones[photo_srgb[y].T]
        alpha = np.clip(((offset + red * r) + green * g) + blue * b, 0, 1)
        own = defocus_px[y]
        is_near = own > -BLURRED_PX
        side = is_near.astype(np.float32)
        alpha = side + (alpha - side) * trust
        alpha = np.where(alpha < NONE_BELOW, np.float32(0), alpha)
        alpha = np.where(alpha > ALL_ABOVE, np.float32(1), alpha)
        told = (trust > 0) & (own < BLURRED_PX)
        matte[y] = np.where(told, alpha, 1)
        moved[y] = np.where(told & is_near & (alpha == 0), far_px, own)
        moved[y] = np.where(told & ~is_near & (alpha > 0), near_px, moved[y])
    return matte, moved


def _stretched(cells: FloatImage, length: int) -> FloatImage:
    """Linear interpolation between the centres of cells that cover a length, along an axis."""
    place = (np.arange(length, dtype=np.float32) + HALF) * np.float32(len(cells) / length) - HALF
    low = np.floor(place)
    weight = (place - low).reshape(-1, *[1] * (cells.ndim - 1))
    last = len(cells) - 1
    a, b = np.clip(low, 0, last).astype(int), np.clip(low + 1, 0, last).astype(int)
    stretched: FloatImage = cells[a] + (cells[b] - cells[a]) * weight
    return stretched


def keep_in_focus(
    original: CodeImage, blurred: CodeImage, in_focus: FloatImage, *, threads: int = 0
) -> CodeImage:
    """Twin of `native.keep_in_focus`, bit for bit."""
    weight = np.clip(in_focus, 0, 1)[..., None]
    low, high = blurred.astype(np.float32), original.astype(np.float32)
    mixed = low + (high - low) * weight
    if original.dtype.kind == "u":
        mixed = np.floor(mixed + HALF).astype(original.dtype)
    return np.where(weight == 1, original, np.where(weight == 0, blurred, mixed))
