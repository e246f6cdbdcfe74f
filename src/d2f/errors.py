"""What can go wrong, in words, each with the exit code of the command line.

    D2FError
    |- PhotoError        1  a file or its content cannot be used
    |- UsageError        2  a choice that makes no sense: a value, a size, a combination
    `- MissingPartError  3  weights or an extra that is not installed

A message is one sentence that says what is wrong, where, and what to do about it.
"""

from typing import ClassVar

__all__ = ["D2FError", "MissingPartError", "PhotoError", "UsageError", "shortened", "told"]

LONGEST_QUOTE = 60


class D2FError(Exception):
    """Anything that d2f refuses, told so that a user can act on it."""

    exit_code: ClassVar[int] = 1


class PhotoError(D2FError):
    """A photo, a depth map or an output file cannot be read, used or written."""

    exit_code: ClassVar[int] = 1


class UsageError(D2FError, ValueError):
    """A value, a size or a combination of options that makes no sense."""

    exit_code: ClassVar[int] = 2


class MissingPartError(D2FError):
    """Weights or an optional package are missing; the message names the way to get them."""

    exit_code: ClassVar[int] = 3


def told(value: object) -> str:
    """A user's value as a message may quote it: one line, not endless."""
    return shortened(repr(value))


def shortened(words: str) -> str:
    """A user's words as a message may repeat them: one line, not endless."""
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_QUOTE else words[: LONGEST_QUOTE - 3] + "..."
