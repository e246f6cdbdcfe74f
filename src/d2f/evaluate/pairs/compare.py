"""Two methods on the same pairs: by how much one is ahead, how sure that is, how often it wins.

In: a figure of both methods for every pair, and the pair's scene. Out: mean difference, bootstrap
interval, wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison", "compared"]

RESAMPLES = 10_000
CONFIDENCE = 0.95
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How far method `a` is ahead of `b` in a figure.

    Attributes
    ----------
    difference : float
        Mean over pairs of a's figure minus b's.
    low, high : float
        95 % interval of it.
    wins, count : int
        Pairs on which a is strictly ahead, of how many.
    """

    a: str
    b: str
    figure: str
    difference: float
    low: float
    high: float
    wins: int
    count: int


def compared(
    a: Sequence[float], b: Sequence[float], scenes: Sequence[str]
) -> tuple[float, float, float, int]:
    """Mean of a - b, the ends of its 95 % interval, and how often a is ahead.

    Scenes, not pairs, are drawn again and again (Efron's percentile bootstrap over clusters): two
    apertures of one view say little more than one. The seed is fixed.

    Parameters
    ----------
    a, b : sequence of float
        One figure of each pair; pairs on which both are infinite count as equal.
    scenes : sequence of str
        What view a pair belongs to.
    """
    difference = np.array([0.0 if x == y else x - y for x, y in zip(a, b, strict=True)])
    names, scene_of_pair = np.unique(np.asarray(scenes), return_inverse=True)
    sums = np.bincount(scene_of_pair, weights=difference, minlength=names.size)
    counts = np.bincount(scene_of_pair, minlength=names.size)
    rng = np.random.default_rng(SEED)
    drawn: NDArray[np.int64] = rng.integers(0, names.size, (RESAMPLES, names.size))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return float(difference.mean()), float(low), float(high), int((difference > 0).sum())
