"""What users call the focus, as fields of the settings; the same words at every door."""

from __future__ import annotations

import math
import re
from typing import Any

from ..errors import UsageError

__all__ = ["LONGEST_M", "WORDS", "box_trouble", "focus_fields"]

WORDS = ("auto", "face", "nearest", "farthest")
LONGEST_M = 10_000.0  # beyond it all lenses see infinity
ROUNDING = 1e-6  # by which a box of decimal fractions may miss the border
WAYS = "give auto, face, a point X,Y, a box X,Y,W,H, nearest, farthest or a distance such as 2.4m."


def focus_fields(choice: Any) -> dict[str, Any]:  # a user's word: anything may come
    """The fields of the focus settings for `auto`, `(0.4, 0.6)`, `"2.4m"` and the like.

    Parameters
    ----------
    choice : str or sequence of 2 or 4 numbers
        A word of `WORDS`; a point or a box, as numbers or as `"0.4,0.6"`; a distance `"2.4m"`.

    Returns
    -------
    dict
        `mode`, and the field that belongs to it.

    Raises
    ------
    UsageError
        Says what is wrong and what to give; the caller puts the choice before it.
    """
    if isinstance(choice, str):
        word = choice.strip().lower()
        if word in WORDS:
            return {"mode": word}
        if re.fullmatch(r"[-+.\w]+\s*m", word):
            return {"mode": "distance", "distance_m": _distance(word)}
        choice = word.split(",") if "," in word else None
    numbers = _numbers(choice)
    if len(numbers) == 2:
        if not all(0 <= number <= 1 for number in numbers):
            raise UsageError(
                "the point lies outside the photo; X and Y go from 0 (left, top) to 1."
            )
        return {"mode": "point", "point": numbers}
    trouble = box_trouble(numbers)
    if trouble:
        raise UsageError(trouble)
    return {"mode": "box", "box": numbers}


def box_trouble(box: tuple[float, ...]) -> str | None:
    """What is wrong with a box (x, y, width, height), as a sentence; None if nothing."""
    x, y, width, height = box
    if not all(math.isfinite(number) for number in box) or min(x, y) < 0:
        return "the box lies outside the photo; X,Y,W,H are its left, top, width, height in 0..1."
    if min(width, height) <= 0:
        return "the box is empty; give a width and a height above 0."
    if max(x + width, y + height) > 1 + ROUNDING:
        return "the box reaches beyond the photo; X + W and Y + H are at most 1."
    return None


def _distance(word: str) -> float:
    try:
        distance_m = float(word.removesuffix("m"))
    except ValueError:
        raise UsageError(WAYS) from None
    if not 0 < distance_m <= LONGEST_M:
        raise UsageError(
            f"a distance lies above 0 and up to {LONGEST_M:g}m; beyond that, give farthest."
        )
    return distance_m


def _numbers(choice: Any) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in choice)
    except (TypeError, ValueError):
        raise UsageError(WAYS) from None
    if len(numbers) not in (2, 4):
        raise UsageError(WAYS)
    return numbers
