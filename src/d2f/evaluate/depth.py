"""How well disparity orders a scene, beside two guesses that do not look at the photo."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from d2f.arrays import ByteImage, FloatImage
from d2f.evaluate import metrics
from d2f.evaluate.photos import JudgedPhoto, judged_photos, resized
from d2f.models.compact import CompactModel

__all__ = ["DisparityPredictor", "evaluate_depth", "row_map"]

DisparityPredictor = Callable[[ByteImage], FloatImage]  # photo to disparity of any size
LARGEST_CODE = 65535.0
MEAN_GRID = 64  # the mean map is kept on a grid of this side
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
    split : str
        ``validation``, ``training`` or ``all``; the first two need scenes in index.csv.
    predict : callable, optional
        Photo (H x W x 3 uint8) to disparity, larger = nearer; the shipped network if left out.

    Returns
    -------
    dict
        ``delta1``, ``ordinal_error``, ``boundary_f1``, ``count``; the same for ``baselines`` and,
        where index.csv tells them apart, for ``real`` and ``pseudo`` truth.
    """
    predict = predict or compact_disparity()
    ours, row, mean = Tally(), Tally(), Tally()
    truths: list[tuple[FloatImage, bool]] = []
    pseudo: list[bool] = []
    for photo in judged_photos(root, suffix="_invdepth16.png", split=split):
        truth = photo.truth.astype(np.float32) / np.float32(LARGEST_CODE)
        if not (truth > 0).any():
            continue
        affine = photo.row.get("scaling", "scale") == "affine"
        truths.append((truth, affine))
        pseudo.append(is_pseudo(photo))
        ours.add(predict(photo.photo), truth, affine=affine)
        row.add(row_map(truth.shape), truth, affine=affine)
    for (truth, affine), guess in zip(truths, mean_guesses(truths), strict=True):
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


def is_pseudo(photo: JudgedPhoto) -> bool:
    """Whether the truth is another network's opinion."""
    origin = photo.row.get("depth_origin", "")
    return origin == "predicted" or "pseudo" in photo.row.get("kind", "")


def row_map(shape: tuple[int, ...]) -> FloatImage:
    """Lower is nearer: the guess that a photo taken upright supports, 0..1."""
    rows, columns = shape[:2]
    ramp = (np.arange(rows, dtype=np.float32) + 0.5) / np.float32(rows)
    return np.repeat(ramp[:, None], columns, axis=1)


def mean_guesses(truths: list[tuple[FloatImage, bool]]) -> list[FloatImage]:
    """For each truth the mean of all others, on a small grid; unknown pixels count as median."""
    grids = []
    for truth, _ in truths:
        filled = np.where(truth > 0, truth, np.median(truth[truth > 0])).astype(np.float32)
        grids.append(resized(filled, (MEAN_GRID, MEAN_GRID)))
    total = np.sum(grids, axis=0)
    others = max(len(grids) - 1, 1)
    return [((total - grid) / others).astype(np.float32) for grid in grids]
