"""Where the plane of focus lies: on the subject the model sees, or where the user points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..errors import UsageError

__all__ = ["Certainty", "Focus", "choose_focus"]

Certainty = Literal["sure", "ambiguous", "no subject"]

SURE_FROM = 0.95  # height of the smoothed peak: hit rate .98 above, .95 between, .85 below
SUBJECT_FROM = 0.7  # landscapes and skylines stay below, all pictures with a subject above
SMOOTHING_SHARE = 0.03  # of the map's long side: sigma before the maximum is taken
SUBJECT_SHARE = 0.5  # of the map's maximum: what still belongs to the subject
NEARNESS_SHARE = 0.15  # of the long side: sigma by which the subject counts around the point
RANGE_QUANTILES = (0.1, 0.9)  # of the subject's disparity: what should stay sharp
FAR_QUANTILE = 0.25  # of all disparity: what stays sharp where there is no subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """The plane of focus, and how it was found.

    Attributes
    ----------
    disparity : float
        Of the plane of focus, in the unit of the disparity map.
    point : (x, y)
        Fractions of width and height; where the subject was found or pointed at.
    confidence : float, 0..1
        Height of the smoothed focus map at its peak; 1 where the user pointed.
    subject_range : (near, far)
        Disparity of the subject's near and far parts; both `disparity` where the user pointed.
    """

    disparity: float
    point: tuple[float, float]
    confidence: float
    subject_range: tuple[float, float]

    @property
    def certainty(self) -> Certainty:
        """The confidence in words."""
        if self.confidence >= SURE_FROM:
            return "sure"
        return "ambiguous" if self.confidence >= SUBJECT_FROM else "no subject"


def choose_focus(
    disparity: FloatImage, focus_map: FloatImage, *, point: tuple[float, float] | None = None
) -> Focus:
    """Choose the plane of focus.

    Parameters
    ----------
    disparity : float32 (H, W)
        Of the photo, larger = nearer.
    focus_map : float32 (h, w), 0..1
        Where a photographer would focus; of any size, the same picture.
    point : (x, y), optional
        Focus exactly on the pixel at these fractions of width and height. Without it the subject
        is the part of the focus map around its smoothed maximum, and the plane of focus its
        weighted median; without a subject the far part of the scene.

    Returns
    -------
    Focus

    Raises
    ------
    UsageError
        If the point lies outside 0..1.
    """
    if point is not None:
        value = _at_point(disparity, point)
        return Focus(disparity=value, point=point, confidence=1.0, subject_range=(value, value))
    smoothed = _smoothed(focus_map)
    peak = _cell(smoothed)
    confidence = float(np.clip(smoothed[peak], 0, 1))
    values = _reduced_to(disparity, focus_map.shape)
    if confidence < SUBJECT_FROM:
        return _far_focus(values, confidence)
    weights, cell = _subject_weights(focus_map, peak)
    far, middle, near = _weighted_quantiles(
        values, weights, (RANGE_QUANTILES[0], 0.5, RANGE_QUANTILES[1])
    )
    return Focus(
        disparity=middle,
        point=_centre_of(cell, focus_map.shape),
        confidence=confidence,
        subject_range=(near, far),
    )


def _at_point(disparity: FloatImage, point: tuple[float, float]) -> float:
    x, y = point
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise UsageError(
            f"the focus point ({x:g}, {y:g}) lies outside the photo: give fractions 0..1 of width "
            "and height."
        )
    rows, cols = disparity.shape
    return float(disparity[min(int(y * rows), rows - 1), min(int(x * cols), cols - 1)])


def _cell(scores: FloatImage) -> tuple[int, int]:
    """Row and column of the highest score."""
    row, col = divmod(int(np.argmax(scores)), scores.shape[1])
    return row, col


def _centre_of(cell: tuple[int, int], shape: tuple[int, ...]) -> tuple[float, float]:
    return (cell[1] + 0.5) / shape[1], (cell[0] + 0.5) / shape[0]


def _gaussian(size: int, sigma: float) -> FloatImage:
    """Matrix that smooths an axis; what would lie outside counts as the border."""
    at = np.arange(size)
    reach = int(np.ceil(3 * sigma))
    matrix = np.zeros((size, size))
    for step in range(-reach, reach + 1):
        source = np.clip(at + step, 0, size - 1)
        np.add.at(matrix, (at, source), np.exp(-0.5 * (step / sigma) ** 2))
    smoothing: FloatImage = (matrix / matrix.sum(1, keepdims=True)).astype(np.float32)
    return smoothing


def _smoothed(focus_map: FloatImage) -> FloatImage:
    rows, cols = focus_map.shape
    sigma = max(SMOOTHING_SHARE * max(rows, cols), 0.5)
    smoothed: FloatImage = _gaussian(rows, sigma) @ focus_map @ _gaussian(cols, sigma).T
    return smoothed


def _reduced_to(disparity: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """The disparity at the centre of each cell; means would lie between near and far."""
    down = ((np.arange(shape[0]) + 0.5) / shape[0] * disparity.shape[0]).astype(np.int64)
    along = ((np.arange(shape[1]) + 0.5) / shape[1] * disparity.shape[1]).astype(np.int64)
    return disparity[np.ix_(down, along)]


def _subject_weights(
    focus_map: FloatImage, peak: tuple[int, int]
) -> tuple[FloatImage, tuple[int, int]]:
    """Weights of the subject around a peak, and the subject's cell nearest to the peak."""
    inside = focus_map >= SUBJECT_SHARE * focus_map.max()
    rows, cols = np.indices(focus_map.shape, dtype=np.float32)
    distance: FloatImage = np.hypot(rows - np.float32(peak[0]), cols - np.float32(peak[1]))
    # The smoothed peak of a ring lies in its hole: start from what is nearest.
    start = _cell(np.where(inside, -distance, np.float32(-np.inf)))
    sigma = np.float32(NEARNESS_SHARE * max(focus_map.shape))
    nearness: FloatImage = np.exp(np.float32(-0.5) * np.square(distance / sigma))
    weights: FloatImage = focus_map * _connected(inside, start) * nearness
    return weights, start


def _connected(inside: NDArray[np.bool_], start: tuple[int, int]) -> NDArray[np.bool_]:
    """The part of a mask that hangs together with a cell, over edges and corners."""
    part = np.zeros(inside.shape, bool)
    part[start] = True
    while True:
        padded = np.pad(part, 1)
        rows = padded[:-2] | padded[1:-1] | padded[2:]
        grown = (rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]) & inside
        if np.array_equal(grown, part):
            return part
        part = grown


def _weighted_quantiles(
    values: FloatImage, weights: FloatImage, shares: tuple[float, ...]
) -> tuple[float, ...]:
    """Values that occur, never means of two: a mean could lie where nothing is."""
    order = np.argsort(values, axis=None)
    total = np.cumsum(weights.ravel()[order], dtype=np.float64)
    at = np.searchsorted(total, np.array(shares) * total[-1])
    return tuple(float(values.ravel()[order[i]]) for i in np.minimum(at, order.size - 1))


def _far_focus(values: FloatImage, confidence: float) -> Focus:
    """Without a subject only the foreground softens: nothing that matters can be missed."""
    (disparity,) = _weighted_quantiles(values, np.ones_like(values), (FAR_QUANTILE,))
    cell = _cell(-np.abs(values - np.float32(disparity)))
    return Focus(
        disparity=disparity,
        point=_centre_of(cell, values.shape),
        confidence=confidence,
        subject_range=(disparity, float(values.min())),
    )
