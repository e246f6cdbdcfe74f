"""Two choices fitted to a target, plane of focus and f-number: what a method could do if told.

In: an opened photo and a score of its pictures. Out: the best picture that was tried, and how it
was made. "No blur" is among what is tried, so a fitted method is never behind the photo itself by
the score that is fitted.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from d2f.arrays import FloatImage
from d2f.evaluate.pairs.methods import Opened

__all__ = ["Fit", "fitted"]

COARSE = (1.4, 2.8, 5.6)  # f-numbers tried with every plane of focus
FINE_STEPS = 4  # half stops around the best of them, to either side
HALF_STOP = 2**0.25  # factor of the f-number: light goes with its square


@dataclass(frozen=True, slots=True)
class Fit:
    """The choices behind a picture: `focus` None is the method's own, `f_number` inf no blur."""

    focus: int | None
    f_number: float


def fitted(opened: Opened, score: Callable[[FloatImage], float]) -> tuple[FloatImage, Fit]:
    """The best-scored picture over planes of focus and f-numbers, and its choices.

    Every plane is tried with three f-numbers, then the best plane with half stops around.
    """
    best = Fit(None, math.inf)
    best_codes = opened.draw(f_number=math.inf)
    best_score = score(best_codes)
    tried = [Fit(focus, n) for focus in (None, *range(opened.focus_count)) for n in COARSE]
    coarse: list[tuple[float, Fit]] = []
    for fit in tried:
        codes = opened.draw(focus=fit.focus, f_number=fit.f_number)
        coarse.append((score(codes), fit))
        if coarse[-1][0] > best_score:
            best, best_codes, best_score = fit, codes, coarse[-1][0]
    # Where no blur wins so far, the most promising plane may still win with less of it.
    around = max(coarse, key=lambda entry: entry[0])[1]
    for step in range(-FINE_STEPS, FINE_STEPS + 1):
        fit = Fit(around.focus, around.f_number * HALF_STOP**step)
        if step == 0:
            continue
        codes = opened.draw(focus=fit.focus, f_number=fit.f_number)
        if (told := score(codes)) > best_score:
            best, best_codes, best_score = fit, codes, told
    return best_codes, best
