"""Where the plane of focus lies: on the subject the model sees, or where the user wants it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import FloatImage
from ..checks import check_map
from ..errors import UsageError
from ..optics import disparity_at_centres
from ..settings import FocusSettings
from .faces import Face, focus_on_face
from .plane import (
    SUBJECT_FROM,
    SURE_FROM,
    Focus,
    cell_at_disparity,
    centre_of,
    focus_at_distance,
    focus_at_point,
    focus_farthest,
    focus_nearest,
    focus_on_box,
    nearness,
    weighted_quantiles,
)
from .subject import ground_contact, smoothed, subject_of

__all__ = ["choose_focus", "confidence_of", "has_subject"]

RANGE_QUANTILES = (0.1, 0.9)  # of the subject's disparity: what should stay sharp
DIM_MOST = 0.1  # of a dim focus map: a lone bright spot at the border may not outvote the rest
SHARP_SHARE = 0.92  # of what is sharp already: stays sharp, with all that is farther
DIM_LEAST = 1e-3  # where the map is empty, all of the picture counts alike


def choose_focus(
    disparity: FloatImage,
    focus_map: FloatImage,
    *,
    wish: FocusSettings | None = None,
    metric: bool = False,
    sharpness: FloatImage | None = None,
    faces: Sequence[Face] = (),
) -> Focus:
    """Choose the plane of focus.

    Parameters
    ----------
    disparity : float32 (H, W)
        Of the photo, larger = nearer.
    focus_map : float32 (h, w), 0..1
        Where a photographer would focus; of any size, the same picture.
    wish : FocusSettings, optional
        What the user wants; automatic focus if left out. That takes as subject the part of the
        focus map around its smoothed maximum, and its weighted median as plane of focus; without
        a subject what is sharp already, and all beyond it.
    metric : bool
        Whether disparity is in 1/m; else it is relative.
    sharpness : float32 (h, w), 0..1, optional
        Where the photo is sharp already; without it a dim focus map has to do.
    faces : sequence of Face
        The photo's faces, where they are wanted.

    Returns
    -------
    Focus

    Raises
    ------
    UsageError
        If the photo has no face, or relative depth nothing so near; if a map is none, or holds NaN
        or infinity where that matters.
    """
    check_map("disparity", disparity)
    _check_shares("focus_map", focus_map)
    if sharpness is not None:
        _check_shares("sharpness", sharpness)
        if sharpness.shape != focus_map.shape:
            raise UsageError(
                f"sharpness has shape {sharpness.shape}, the focus map {focus_map.shape}: "
                "give both in one size."
            )
    focus = _chosen(
        disparity,
        focus_map,
        wish or FocusSettings(),
        metric=metric,
        sharpness=sharpness,
        faces=faces,
    )
    if not np.isfinite((focus.disparity, *focus.subject_range)).all():
        raise UsageError("disparity holds NaN or infinity: give finite values.")
    return focus


def _check_shares(name: str, shares: FloatImage) -> None:
    check_map(name, shares)
    if not np.isfinite(shares).all():
        raise UsageError(f"{name} holds NaN or infinity: give values of 0..1.")


def _chosen(
    disparity: FloatImage,
    focus_map: FloatImage,
    wish: FocusSettings,
    *,
    metric: bool,
    sharpness: FloatImage | None,
    faces: Sequence[Face],
) -> Focus:
    if wish.point is not None:
        return focus_at_point(disparity, wish.point)
    if wish.box is not None:
        return focus_on_box(disparity, wish.box)
    values = disparity_at_centres(disparity, focus_map.shape)
    if wish.distance_m is not None:
        return focus_at_distance(values, wish.distance_m, metric=metric)
    if wish.mode == "nearest":
        return focus_nearest(values)
    if wish.mode == "farthest":
        return focus_farthest(values)
    if wish.mode == "face":
        return focus_on_face(disparity, values, focus_map, faces)
    confidence = confidence_of(focus_map)
    if confidence >= SUBJECT_FROM:
        return _focus_on_subject(values, focus_map, confidence)
    if sharpness is None:
        return _far_focus(values, np.minimum(focus_map, DIM_MOST), confidence, share=0.5)
    return _far_focus(values, sharpness, confidence, share=SHARP_SHARE)


def confidence_of(focus_map: FloatImage) -> float:
    """How sure a focus map (h, w) is of its subject, 0..1: the height of its smoothed peak."""
    return float(np.clip(smoothed(focus_map).max(), 0, 1))


def has_subject(focus_map: FloatImage) -> bool:
    """Whether a focus map (h, w) shows a subject; landscapes have none."""
    return confidence_of(focus_map) >= SUBJECT_FROM


def _focus_on_subject(values: FloatImage, focus_map: FloatImage, confidence: float) -> Focus:
    subject, cell = subject_of(focus_map)
    weights = subject * nearness(cell, focus_map.shape)
    far, middle, near = weighted_quantiles(
        values, weights, (RANGE_QUANTILES[0], 0.5, RANGE_QUANTILES[1])
    )
    sure = confidence >= SURE_FROM
    return Focus(
        disparity=middle,
        point=centre_of(cell, focus_map.shape),
        confidence=confidence,
        subject_range=(near, far),
        reason="on the subject that stands out" if sure else "on the likeliest subject",
        contact=ground_contact(values, subject, far=far),
        on_subject=True,
    )


def _far_focus(values: FloatImage, likely: FloatImage, confidence: float, *, share: float) -> Focus:
    """Without a subject only the foreground softens: nothing that matters can be missed.

    What the photographer focused on is sharp; even a dim focus map lies on what the picture is
    about rather than on sky and shadow. Most of it is in focus, and with it all that is farther.
    """
    (disparity,) = weighted_quantiles(values, np.maximum(likely, DIM_LEAST), (share,))
    return Focus(
        disparity=disparity,
        point=cell_at_disparity(values, disparity),
        confidence=confidence,
        subject_range=(disparity, float(values.min())),
        reason="on what is sharp already and all that is farther: no subject stands out",
    )
