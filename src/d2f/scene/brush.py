"""Depth mended by hand: strokes that bring nearer or push away what they touch.

Strokes are drawn on a small grid and their sum is brought to the photo's size by `refine`, so that
an edge-aware stroke ends where the photo has its edge. Each adds a share of the map's range; the
sum is clipped to that range, so their order does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import ByteImage, FloatImage, resized
from .analyse import View
from .native import area_reduce
from .refine import disparity_at_full_size

__all__ = ["Stroke", "brushed"]

GRID_PX = 512  # long side of the grid: finer than the network's own map
COLOUR_SIGMA = 24.0  # codes: what differs more from the colours under the stroke is spared
PALETTE = 24  # colours that are taken from under the middle of a stroke
TOUCHED = 0.05  # share of the map's range: what is brushed by more is no longer held with a subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line drawn by hand.

    Attributes
    ----------
    points : (x, y) pairs
        Fractions of width and height.
    radius : float
        Half the width of the line, in fractions of the long side.
    softness : float, 0..1
        Share of the radius over which it fades.
    amount : float, -1..1
        Share of the map's range that is added: above 0 nearer.
    edge_aware : bool
        Whether it keeps to the colours it was drawn over, and ends at the photo's edges.
    """

    points: tuple[tuple[float, float], ...]
    radius: float
    softness: float = 0.5
    amount: float = 0.2
    edge_aware: bool = True


def brushed(view: View, photo_srgb: ByteImage, strokes: Sequence[Stroke]) -> View:
    """A view whose disparity was brushed.

    Parameters
    ----------
    view : View
    photo_srgb : uint8 (H, W, 3)
    strokes : sequence of Stroke

    Returns
    -------
    View
        Where it was brushed, it is no longer held at the main subject's distance.
    """
    if not strokes:
        return view
    change = _change(photo_srgb, strokes)
    low, high = float(view.disparity.min()), float(view.disparity.max())
    span = high - low or 1.0
    disparity = np.clip(view.disparity + change * np.float32(span), low, max(high, low + span))
    subject = view.subject
    if subject is not None:
        kept = 1 - np.clip(np.abs(change) / np.float32(TOUCHED), 0, 1)
        subject = (subject * kept).astype(np.float32)
    return replace(view, disparity=disparity.astype(np.float32), subject=subject)


def _change(photo_srgb: ByteImage, strokes: Sequence[Stroke]) -> FloatImage:
    """What all strokes add, in shares of the map's range, at the photo's size."""
    rows, cols = photo_srgb.shape[:2]
    scale = min(GRID_PX / max(rows, cols), 1.0)
    small = max(round(rows * scale), 1), max(round(cols * scale), 1)
    grid = area_reduce(np.ascontiguousarray(photo_srgb), rows=small[0], cols=small[1])
    guide = grid.astype(np.float32)
    along_edges, plain = np.zeros(small, np.float32), np.zeros(small, np.float32)
    for stroke in strokes:
        part = _around(stroke, small)
        weight = np.float32(stroke.amount) * _coverage(stroke, small)[part]
        if stroke.edge_aware:
            along_edges[part] += weight * _alike(stroke, guide, part)
        else:
            plain[part] += weight
    change = np.zeros((rows, cols), np.float32)
    if along_edges.any():
        change += disparity_at_full_size(along_edges, guide / np.float32(255), photo_srgb)
    if plain.any():
        change += resized(plain, (rows, cols))
    return change


def _around(stroke: Stroke, size: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns that a line touches."""
    rows, cols = size
    reach = stroke.radius * max(size) + 2
    xs, ys = ([point[axis] for point in stroke.points] for axis in (0, 1))
    return (
        slice(max(int(min(ys) * rows - reach), 0), int(max(ys) * rows + reach) + 1),
        slice(max(int(min(xs) * cols - reach), 0), int(max(xs) * cols + reach) + 1),
    )


def _coverage(stroke: Stroke, size: tuple[int, int]) -> FloatImage:
    """How much each cell is under the line, 0..1."""
    rows, cols = size
    radius = max(stroke.radius * max(size), 0.5)
    distance = np.full(size, np.inf, np.float32)
    points = [(x * cols - 0.5, y * rows - 0.5) for x, y in stroke.points]
    for start, end in zip(points, points[1:] or points, strict=False):
        xs, ys = (start[0], end[0]), (start[1], end[1])
        left, right = max(int(min(xs) - radius), 0), min(int(max(xs) + radius) + 2, cols)
        top, bottom = max(int(min(ys) - radius), 0), min(int(max(ys) + radius) + 2, rows)
        row, col = np.ogrid[top:bottom, left:right]
        part = distance[top:bottom, left:right]
        np.minimum(part, _to_segment(row, col, start, end), out=part)
    fade = max(stroke.softness * radius, 1.0)
    weight: FloatImage = np.clip((radius - distance) / np.float32(fade), 0, 1).astype(np.float32)
    return weight * weight * (3 - 2 * weight)  # no crease at either end


def _to_segment(
    row: FloatImage, col: FloatImage, start: tuple[float, float], end: tuple[float, float]
) -> FloatImage:
    """Distance of cells to the line between two points (x, y)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = (col - start[0]) * dx + (row - start[1]) * dy
    share = np.clip(along / max(dx * dx + dy * dy, 1e-9), 0, 1)
    away: FloatImage = np.hypot(col - start[0] - share * dx, row - start[1] - share * dy)
    return away.astype(np.float32)


def _alike(stroke: Stroke, guide: FloatImage, part: tuple[slice, slice]) -> FloatImage:
    """How much each cell of a part looks like what lies under the middle of the line, 0..1."""
    rows, cols = guide.shape[:2]
    cells = guide[part]
    nearest = np.full(cells.shape[:2], np.inf, np.float32)
    for x, y in stroke.points[:: max(len(stroke.points) // PALETTE, 1)]:
        row, col = min(int(y * rows), rows - 1), min(int(x * cols), cols - 1)
        around = guide[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
        colour = around.reshape(-1, 3).mean(axis=0)
        np.minimum(nearest, np.square(cells - colour).sum(axis=2), out=nearest)
    alike: FloatImage = np.exp(-nearest / np.float32(2 * COLOUR_SIGMA**2)).astype(np.float32)
    return alike
