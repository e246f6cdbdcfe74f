"""What a photographer might focus on: the candidates, best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..checks import check_map
from ..optics import disparity_at_centres
from .faces import Face, nearer_eye
from .plane import centre_of, nearness, weighted_quantiles
from .subject import SUBJECT_SHARE, connected, peak_of, smoothed

__all__ = ["Subject", "subjects_of"]

MOST_SUBJECTS = 8
LEAST_SCORE = 0.1  # of a region's smoothed peak: a fainter one is a shadow on the map
LEAST_AREA = 0.002  # of the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something to focus on, in fractions of the photo's width and height.

    Attributes
    ----------
    kind : "face" or "subject"
    box : (x, y, width, height)
        From the top left.
    score : float, 0..1
        Of a face the detector's, of a subject the height of the smoothed focus map.
    point : (x, y)
        The nearer eye, or where the focus map is highest.
    disparity : float
        There: larger is nearer; relative 0..1, or 1/m.
    """

    kind: Literal["face", "subject"]
    box: tuple[float, float, float, float]
    score: float
    point: tuple[float, float]
    disparity: float

    def summary(self) -> dict[str, Any]:  # ready for JSON, whose values are of any kind
        """The same, rounded, ready for JSON."""
        return {
            "kind": self.kind,
            "box": [round(value, 4) for value in self.box],
            "score": round(self.score, 3),
            "point": [round(value, 4) for value in self.point],
            "disparity": round(self.disparity, 5),
        }


def subjects_of(
    disparity: FloatImage, focus_map: FloatImage, faces: Sequence[Face] = ()
) -> tuple[Subject, ...]:
    """The candidates for the focus, at most eight, best first.

    Parameters
    ----------
    disparity : float32 (H, W)
        Of the photo, larger = nearer.
    focus_map : float32 (h, w), 0..1
        Its connected regions are the subjects.
    faces : sequence of Face

    Raises
    ------
    UsageError
        If a map is none.
    """
    check_map("disparity", disparity)
    check_map("focus_map", focus_map)
    found = [_face_subject(face, disparity) for face in faces]
    found += _regions(disparity_at_centres(disparity, focus_map.shape), focus_map)
    return tuple(sorted(found, key=lambda subject: -subject.score)[:MOST_SUBJECTS])


def _face_subject(face: Face, disparity: FloatImage) -> Subject:
    point, at = nearer_eye(face, disparity)
    x, y, width, height = face.box
    left, top, right, bottom = (min(max(v, 0.0), 1.0) for v in (x, y, x + width, y + height))
    box = (left, top, right - left, bottom - top)
    return Subject(kind="face", box=box, score=face.score, point=point, disparity=at)


def _regions(values: FloatImage, focus_map: FloatImage) -> Iterator[Subject]:
    heights = smoothed(focus_map)
    left = focus_map >= max(SUBJECT_SHARE * float(focus_map.max()), LEAST_SCORE)
    for _ in range(MOST_SUBJECTS):
        cell = peak_of(np.where(left, heights, np.float32(-1)))
        if not left[cell] or heights[cell] < LEAST_SCORE:
            return
        region = connected(left, cell)
        left &= ~region
        if region.mean() >= LEAST_AREA:
            yield _region_subject(values, focus_map, region, cell, score=float(heights[cell]))


def _region_subject(
    values: FloatImage,
    focus_map: FloatImage,
    region: NDArray[np.bool_],
    cell: tuple[int, int],
    *,
    score: float,
) -> Subject:
    rows, cols = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    height, width = region.shape
    weights = np.where(region, focus_map * nearness(cell, region.shape), np.float32(0))
    (at,) = weighted_quantiles(values, weights, (0.5,))
    return Subject(
        kind="subject",
        box=(
            float(cols[0] / width),
            float(rows[0] / height),
            float((cols[-1] + 1 - cols[0]) / width),
            float((rows[-1] + 1 - rows[0]) / height),
        ),
        score=min(score, 1.0),
        point=centre_of(cell, region.shape),
        disparity=at,
    )
