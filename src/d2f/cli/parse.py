"""Words of the command line and the environment into values, where they are no plain numbers."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UsageError

__all__ = ["PARSERS", "parse_aperture", "parse_focus", "parse_tilt"]


def parse_aperture(word: str) -> float:
    """The f-number in `f/1.8`, `F1.8`, `1.8` or `f/inf`.

    Raises
    ------
    UsageError
        If there is no number in it.
    """
    try:
        return float(word.strip().lower().removeprefix("f").removeprefix("/"))
    except ValueError:
        raise UsageError("give an f-number, for example f/1.8.") from None


def parse_focus(word: str) -> str:
    """The word itself, once it is known to mean a focus.

    Raises
    ------
    UsageError
        If it means none.
    """
    from ..settings.focus_words import focus_fields

    focus_fields(word)
    return word


def parse_tilt(word: str) -> tuple[float, float]:
    """The two numbers in `X,Y`.

    Raises
    ------
    UsageError
        If there are not two numbers.
    """
    return _pair(word, "give two numbers X,Y, e.g. 0,0.6.")


def _pair(word: str, otherwise: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in word.split(","))
    except ValueError:
        raise UsageError(otherwise) from None
    return x, y


PARSERS: dict[str, Callable[[str], object]] = {  # by the choice's name
    "focus": parse_focus,
    "f_number": parse_aperture,
    "tilt": parse_tilt,
}
