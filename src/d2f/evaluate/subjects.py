"""How well the focus map finds the subject, beside two guesses that do not look at the photo."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from d2f.arrays import ByteImage, FloatImage
from d2f.evaluate import metrics
from d2f.evaluate.photos import judged_photos, resized
from d2f.models.compact import CompactModel

__all__ = ["FocusPredictor", "centre_map", "evaluate_subjects"]

FocusPredictor = Callable[[ByteImage], FloatImage]  # photo to focus map of any size
CENTRE_SPREAD = 0.25  # of the picture's sides
MEAN_GRID = 64  # the mean mask is kept on a grid of this side


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
    for photo in judged_photos(root, suffix=".png", split=split):
        mask = photo.truth >= 128
        masks.append(mask)
        ours.add(predict(photo.photo), mask)
        centre.add(centre_map(mask.shape), mask)
    for mask, guess in zip(masks, mean_guesses(masks), strict=True):
        mean.add(guess, mask)
    baselines = {"centre": centre.figures(), "mean_mask": mean.figures()}
    return {**ours.figures(), "count": len(masks), "baselines": baselines}


def compact_focus() -> FocusPredictor:
    """The shipped network's focus map."""
    model = CompactModel.load()
    return lambda photo: model.predict(photo).focus_map


def centre_map(shape: tuple[int, ...]) -> FloatImage:
    """A Gaussian in the middle of the picture, 0..1."""
    rows, columns = shape[:2]
    y = (np.arange(rows)[:, None] + 0.5) / rows - 0.5
    x = (np.arange(columns)[None] + 0.5) / columns - 0.5
    squared = (x**2 + y**2) / CENTRE_SPREAD**2
    return np.exp(-0.5 * squared).astype(np.float32)


def mean_guesses(masks: list[NDArray[np.bool_]]) -> list[FloatImage]:
    """For each mask the mean of all others, on a small grid."""
    grids = [resized(mask.astype(np.float32), (MEAN_GRID, MEAN_GRID)) for mask in masks]
    total = np.sum(grids, axis=0)
    others = max(len(grids) - 1, 1)
    return [((total - grid) / others).astype(np.float32) for grid in grids]
