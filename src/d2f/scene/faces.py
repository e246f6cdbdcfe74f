"""Focus on a face: on its nearer eye, with the whole head and the person it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..arrays import FloatImage
from ..errors import UsageError
from .plane import Focus, nearness, values_in_box, weighted_quantiles
from .subject import ground_contact, subject_of

__all__ = ["Face", "clearest_face", "focus_on_face", "nearer_eye"]

EYE_SHARE = 0.2  # of a face's width: side of the patch whose median is the eye's disparity
HEAD_SHARE = 0.6  # of a face's box, in its middle: the corners show what lies behind
HEAD_QUANTILES = (0.1, 0.9)  # of the disparity there
FROM_SUBJECT = 0.5  # of the subject map: a face on more than this belongs to the subject


class Face(Protocol):
    """A detected face; see `models.faces.DetectedFace`."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(x, y, width, height) in fractions of the photo; may reach beyond it."""

    @property
    def score(self) -> float:
        """How sure the detector is, 0..1."""

    @property
    def eyes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Both eyes (x, y), in fractions of the photo."""


def clearest_face(faces: Sequence[Face]) -> Face | None:
    """The face that a photographer would take: large and sure; None of none."""
    return max(faces, key=lambda face: face.score * face.box[3], default=None)


def nearer_eye(face: Face, disparity: FloatImage) -> tuple[tuple[float, float], float]:
    """Point (x, y) and disparity of the nearer eye of a face, in a map (H, W)."""
    width, height = (EYE_SHARE * side for side in face.box[2:])
    measured = []
    for x, y in face.eyes:
        x, y = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        patch = values_in_box(disparity, (x - width / 2, y - height / 2, width, height))
        (at,) = np.quantile(patch, [0.5], method="nearest").tolist()
        measured.append(((x, y), at))
    return max(measured, key=lambda eye: eye[1])


def focus_on_face(
    disparity: FloatImage, values: FloatImage, focus_map: FloatImage, faces: Sequence[Face]
) -> Focus:
    """The plane through the nearer eye of the clearest face.

    Parameters
    ----------
    disparity : float32 (H, W)
        Of the photo, larger = nearer.
    values : float32 (h, w)
        The same at the size of the focus map.
    focus_map : float32 (h, w), 0..1
        Where the face lies on its main subject, all of that is kept sharp.
    faces : sequence of Face

    Raises
    ------
    UsageError
        If there is none.
    """
    face = clearest_face(faces)
    if face is None:
        raise UsageError(
            "no face was found in this photo: give a point as X,Y, or auto, instead of face."
        )
    point, at = nearer_eye(face, disparity)
    x, y, width, height = face.box
    margin = (1 - HEAD_SHARE) / 2
    middle = (x + margin * width, y + margin * height, HEAD_SHARE * width, HEAD_SHARE * height)
    head = values_in_box(disparity, middle)
    far, near = np.quantile(head, HEAD_QUANTILES, method="nearest").tolist()
    subject, _ = subject_of(focus_map)
    on_subject = bool(np.mean(values_in_box(subject, middle) > FROM_SUBJECT) > FROM_SUBJECT)
    contact = None
    if on_subject:
        rows, cols = subject.shape
        beside = nearness(((y + height / 2) * rows, (x + width / 2) * cols), subject.shape)
        person_far, person_near = weighted_quantiles(values, subject * beside, HEAD_QUANTILES)
        far, near = min(far, person_far), max(near, person_near)
        contact = ground_contact(values, subject, far=min(far, at))
    return Focus(
        disparity=at,
        point=point,
        confidence=1.0,
        subject_range=(max(near, at), min(far, at)),
        reason="on the nearer eye of the clearest face"
        + (f" of {len(faces)}" if len(faces) > 1 else ""),
        contact=contact,
        on_subject=on_subject,
    )
