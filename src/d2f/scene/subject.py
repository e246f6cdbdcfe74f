"""The subject: which part of the focus map it is, and how it is held in focus as a whole.

A network's disparity wavers by a few percent within a subject and falls off towards its rim, which
at a fast aperture is a blurred nose. A photographer focuses on a thing, not on a plane through it,
so the subject's own range of disparity counts as the plane of focus.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..checks import check_map
from ..errors import UsageError

__all__ = [
    "connected",
    "ground_contact",
    "held_disparity",
    "peak_of",
    "smoothed",
    "subject_of",
]

SMOOTHING_SHARE = 0.03  # of the map's long side: sigma before the maximum is taken
SUBJECT_SHARE = 0.5  # of the map's maximum: what still belongs to the subject
SKIRT_CELLS = 2  # beyond that, so that the subject keeps its soft rim
FOOT_SHARE = 0.25  # of the subject's height: what of its outline can be its foot
BELOW_SHARES = 0.026, 0.057  # of the long side: where below the foot the ground is looked at
LEAST_CONTACT = 0.45  # of the subject's disparity: on ground farther than that it does not stand
MOST_BESIDE = 0.15  # of the picture above the foot: what is as near as ground; more is no ground
HELD_FROM, HELD_FULLY = 0.3, 0.7  # of the subject map: how much of a pixel's excess is taken away


def smoothed(focus_map: FloatImage) -> FloatImage:
    """The focus map after a Gaussian of 3 % of its long side; the border is repeated."""
    sigma = max(SMOOTHING_SHARE * max(focus_map.shape), 0.5)
    return _smoothed_down(_smoothed_down(focus_map, sigma).T, sigma).T


def peak_of(scores: FloatImage) -> tuple[int, int]:
    """Row and column of the highest score."""
    row, col = divmod(int(np.argmax(scores)), scores.shape[1])
    return row, col


def subject_of(focus_map: FloatImage) -> tuple[FloatImage, tuple[int, int]]:
    """The part of a focus map that is its main subject.

    Parameters
    ----------
    focus_map : float32 (h, w), 0..1

    Returns
    -------
    subject : float32 (h, w), 0..1
        The focus map where it hangs together with the smoothed maximum, 0 elsewhere.
    cell : (row, column)
        The subject's cell nearest to that maximum, which itself may lie in a ring's hole.
    """
    peak = peak_of(smoothed(focus_map))
    inside = focus_map >= SUBJECT_SHARE * focus_map.max()
    rows, cols = np.indices(focus_map.shape, dtype=np.float32)
    distance: FloatImage = np.hypot(rows - np.float32(peak[0]), cols - np.float32(peak[1]))
    cell = peak_of(np.where(inside, -distance, np.float32(-np.inf)))
    part = connected(inside, cell)
    for _ in range(SKIRT_CELLS):
        part = _grown(part)
    return np.where(part, focus_map, np.float32(0)), cell


def ground_contact(disparity: FloatImage, subject: FloatImage, *, far: float) -> float | None:
    """Disparity of the ground where a subject stands, as far as a network sees it.

    Networks draw a salient thing nearer than it is: the ground at its foot then lies a step behind
    it, which looks cut out once it is blurred.

    Parameters
    ----------
    disparity, subject : float32 (h, w)
        At the size of the focus map.
    far : float
        Disparity of the subject's far parts.

    Returns
    -------
    contact : float or None
        None where the subject is cut by the lower border, or what is below it is no ground: not
        nearer farther down, too far behind or not behind at all, or as much beside as below.
    """
    rows, cols = subject.shape
    inside = subject > SUBJECT_SHARE
    height = np.flatnonzero(inside.any(axis=1))
    near_rows, far_rows = (max(2, round(share * max(rows, cols))) for share in BELOW_SHARES)
    if height.size == 0 or height[-1] + near_rows >= rows:
        return None
    foot = np.where(inside.any(axis=0), rows - 1 - np.argmax(inside[::-1], axis=0), -1)
    stands = np.flatnonzero(foot >= height[-1] - FOOT_SHARE * (height[-1] - height[0]))
    upper = disparity[np.minimum(foot[stands] + near_rows, rows - 1), stands]
    lower = disparity[np.minimum(foot[stands] + far_rows, rows - 1), stands]
    contact = float(np.median(upper))
    above = disparity[: height[-1]]
    beside = (above >= contact) & (above < far) & ~inside[: height[-1]]
    is_ground = np.median(lower - upper) >= 0 and beside.mean() <= MOST_BESIDE
    return contact if is_ground and LEAST_CONTACT * far <= contact < far else None


def held_disparity(
    disparity: FloatImage,
    subject: FloatImage | None,
    *,
    at: float,
    subject_range: tuple[float, float],
    contact: float | None = None,
) -> FloatImage:
    """Disparity in which the subject lies wholly on the plane of focus.

    Parameters
    ----------
    disparity : float32 (H, W)
        Larger is nearer.
    subject : float32 (H, W), 0..1, optional
        What the subject covers, steep at its outline: there, what lies outside the range is the
        network's error and is taken away.
    at : float
        Disparity of the plane of focus.
    subject_range : (near, far)
        Disparities between which everything is in focus.
    contact : float, optional
        Disparity of the ground at the subject's foot. It is in focus, too, and what lies beyond is
        stretched so that the farthest keeps its distance from the subject.

    Returns
    -------
    disparity : float32 (H, W)
        `at` within the range; outside of it as far from `at` as from the range's end.

    Raises
    ------
    UsageError
        If a map is none, or the subject's is of another size.
    """
    check_map("disparity", disparity)
    if subject is not None and subject.shape != disparity.shape:
        raise UsageError(
            f"the subject has shape {subject.shape}, disparity {disparity.shape}: give both in "
            "one size."
        )
    near, far = subject_range
    if contact is None:
        excess = disparity - np.clip(disparity, np.float32(far), np.float32(near))
    else:
        excess = disparity - np.clip(disparity, np.float32(contact), np.float32(near))
        excess *= np.where(excess < 0, np.float32(far / contact), np.float32(1))
    if subject is not None:
        held = np.clip((subject - HELD_FROM) / (HELD_FULLY - HELD_FROM), 0, 1)
        excess *= 1 - held
    held_map: FloatImage = excess + np.float32(at)
    return held_map


def _smoothed_down(values: FloatImage, sigma: float) -> FloatImage:
    """Columns after a Gaussian; what would lie outside counts as the border.

    Sums of shifted maps: a product of matrices this small waits longer for its threads.
    """
    rows, reach = len(values), int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    result = np.zeros_like(values)
    for step, weight in enumerate(weights):
        result += weight * padded[step : step + rows]
    return result


def _grown(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask and its neighbours over edges and corners."""
    padded = np.pad(part, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    grown: NDArray[np.bool_] = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return grown


def connected(inside: NDArray[np.bool_], start: tuple[int, int]) -> NDArray[np.bool_]:
    """The part of a mask that hangs together with a cell, over edges and corners."""
    part = np.zeros(inside.shape, bool)
    part[start] = True
    while True:
        grown = _grown(part) & inside
        if np.array_equal(grown, part):
            return part
        part = grown
