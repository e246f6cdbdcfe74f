"""Where the plane of focus lies: on the subject the model sees, or where the user points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..arrays import FloatImage
from ..errors import UsageError
from .subject import ground_contact, peak_of, smoothed, subject_of

__all__ = ["Certainty", "Focus", "choose_focus", "confidence_of", "has_subject"]

Certainty = Literal["sure", "ambiguous", "no subject"]

SURE_FROM = 0.95  # height of the smoothed peak: hit rate .98 above, .95 between, .85 below
SUBJECT_FROM = 0.7  # landscapes and skylines stay below, all pictures with a subject above
NEARNESS_SHARE = 0.15  # of the long side: sigma by which the subject counts around the point
RANGE_QUANTILES = (0.1, 0.9)  # of the subject's disparity: what should stay sharp
DIM_MOST = 0.1  # of a dim focus map: a lone bright spot at the border may not outvote the rest
SHARP_SHARE = 0.92  # of what is sharp already: stays sharp, with all that is farther
DIM_LEAST = 1e-3  # where the map is empty, all of the picture counts alike


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
    contact : float, optional
        Disparity of the ground at the subject's foot, where that can be seen.
    """

    disparity: float
    point: tuple[float, float]
    confidence: float
    subject_range: tuple[float, float]
    contact: float | None = None

    @property
    def certainty(self) -> Certainty:
        """The confidence in words."""
        if self.confidence >= SURE_FROM:
            return "sure"
        return "ambiguous" if self.confidence >= SUBJECT_FROM else "no subject"


def choose_focus(
    disparity: FloatImage,
    focus_map: FloatImage,
    *,
    point: tuple[float, float] | None = None,
    sharpness: FloatImage | None = None,
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
        weighted median; without a subject what is sharp already, and all beyond it.
    sharpness : float32 (h, w), 0..1, optional
        Where the photo is sharp already; without it a dim focus map has to do.

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
    confidence = confidence_of(focus_map)
    values = _reduced_to(disparity, focus_map.shape)
    if confidence < SUBJECT_FROM:
        if sharpness is not None:
            return _far_focus(values, sharpness, confidence, share=SHARP_SHARE)
        return _far_focus(values, np.minimum(focus_map, DIM_MOST), confidence, share=0.5)
    subject, cell = subject_of(focus_map)
    weights = subject * _nearness(cell, focus_map.shape)
    far, middle, near = _weighted_quantiles(
        values, weights, (RANGE_QUANTILES[0], 0.5, RANGE_QUANTILES[1])
    )
    return Focus(
        disparity=middle,
        point=_centre_of(cell, focus_map.shape),
        confidence=confidence,
        subject_range=(near, far),
        contact=ground_contact(values, subject, far=far),
    )


def confidence_of(focus_map: FloatImage) -> float:
    """How sure a focus map (h, w) is of its subject, 0..1: the height of its smoothed peak."""
    return float(np.clip(smoothed(focus_map).max(), 0, 1))


def has_subject(focus_map: FloatImage) -> bool:
    """Whether a focus map (h, w) shows a subject; landscapes have none."""
    return confidence_of(focus_map) >= SUBJECT_FROM


def _nearness(cell: tuple[int, int], shape: tuple[int, ...]) -> FloatImage:
    """Weights that fall off around a cell: of a long subject the part in focus counts."""
    rows, cols = np.indices(shape, dtype=np.float32)
    distance = np.hypot(rows - np.float32(cell[0]), cols - np.float32(cell[1]))
    sigma = np.float32(NEARNESS_SHARE * max(shape))
    weights: FloatImage = np.exp(np.float32(-0.5) * np.square(distance / sigma))
    return weights


def _at_point(disparity: FloatImage, point: tuple[float, float]) -> float:
    x, y = point
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise UsageError(
            f"the focus point ({x:g}, {y:g}) lies outside the photo: give fractions 0..1 of width "
            "and height."
        )
    rows, cols = disparity.shape
    return float(disparity[min(int(y * rows), rows - 1), min(int(x * cols), cols - 1)])


def _centre_of(cell: tuple[int, int], shape: tuple[int, ...]) -> tuple[float, float]:
    return (cell[1] + 0.5) / shape[1], (cell[0] + 0.5) / shape[0]


def _reduced_to(disparity: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """The disparity at the centre of each cell; means would lie between near and far."""
    down = ((np.arange(shape[0]) + 0.5) / shape[0] * disparity.shape[0]).astype(np.int64)
    along = ((np.arange(shape[1]) + 0.5) / shape[1] * disparity.shape[1]).astype(np.int64)
    return disparity[np.ix_(down, along)]


def _weighted_quantiles(
    values: FloatImage, weights: FloatImage, shares: tuple[float, ...]
) -> tuple[float, ...]:
    """Values that occur, never means of two: a mean could lie where nothing is."""
    order = np.argsort(values, axis=None)
    total = np.cumsum(weights.ravel()[order], dtype=np.float64)
    at = np.searchsorted(total, np.array(shares) * total[-1])
    return tuple(float(values.ravel()[order[i]]) for i in np.minimum(at, order.size - 1))


def _far_focus(values: FloatImage, likely: FloatImage, confidence: float, *, share: float) -> Focus:
    """Without a subject only the foreground softens: nothing that matters can be missed.

    What the photographer focused on is sharp; even a dim focus map lies on what the picture is
    about rather than on sky and shadow. Most of it is in focus, and with it all that is farther.
    """
    (disparity,) = _weighted_quantiles(values, np.maximum(likely, DIM_LEAST), (share,))
    cell = peak_of(-np.abs(values - np.float32(disparity)))
    return Focus(
        disparity=disparity,
        point=_centre_of(cell, values.shape),
        confidence=confidence,
        subject_range=(disparity, float(values.min())),
    )
