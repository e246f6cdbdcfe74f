"""The plane of focus: what is known of it, and the ways of choosing it that need no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..arrays import FloatImage
from ..errors import UsageError
from .subject import peak_of

__all__ = [
    "Certainty",
    "Focus",
    "focus_at_distance",
    "focus_at_point",
    "focus_farthest",
    "focus_nearest",
    "focus_on_box",
]

Certainty = Literal["sure", "ambiguous", "no subject"]

SURE_FROM = 0.95  # height of the smoothed peak; what lies below is told: docs/focus.md
SUBJECT_FROM = 0.7  # landscapes mostly stay below; of 131 validation photos of a subject, three
SPECK_SHARE = 0.01  # of the picture: what is smaller is neither nearest nor farthest
BOX_QUANTILES = (0.02, 0.5, 0.98)  # of a box: specks in it do not stretch its range
NEARNESS_SHARE = 0.15  # of the long side: sigma by which the subject counts around the point
BOX_SAMPLES = 256  # along each side of a box, at most


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
        Height of the smoothed focus map at its peak; 1 where the user chose.
    subject_range : (near, far)
        Disparities between which all is kept sharp; both `disparity` where the user pointed.
    reason : str
        Why it lies there, in words that follow "focus is".
    contact : float, optional
        Disparity of the ground at the subject's foot, where that can be seen.
    on_subject : bool
        Whether the main subject as a whole is held in focus.
    note : str, optional
        What the user should know of it.
    """

    disparity: float
    point: tuple[float, float]
    confidence: float
    subject_range: tuple[float, float]
    reason: str
    contact: float | None = None
    on_subject: bool = False
    note: str | None = None

    @property
    def certainty(self) -> Certainty:
        """The confidence in words."""
        if self.confidence >= SURE_FROM:
            return "sure"
        return "ambiguous" if self.confidence >= SUBJECT_FROM else "no subject"

    def summary(self) -> dict[str, Any]:  # ready for JSON, whose values are of any kind
        """The figures worth telling, rounded, ready for JSON."""
        return {
            "x": round(self.point[0], 4),
            "y": round(self.point[1], 4),
            "disparity": round(self.disparity, 5),
            "confidence": round(self.confidence, 3),
            "certainty": self.certainty,
            "reason": self.reason,
        }


def focus_at_point(disparity: FloatImage, point: tuple[float, float]) -> Focus:
    """The disparity (H, W) of the very pixel at a point, fractions of width and height."""
    rows, cols = disparity.shape
    row, col = min(int(point[1] * rows), rows - 1), min(int(point[0] * cols), cols - 1)
    value = float(disparity[row, col])
    return Focus(
        disparity=value,
        point=point,
        confidence=1.0,
        subject_range=(value, value),
        reason="at the chosen point",
    )


def focus_on_box(disparity: FloatImage, box: tuple[float, float, float, float]) -> Focus:
    """The range of disparity (H, W) within a box (x, y, width, height), but for specks."""
    inside = values_in_box(disparity, box)
    far, middle, near = np.quantile(inside, BOX_QUANTILES, method="nearest").tolist()
    return Focus(
        disparity=middle,
        point=(box[0] + box[2] / 2, box[1] + box[3] / 2),
        confidence=1.0,
        subject_range=(near, far),
        reason="on all that lies in the chosen box",
    )


def focus_nearest(values: FloatImage) -> Focus:
    """What is nearest of disparities (h, w) and no speck, and all that is nearer."""
    (at,) = weighted_quantiles(values, np.ones_like(values), (1 - SPECK_SHARE,))
    reason = "on what is nearest"
    return _focus_beyond(values, at, subject_range=(float(values.max()), at), reason=reason)


def focus_farthest(values: FloatImage) -> Focus:
    """What is farthest of disparities (h, w) and no speck, and all that is farther."""
    (at,) = weighted_quantiles(values, np.ones_like(values), (SPECK_SHARE,))
    reason = "on what is farthest"
    return _focus_beyond(values, at, subject_range=(at, float(values.min())), reason=reason)


def focus_at_distance(values: FloatImage, distance_m: float, *, metric: bool) -> Focus:
    """A plane at a distance before the lens.

    Parameters
    ----------
    values : float32 (h, w)
        Disparity of the picture.
    distance_m : float, m
    metric : bool
        Whether disparity is in 1/m. Relative disparity counts as 1/m, too, so that the nearest
        thing is 1 m away.

    Raises
    ------
    UsageError
        If relative depth holds nothing so near.
    """
    at = 1 / distance_m
    if not metric and at > 1:
        raise UsageError(
            f"focus at {distance_m:g} m needs metric depth: without it the nearest thing counts "
            "as 1 m away; give 1m or more, or a depth map in metres with --depth."
        )
    note = None
    if not metric:
        note = (
            f"{distance_m:g} m is measured on relative depth, where the nearest thing counts as "
            "1 m away: for true metres give a depth map with --depth"
        )
    elif not values.min() <= at <= values.max():
        nearest, farthest = (
            "infinity" if v <= 0 else f"{1 / v:.3g} m" for v in (values.max(), values.min())
        )
        note = f"nothing lies {distance_m:g} m away: the photo goes from {nearest} to {farthest}"
    reason = f"{distance_m:g} m away, as chosen"
    return _focus_beyond(values, at, subject_range=(at, at), reason=reason, note=note)


def values_in_box(disparity: FloatImage, box: tuple[float, float, float, float]) -> FloatImage:
    """Some of the pixels (H, W) that a box touches, at least one, as a flat array."""
    x, y, width, height = box
    spans = []
    for low, extent, size in ((y, height, disparity.shape[0]), (x, width, disparity.shape[1])):
        begin = min(max(int(low * size), 0), size - 1)
        end = min(max(int(np.ceil((low + extent) * size - 1e-6)), begin + 1), size)
        spans.append(slice(begin, end, max(1, (end - begin) // BOX_SAMPLES)))
    return disparity[tuple(spans)].ravel()


def weighted_quantiles(
    values: FloatImage, weights: FloatImage, shares: tuple[float, ...]
) -> tuple[float, ...]:
    """Values that occur, never means of two: a mean could lie where nothing is."""
    order = np.argsort(values, axis=None)
    total = np.cumsum(weights.ravel()[order], dtype=np.float64)
    at = np.searchsorted(total, np.array(shares) * total[-1])
    return tuple(float(values.ravel()[order[i]]) for i in np.minimum(at, order.size - 1))


def nearness(cell: tuple[float, float], shape: tuple[int, ...]) -> FloatImage:
    """Weights that fall off around a cell (row, column): of a long subject the part in focus."""
    rows, cols = np.indices(shape, dtype=np.float32)
    distance = np.hypot(rows - np.float32(cell[0]), cols - np.float32(cell[1]))
    sigma = np.float32(NEARNESS_SHARE * max(shape))
    weights: FloatImage = np.exp(np.float32(-0.5) * np.square(distance / sigma))
    return weights


def cell_at_disparity(values: FloatImage, disparity: float) -> tuple[float, float]:
    """The point (x, y) whose disparity is nearest to a given one."""
    return centre_of(peak_of(-np.abs(values - np.float32(disparity))), values.shape)


def centre_of(cell: tuple[int, int], shape: tuple[int, ...]) -> tuple[float, float]:
    """Fractions of width and height of a cell's centre."""
    return (cell[1] + 0.5) / shape[1], (cell[0] + 0.5) / shape[0]


def _focus_beyond(
    values: FloatImage,
    at: float,
    *,
    subject_range: tuple[float, float],
    reason: str,
    note: str | None = None,
) -> Focus:
    return Focus(
        disparity=at,
        point=cell_at_disparity(values, at),
        confidence=1.0,
        subject_range=subject_range,
        reason=reason,
        note=note,
    )
