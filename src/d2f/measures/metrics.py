"""The figures by which disparity and focus maps are judged, in training and in evaluation.

Disparity is 0..1 with 0 = unknown, larger = nearer; a prediction is known up to scale and shift
only, so it is aligned first. An ``affine`` truth has an arbitrary zero: a tenth of the range is
added to both sides before ratios are taken.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from d2f.arrays import FloatImage
from d2f.scene.subject import peak_of, smoothed

__all__ = [
    "aligned",
    "best_f",
    "boundary_f1",
    "delta1",
    "focus_hit",
    "ordinal_error",
    "precision_recall",
]

SMALLEST_DISPARITY = 0.01  # of the range: ratios of still smaller values are noise
AFFINE_SHIFT = 0.1
RATIO_LIMIT = 1.25  # delta1's usual bound
ORDINAL_PAIRS = 6000
ORDINAL_RATIO = 1.05  # nearly equal depths have no order worth asking for
EDGE_STEP = 0.1  # of the range, over four pixels: what counts as an edge of depth
EDGE_REACH_PX = 2
EDGE_LONG_SIDE_PX = 224  # size at which edges are compared: maps are judged, not enlargements
BETA_SQUARED = 0.3  # weighs precision over recall, as the salient-object literature does

BoolImage = NDArray[np.bool_]


def aligned(predicted: FloatImage, truth: FloatImage) -> FloatImage:
    """The prediction after the best scale and shift, H x W, at least 0.01.

    Least squares over the known pixels, once more without the worst tenth.
    """
    known = truth > 0
    x, y = predicted[known].astype(np.float64), truth[known].astype(np.float64)
    scale, shift = line_fit(x, y)
    errors = np.abs(scale * x + shift - y)
    kept = errors <= np.quantile(errors, 0.9)
    scale, shift = line_fit(x[kept], y[kept])
    fitted: FloatImage = np.maximum(scale * predicted + shift, SMALLEST_DISPARITY)
    return fitted.astype(np.float32)


def line_fit(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of the line through points by least squares; flat if x does not vary."""
    variance = x.var()
    slope = float(((x - x.mean()) * (y - y.mean())).mean() / variance) if variance > 1e-12 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def delta1(predicted: FloatImage, truth: FloatImage, *, affine: bool) -> float:
    """Share of known pixels whose aligned disparity is within a ratio of 1.25."""
    known = truth > 0
    shift = AFFINE_SHIFT if affine else 0.0
    ours = aligned(predicted, truth)[known] + shift
    theirs = np.maximum(truth[known], SMALLEST_DISPARITY) + shift
    return float((np.maximum(ours / theirs, theirs / ours) < RATIO_LIMIT).mean())


def ordinal_error(
    predicted: FloatImage, truth: FloatImage, *, affine: bool, seed: int = 0
) -> float:
    """Share of random pairs, clearly apart in truth, that the prediction puts in wrong order.

    NaN where no pair is clearly apart (a wall seen from the front).
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(truth.ravel() > 0)
    first, second = known[rng.integers(0, known.size, (2, ORDINAL_PAIRS))]
    theirs = np.maximum(truth, SMALLEST_DISPARITY).ravel() + (AFFINE_SHIFT if affine else 0.0)
    ours = predicted.ravel()
    ratio = theirs[first] / theirs[second]
    apart = np.maximum(ratio, 1.0 / ratio) > ORDINAL_RATIO
    if not apart.any():
        return float("nan")
    # A tie is no order either: it counts as wrong.
    right = (ours[first] - ours[second]) * (ratio - 1.0) > 0
    return float(1.0 - right[apart].mean())


def boundary_f1(predicted: FloatImage, truth: FloatImage) -> float:
    """Agreement of depth edges within two pixels, 0..1; NaN where the truth has no edge.

    Both maps are thinned to a long side of about 224 px. An edge is the steepest place of a step
    of a tenth of the range within four pixels.
    """
    fitted = aligned(predicted, truth)
    step = max(1, round(max(truth.shape) / EDGE_LONG_SIDE_PX))
    fitted, truth = (
        fitted[step // 2 :: step, step // 2 :: step],
        truth[step // 2 :: step, step // 2 :: step],
    )
    solid = ~dilated(truth <= 0, 2 * EDGE_REACH_PX)
    ours = depth_edges(fitted) & solid
    theirs = depth_edges(truth) & solid
    if not theirs.any():
        return float("nan")
    precision = (ours & dilated(theirs, EDGE_REACH_PX)).sum() / max(int(ours.sum()), 1)
    recall = (theirs & dilated(ours, EDGE_REACH_PX)).sum() / theirs.sum()
    return float(2.0 * precision * recall / max(float(precision + recall), 1e-9))


def depth_edges(disparity: FloatImage) -> BoolImage:
    """Pixels where a step of depth is steepest, along rows or along columns, H x W."""
    edges = np.zeros(disparity.shape, bool)
    for axis in (0, 1):
        step = np.zeros_like(disparity)
        low, high = np.roll(disparity, 2, axis), np.roll(disparity, -2, axis)
        step[2:-2, 2:-2] = np.abs(high - low)[2:-2, 2:-2]
        steepest = np.max([np.roll(step, shift, axis) for shift in (-2, -1, 1, 2)], axis=0)
        edges |= (step > EDGE_STEP) & (step >= steepest)
    return edges


def dilated(mask: BoolImage, reach_px: int) -> BoolImage:
    """The mask grown by a square of this reach."""
    padded = np.pad(mask, reach_px)
    rows, columns = mask.shape
    steps = range(2 * reach_px + 1)
    tall = np.any([padded[step : step + rows] for step in steps], axis=0)
    grown: BoolImage = np.any([tall[:, step : step + columns] for step in steps], axis=0)
    return grown


def focus_hit(focus_map: FloatImage, mask: BoolImage) -> bool:
    """Whether the peak of the smoothed map lies on the subject; map and mask have the same size."""
    return bool(mask[peak_of(smoothed(focus_map))])


def best_f(curves: Sequence[NDArray[np.float64]]) -> float:
    """Best F measure over 255 thresholds, of a set's mean precision and mean recall."""
    precision, recall = np.mean(curves, axis=0)
    score = (1.0 + BETA_SQUARED) * precision * recall
    return float((score / np.maximum(BETA_SQUARED * precision + recall, 1e-9)).max())


def precision_recall(focus_map: FloatImage, mask: BoolImage) -> NDArray[np.float64]:
    """Precision and recall of one map at 255 thresholds, 2 x 255."""
    codes = np.clip(np.rint(focus_map * 255.0), 0, 255).astype(np.int64)
    inside = np.bincount(codes[mask], minlength=256)[::-1].cumsum()[::-1][1:]
    total = np.bincount(codes.ravel(), minlength=256)[::-1].cumsum()[::-1][1:]
    # Nothing chosen is nothing wrong, but finds nothing either.
    precision = np.where(total > 0, inside / np.maximum(total, 1), 1.0)
    return np.stack([precision, inside / max(int(mask.sum()), 1)])
