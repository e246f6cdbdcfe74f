"""Words out of the program: to people and pipes that may be odd, slow or gone."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from ..errors import D2FError, PhotoError

__all__ = ["as_refusal", "drop_rest", "output_refusal", "printable", "say", "say_error"]


def printable(text: str) -> str:
    """The text with control characters spelled out: names of files may hold anything."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def say(text: str, *, to: TextIO | None = None) -> None:
    """Print a line at once, by default to standard output.

    A reader that has gone away is no reason to stop working on photos; a full disc is.

    Raises
    ------
    PhotoError
        If there is no room for the line; later ones are dropped.
    """
    stream = to or sys.stdout
    try:
        print(printable(text), flush=True, file=stream)
    except BrokenPipeError:
        drop_rest(stream)
    except OSError as error:
        drop_rest(stream)
        raise output_refusal(error) from None


def drop_rest(stream: TextIO) -> None:
    """Let what is still to be printed go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def output_refusal(error: OSError) -> PhotoError:
    """Why standard output takes no more, in words."""
    return PhotoError(f"standard output cannot be written ({error.strerror}): direct it elsewhere.")


def say_error(text: str) -> None:
    """Print a line of trouble to stderr."""
    print(f"d2f: {printable(text)}", file=sys.stderr)


def as_refusal(error: Exception, name: object) -> D2FError:
    """What the system refused (memory, a folder, a name) as one of d2f's own sentences."""
    if isinstance(error, D2FError):
        return error
    if isinstance(error, MemoryError):
        return PhotoError(f"{name} needs more memory than there is: make the photo smaller.")
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return PhotoError(f"{name} cannot be used ({reason}): check the name and its folder.")
