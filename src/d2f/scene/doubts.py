"""What may be wrong with a picture, in words, where measured signals say so.

How often each fires, and how often the focus is right where none does: docs/focus.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import ByteImage, FloatImage
from .plane import SUBJECT_FROM, SURE_FROM, Focus
from .sharpness import detail_of
from .subject import smoothed
from .subjects import subjects_of

if TYPE_CHECKING:
    from .analyse import View

__all__ = ["depth_agreement", "is_shallow", "warnings_of"]

LEAST_AGREEMENT = 0.98  # correlation; below, 1.7 to 2.1 x as many points are in wrong order
INSIDE_FROM, OUTSIDE_TO = 0.5, 0.05  # of the subject's map; its soft rim is neither
DETAIL_QUANTILE = 0.9
SHALLOW_RATIO = 2.5  # detail inside over outside
SHALLOW_MOST = 9.0  # codes of 255: detail outside; a mountain's sky and valley have 17
PLAIN_FROM = 0.4  # mean sharpness outside; those of blurred backgrounds lie below .26
LEAST_DETAIL = 1.0  # code of 255: noise and JPEG are no detail
LEAST_SHARE = 0.005, 0.05  # of the map, inside and outside: less tells nothing


def warnings_of(view: View, focus: Focus, *, automatic: bool) -> tuple[str, ...]:
    """Sentences, without full stop, that a user should read; none where all looks well.

    Parameters
    ----------
    view : View
    focus : Focus
        The plane of focus in it.
    automatic : bool
        Whether the focus was chosen for the user.
    """
    found = [] if focus.note is None else [focus.note]
    ambiguity = _ambiguity(view, focus) if automatic else None
    if ambiguity:
        found.append(f"focus is ambiguous: {ambiguity}")
    if view.shallow:
        found.append("this photo is already shallow: beside the subject hardly anything is sharp")
    if view.depth_agreement is not None and view.depth_agreement < LEAST_AGREEMENT:
        found.append("depth is unsure: the photo, mirrored and larger, looks different in depth")
    return tuple(found)


def depth_agreement(disparity: FloatImage, mirrored: FloatImage | None) -> float | None:
    """Correlation of a network's disparity with that of the mirrored photo, mirrored back."""
    if mirrored is None:
        return None
    if min(disparity.std(), mirrored.std()) < 1e-6:
        return 1.0
    return float(np.corrcoef(disparity.ravel(), mirrored.ravel())[0, 1])


def is_shallow(
    photo_srgb: ByteImage, subject: FloatImage, sharpness: FloatImage | None = None
) -> bool:
    """Whether a photo (H, W, 3) is sharp on its subject (h, w) alone.

    A plain background has no detail either: a model's sharpness (h, w) tells it from a blurred one.
    Alone it would not do: it is the weaker judge of the two (docs/focus.md).
    """
    detail = detail_of(photo_srgb, subject.shape)
    inside, outside = subject > INSIDE_FROM, subject < OUTSIDE_TO
    if inside.mean() < LEAST_SHARE[0] or outside.mean() < LEAST_SHARE[1]:
        return False
    if sharpness is not None and float(sharpness[outside].mean()) > PLAIN_FROM:
        return False
    sharp, rest = (float(np.quantile(detail[part], DETAIL_QUANTILE)) for part in (inside, outside))
    return rest < SHALLOW_MOST and sharp > SHALLOW_RATIO * max(rest, LEAST_DETAIL)


def _ambiguity(view: View, focus: Focus) -> str | None:
    if focus.confidence < SUBJECT_FROM:
        return "no subject stands out"
    if focus.confidence < SURE_FROM:
        return "the subject stands out only faintly"
    if view.mirrored_focus_map is not None:
        seen = smoothed(view.mirrored_focus_map)
        x, y = focus.point
        if seen[int(y * seen.shape[0]), int(x * seen.shape[1])] < SURE_FROM:
            return "the photo, mirrored and larger, has another subject"
    others = subjects_of(view.disparity, view.focus_map)[1:]
    if others and others[0].score >= SUBJECT_FROM:
        x, y = others[0].point
        return f"what lies at {x:.2f},{y:.2f} stands out nearly as much"
    return None
