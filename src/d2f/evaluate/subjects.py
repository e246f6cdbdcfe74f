"""How well the focus map finds the subject, beside two guesses that do not look at the photo."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from d2f.arrays import ByteImage, FloatImage, resized
from d2f.evaluate.guesses import centre_map, mean_of_others
from d2f.evaluate.photos import judged_photos, mask_codes
from d2f.measures import metrics
from d2f.models.compact import CompactModel

__all__ = ["FocusPredictor", "evaluate_subjects"]

FocusPredictor = Callable[[ByteImage], FloatImage]  # photo to focus map of any size
SUBJECT_CODE = 128  # of 255: from here on a mask says subject


class Tally:
    """Figures of one way to guess the subject, photo by photo."""

    def __init__(self) -> None:
        self.curves: list[NDArray[np.float64]] = []
        self.hits: list[bool] = []
        self.errors: list[float] = []

    def add(self, focus_map: FloatImage, mask: NDArray[np.bool_]) -> None:
        """Judge one map against the mask, whose size it is brought to."""
        full = resized(focus_map, mask.shape)
        self.curves.append(metrics.precision_recall(full, mask))
        self.hits.append(metrics.focus_hit(full, mask))
        self.errors.append(float(np.abs(full - mask).mean()))

    def figures(self) -> dict[str, float]:
        """focus_hit, max_f and mae of all photos so far."""
        return {
            "focus_hit": float(np.mean(self.hits)),
            "max_f": metrics.best_f(self.curves),
            "mae": float(np.mean(self.errors)),
        }


def evaluate_subjects(
    root: Path, *, split: str = "all", predict: FocusPredictor | None = None
) -> dict[str, object]:
    """Judge focus maps on NAME.jpg with masks NAME.png (subject at 128 and above).

    Parameters
    ----------
    root : Path
        The folder of these files; with index.csv for a split.
    split : str
        ``validation``, ``training`` or ``all``; the first two need scenes in index.csv.
    predict : callable, optional
        Photo (H x W x 3 uint8) to focus map; the shipped network if left out.

    Returns
    -------
    dict
        ``focus_hit``, ``max_f``, ``mae``, ``count`` and the same three for ``baselines``.
    """
    predict = predict or compact_focus()
    ours, centre, mean = Tally(), Tally(), Tally()
    masks: list[NDArray[np.bool_]] = []
    for photo in judged_photos(root, suffix=".png", read=mask_codes, split=split):
        mask = photo.truth >= SUBJECT_CODE
        masks.append(mask)
        ours.add(predict(photo.photo), mask)
        centre.add(centre_map(mask.shape), mask)
    guesses = mean_of_others([mask.astype(np.float32) for mask in masks])
    for mask, guess in zip(masks, guesses, strict=True):
        mean.add(guess, mask)
    baselines = {"centre": centre.figures(), "mean_mask": mean.figures()}
    return {**ours.figures(), "count": len(masks), "baselines": baselines}


def compact_focus() -> FocusPredictor:
    """The shipped network's focus map."""
    model = CompactModel.load()
    return lambda photo: model.predict(photo).focus_map
