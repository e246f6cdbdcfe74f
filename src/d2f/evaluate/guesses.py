"""Guesses that do not look at the photo: what a network must beat."""

from collections.abc import Sequence

import numpy as np

from d2f.arrays import FloatImage, resized

__all__ = ["centre_map", "mean_of_others", "row_map"]

CENTRE_SPREAD = 0.25  # of the picture's sides: standard deviation of the guess "in the middle"
MEAN_GRID = 64  # means are kept on a grid of this side


def centre_map(shape: tuple[int, ...]) -> FloatImage:
    """A Gaussian in the middle of the picture, 0..1."""
    rows, columns = shape[:2]
    y = (np.arange(rows)[:, None] + 0.5) / rows - 0.5
    x = (np.arange(columns)[None] + 0.5) / columns - 0.5
    squared = (x**2 + y**2) / CENTRE_SPREAD**2
    return np.exp(-0.5 * squared).astype(np.float32)


def row_map(shape: tuple[int, ...]) -> FloatImage:
    """Lower is nearer: the guess that a photo taken upright supports, 0..1."""
    rows, columns = shape[:2]
    ramp = (np.arange(rows, dtype=np.float32) + 0.5) / np.float32(rows)
    return np.repeat(ramp[:, None], columns, axis=1)


def mean_of_others(truths: Sequence[FloatImage]) -> list[FloatImage]:
    """For each truth (H x W) the mean of all others, on a small grid."""
    grids = [resized(truth, (MEAN_GRID, MEAN_GRID)) for truth in truths]
    total = np.sum(grids, axis=0)
    others = max(len(grids) - 1, 1)
    return [((total - grid) / others).astype(np.float32) for grid in grids]
