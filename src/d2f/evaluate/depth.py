"""How well disparity orders a scene, beside two guesses that do not look at the photo."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from d2f.arrays import ByteImage, FloatImage, resized
from d2f.errors import UsageError
from d2f.evaluate.guesses import mean_of_others, row_map
from d2f.evaluate.photos import judged_photos
from d2f.measures import metrics
from d2f.measures.collection import LARGEST_CODE, depth_codes, is_pseudo
from d2f.models.compact import CompactModel

__all__ = ["DisparityPredictor", "evaluate_depth"]

DisparityPredictor = Callable[[ByteImage], FloatImage]  # photo to disparity of any size
FIGURES = ("delta1", "ordinal_error", "boundary_f1")


class Tally:
    """Figures of one way to guess disparity, photo by photo."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float]] = []

    def add(self, disparity: FloatImage, truth: FloatImage, *, affine: bool) -> None:
        """Judge one map against the truth (0 = unknown), whose size it is brought to."""
        full = resized(disparity, truth.shape)
        self.rows.append(
            (
                metrics.delta1(full, truth, affine=affine),
                metrics.ordinal_error(full, truth, affine=affine),
                metrics.boundary_f1(full, truth),
            )
        )

    def figures(self, chosen: list[int] | None = None) -> dict[str, float | None]:
        """Means over all photos or the chosen ones; none where no photo has the figure."""
        rows = np.array(self.rows)[slice(None) if chosen is None else chosen]
        figures: dict[str, float | None] = {}
        for name, column in zip(FIGURES, rows.T, strict=True):
            known = column[~np.isnan(column)]
            figures[name] = float(known.mean()) if known.size else None
        return figures


def evaluate_depth(
    root: Path, *, split: str = "all", predict: DisparityPredictor | None = None
) -> dict[str, object]:
    """Judge disparity on NAME.jpg with NAME_invdepth16.png (16 bit, 0 = unknown).

    Parameters
    ----------
    root : Path
        The folder of these files; with index.csv for a split, and for what the truth is worth.
    split : str
        ``validation``, ``training`` or ``all``; the first two need scenes in index.csv.
    predict : callable, optional
        Photo (H x W x 3 uint8) to disparity, larger = nearer; the shipped network if left out.

    Returns
    -------
    dict
        ``delta1``, ``ordinal_error``, ``boundary_f1``, ``count``; the same for ``baselines`` and,
        where index.csv tells them apart, for ``real`` and ``pseudo`` truth.

    Raises
    ------
    UsageError
        If no photo has a truth above 0.
    """
    predict = predict or compact_disparity()
    ours, row, mean = Tally(), Tally(), Tally()
    truths: list[tuple[FloatImage, bool]] = []
    pseudo: list[bool] = []
    for photo in judged_photos(root, suffix="_invdepth16.png", read=depth_codes, split=split):
        truth = photo.truth.astype(np.float32) / np.float32(LARGEST_CODE)
        if not (truth > 0).any():
            continue
        affine = photo.row.get("scaling", "scale") == "affine"
        truths.append((truth, affine))
        pseudo.append(is_pseudo(photo.row))
        ours.add(predict(photo.photo), truth, affine=affine)
        row.add(row_map(truth.shape), truth, affine=affine)
    if not truths:
        raise UsageError(f"{root} has no truth above 0, the code of unknown depth: give another.")
    guesses = mean_of_others([filled(truth) for truth, _ in truths])
    for (truth, affine), guess in zip(truths, guesses, strict=True):
        mean.add(guess, truth, affine=affine)
    baselines = {"row": row.figures(), "mean_map": mean.figures()}
    report: dict[str, object] = {**ours.figures(), "count": len(truths), "baselines": baselines}
    for label, wanted in (("real", False), ("pseudo", True)):
        chosen = [index for index, value in enumerate(pseudo) if value == wanted]
        if chosen and len(chosen) < len(truths):
            report[label] = {**ours.figures(chosen), "count": len(chosen)}
    return report


def compact_disparity() -> DisparityPredictor:
    """The shipped network's disparity."""
    model = CompactModel.load()
    return lambda photo: model.predict(photo).disparity


def filled(truth: FloatImage) -> FloatImage:
    """A truth whose unknown pixels have the median of the known ones."""
    return np.where(truth > 0, truth, np.median(truth[truth > 0])).astype(np.float32)
