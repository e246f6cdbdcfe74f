"""Slow, obvious twins of the kernels of fusion/."""

import numpy as np

MARGIN_CELLS = np.float32(2.1213204)


def focus_weight(defocus_px):
    """1 up to 0.5 px, 0 from 1 px, a smooth step between."""
    t = np.clip((np.abs(defocus_px) - np.float32(0.5)) / np.float32(0.5), 0, 1)
    return 1 - t * t * (3 - 2 * t)


def reached_cells(defocus_px, cell):
    """Cells that the disc of any cell nearer than the focus covers, cell by cell."""
    rows, cols = defocus_px.shape
    high, wide = -(-rows // cell), -(-cols // cell)
    padded = np.pad(defocus_px, ((0, high * cell - rows), (0, wide * cell - cols)), mode="edge")
    largest = padded.reshape(high, cell, wide, cell).max(axis=(1, 3))
    y, x = np.mgrid[:high, :wide]
    reached = np.zeros((high, wide), bool)
    for row, col in np.argwhere(largest >= 1):
        reach = (largest[row, col] + np.float32(0.5)) / np.float32(cell)
        reach += MARGIN_CELLS if cell > 1 else np.float32(0)
        reached |= (y - row) ** 2 + (x - col) ** 2 <= np.floor(reach * reach)
    return reached


def _enlarged(cells, cell, length):
    """Linear interpolation between cell centres along the first axis."""
    place = (np.arange(length, dtype=np.float32) + np.float32(0.5)) / np.float32(cell)
    place -= np.float32(0.5)
    low = np.floor(place)
    weight = (place - low).reshape(-1, *[1] * (cells.ndim - 1))
    last = len(cells) - 1
    a, b = np.clip(low, 0, last).astype(int), np.clip(low + 1, 0, last).astype(int)
    return cells[a] + (cells[b] - cells[a]) * weight


def in_focus_mask(defocus_px, *, cell):
    """The smaller of the pixel's own sharpness and of what no nearer blur covers."""
    free = 1 - reached_cells(defocus_px, cell).astype(np.float32)
    rows, cols = defocus_px.shape
    free = _enlarged(_enlarged(free, cell, rows).T, cell, cols).T
    return np.minimum(focus_weight(defocus_px), free)


def keep_in_focus(original, blurred, in_focus):
    """A plain mixture of codes, rounded half up for integers."""
    weight = np.clip(in_focus, 0, 1)[..., None]
    low, high = blurred.astype(np.float32), original.astype(np.float32)
    mixed = low + (high - low) * weight
    if original.dtype.kind == "u":
        mixed = np.floor(mixed + np.float32(0.5)).astype(original.dtype)
    return np.where(weight == 1, original, np.where(weight == 0, blurred, mixed))
