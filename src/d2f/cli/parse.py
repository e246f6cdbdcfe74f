"""Words of the command line into values."""

from __future__ import annotations

import re

from ..errors import UsageError

__all__ = ["parse_aperture", "parse_focus", "parse_tilt"]


def parse_aperture(word: str | None) -> float | None:
    """The f-number in `f/1.8`, `F1.8`, `1.8` or `f/inf`; None stays None.

    Raises
    ------
    UsageError
        If there is no number above 0 in it.
    """
    if word is None:
        return None
    match = re.fullmatch(r"(?:f/?)?(\d+(?:\.\d*)?|\.\d+|inf)", word.strip().lower())
    f_number = float(match.group(1)) if match else 0.0
    if f_number <= 0:
        raise UsageError(f"--aperture {word}: give an f-number above 0, for example f/1.8.")
    return f_number


def parse_focus(word: str) -> str | tuple[float, float]:
    """`auto`, or the point in `X,Y`, fractions of width and height from the top left.

    Raises
    ------
    UsageError
        If it is neither, or the point lies outside the photo.
    """
    if word.strip().lower() == "auto":
        return "auto"
    x, y = _pair(word, f"--focus {word}: give auto or a point X,Y, e.g. 0.5,0.4.")
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise UsageError(
            f"--focus {word}: the point lies outside the photo; X and Y go from 0 (left, top) to 1."
        )
    return x, y


def parse_tilt(word: str | None) -> tuple[float, float] | None:
    """The two numbers in `X,Y`; None stays None.

    Raises
    ------
    UsageError
        If there are not two numbers.
    """
    if word is None:
        return None
    return _pair(word, f"--tilt {word}: give two numbers X,Y, e.g. 0,0.6.")


def _pair(word: str, otherwise: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in word.split(","))
    except ValueError:
        raise UsageError(otherwise) from None
    return x, y
