"""What lies behind a near surface close to its edge: one guess per cell of 4 x 4 pixels.

Slow and plain, the twin of native/hidden.cpp. Each cell keeps its farthest part; cells of twice the
size keep the farthest parts of their four children. A cell asks its neighbours, then ever coarser
cells, for a surface that lies behind its own, and takes the first one it meets.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["CELL", "depth_step", "guess_hidden", "hidden_behind"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CELL = 4  # px, the finest cells
LEVELS = 6  # cells of 4 ... 128 px
ENOUGH = 0.98  # of a guess's weight; coarser cells are not asked
BESIDE, DIAGONAL, BESIDE_MOST = 1.0, 0.25, 0.8
STEP_PER_CELL = 0.1  # a coarser cell must differ more to count as another surface
PART_PER_CELL = 0.05
CELL_REACH, CELL_MARGIN = 1.5, 8.0  # cells much larger than the blur are not asked
NOWHERE = np.inf  # radius of a cell that hides nothing


def depth_step(a: Floats | float, b: Floats | float) -> Floats:
    """Difference of two radii, px, from which they lie on different surfaces."""
    return np.asarray(2 + 0.2 * np.minimum(np.abs(a), np.abs(b)))


@dataclass
class _Grid:
    """Farthest parts of cells: colour (rows, cols, 3) and radius (rows, cols)."""

    cell: int
    colour: Floats
    radius: Floats


def _mean_below(
    colour: Floats, radius: Floats, below: float, usable: Bools
) -> tuple[Floats, float] | None:
    chosen = usable & (radius <= below)
    if not chosen.any():
        return None
    return colour[chosen].mean(axis=0), float(radius[chosen].mean())


def _far_part(
    colour: Floats, radius: Floats, usable: Bools, row: int, col: int
) -> tuple[Floats, float]:
    cell = np.s_[row : row + CELL, col : col + CELL]
    farthest = float(radius[cell].min())
    step = float(depth_step(farthest, farthest))
    below = farthest + step / 2
    if part := _mean_below(colour[cell], radius[cell], below, usable[cell]):
        return part
    wide = np.s_[max(0, row - 2) : row + CELL + 2, max(0, col - 2) : col + CELL + 2]
    around = _mean_below(colour[wide], radius[wide], below, usable[wide])
    if around and abs(around[1] - farthest) < step:
        return around
    part = _mean_below(colour[cell], radius[cell], below, np.ones_like(usable[cell]))
    assert part is not None  # the farthest pixel itself is always below
    return part


def _finest(colour: Floats, radius: Floats, usable: Bools) -> tuple[_Grid, Floats]:
    """The finest grid, and the nearest radius in each of its cells."""
    rows, cols = (-(-n // CELL) for n in radius.shape)
    grid = _Grid(CELL, np.zeros((rows, cols, 3)), np.zeros((rows, cols)))
    nearest = np.zeros((rows, cols))
    for y, x in np.ndindex(rows, cols):
        part = _far_part(colour, radius, usable, y * CELL, x * CELL)
        grid.colour[y, x], grid.radius[y, x] = part
        nearest[y, x] = radius[y * CELL : (y + 1) * CELL, x * CELL : (x + 1) * CELL].max()
    return grid, nearest


def _coarser(fine: _Grid) -> _Grid:
    rows, cols = (-(-n // 2) for n in fine.radius.shape)
    grid = _Grid(fine.cell * 2, np.zeros((rows, cols, 3)), np.zeros((rows, cols)))
    for y, x in np.ndindex(rows, cols):
        children = np.s_[2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
        radius = fine.radius[children]
        farthest = float(radius.min())
        limit = farthest + depth_step(farthest, farthest) / 2 + PART_PER_CELL * grid.cell
        chosen = radius <= limit
        grid.colour[y, x] = fine.colour[children][chosen].mean(axis=0)
        grid.radius[y, x] = radius[chosen].mean()
    return grid


@dataclass
class _Guess:
    """Collects what lies behind one cell from what is around it, finest first."""

    own: float
    chosen: float = NOWHERE
    weight: float = 0.0
    total: Floats = field(default_factory=lambda: np.zeros(4))

    def add(self, weights: Floats, colour: Floats, radius: Floats, cell: int, most: float) -> None:
        """Candidates (N,), (N, 3), (N,), at most `most` of what is still missing."""
        margin = STEP_PER_CELL * cell
        behind = (weights > 0) & (self.own - radius > depth_step(self.own, radius) + margin)
        behind &= cell < CELL_REACH * (abs(self.own) + np.abs(radius)) + CELL_MARGIN
        if not behind.any():
            return
        if self.chosen == NOWHERE:
            heaviest = behind & (weights == weights[behind].max())
            self.chosen = float(radius[heaviest].max())
        counts = behind & (np.abs(radius - self.chosen) < depth_step(radius, self.chosen) + margin)
        weights = np.where(counts, weights, 0.0)
        if not weights.any():
            return
        scale = (1 - self.weight) * min(1.0, most / weights.sum())
        self.total += scale * (weights @ np.column_stack([colour, radius]))
        self.weight += scale * float(weights.sum())


def _add_neighbours(grid: _Grid, y: int, x: int, guess: _Guess) -> None:
    rows, cols = grid.radius.shape
    around = [
        (y + j, x + i, DIAGONAL if j and i else BESIDE)
        for j in (-1, 0, 1)
        for i in (-1, 0, 1)
        if (j or i) and 0 <= y + j < rows and 0 <= x + i < cols
    ]
    if not around:
        return
    j, i = (np.array([place[axis] for place in around]) for axis in (0, 1))
    weights = np.array([place[2] for place in around], np.float64)
    guess.add(weights, grid.colour[j, i], grid.radius[j, i], grid.cell, BESIDE_MOST)


def _bilinear(
    shape: tuple[int, ...], y: float, x: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Rows, columns and weights of the four cells around a place."""
    j, i = int(np.floor(y)), int(np.floor(x))
    rows = np.clip([j, j, j + 1, j + 1], 0, shape[0] - 1)
    cols = np.clip([i, i + 1, i, i + 1], 0, shape[1] - 1)
    down, right = y - j, x - i
    weights = np.outer([1 - down, down], [1 - right, right]).ravel()
    return rows, cols, weights


def _guess_cell(grids: list[_Grid], nearest: Floats, y: int, x: int) -> tuple[Floats, float]:
    own, far = float(nearest[y, x]), float(grids[0].radius[y, x])
    if own - far > depth_step(own, far):
        return grids[0].colour[y, x], far
    guess = _Guess(own)
    _add_neighbours(grids[0], y, x, guess)
    for level, grid in enumerate(grids[1:], start=1):
        if guess.weight >= ENOUGH:
            break
        rows, cols, weights = _bilinear(
            grid.radius.shape, (y + 0.5) / 2**level - 0.5, (x + 0.5) / 2**level - 0.5
        )
        guess.add(weights, grid.colour[rows, cols], grid.radius[rows, cols], grid.cell, 1.0)
    if guess.weight <= 0:
        return np.zeros(3), NOWHERE
    mean = guess.total / guess.weight
    return mean[:3], float(mean[3])


def guess_hidden(colour: Floats, radius: Floats, usable: Bools) -> tuple[Floats, Floats]:
    """What lies behind each cell of 4 x 4 pixels.

    Parameters
    ----------
    colour : float64 (H, W, 3)
    radius : float64 (H, W), px
        Signed radius, + nearer than the plane of focus.
    usable : bool (H, W)
        Pixels that show one surface only; others do not lend their colour.

    Returns
    -------
    colour : float64 (ceil(H / 4), ceil(W / 4), 3)
    radius : float64 (ceil(H / 4), ceil(W / 4)), px
        inf where nothing is hidden.
    """
    finest, nearest = _finest(colour, radius, usable)
    grids = [finest]
    while len(grids) < LEVELS:
        grids.append(_coarser(grids[-1]))
    hidden_colour, hidden_radius = np.zeros_like(finest.colour), np.zeros_like(finest.radius)
    for y, x in np.ndindex(*finest.radius.shape):
        hidden_colour[y, x], hidden_radius[y, x] = _guess_cell(grids, nearest, y, x)
    return hidden_colour, hidden_radius


def hidden_behind(
    hidden_colour: Floats, hidden_radius: Floats, y: int, x: int, own: float
) -> tuple[Floats, float] | None:
    """What lies behind one pixel: bilinear among the cells that agree about its depth.

    Parameters
    ----------
    hidden_colour, hidden_radius : as from `guess_hidden`
    y, x : int
        The pixel.
    own : float, px
        Its own radius.

    Returns
    -------
    colour, radius : float64 (3,) and float, or None where nothing lies behind
    """
    rows, cols, weights = _bilinear(
        hidden_radius.shape, (y + 0.5) / CELL - 0.5, (x + 0.5) / CELL - 0.5
    )
    radius = hidden_radius[rows, cols]
    known = np.isfinite(radius)
    radius = np.where(known, radius, 0.0)
    weights = np.where(known & (own - radius > depth_step(own, radius)), weights, 0.0)
    if not weights.any():
        return None
    chosen = float(radius[np.argmax(weights)])
    weights = np.where(np.abs(radius - chosen) <= depth_step(chosen, chosen), weights, 0.0)
    weights = weights / weights.sum()
    return weights @ hidden_colour[rows, cols], float(weights @ radius)
