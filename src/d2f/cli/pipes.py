"""Photos through pipes: `-` is standard input as a photo, standard output as a picture."""

from __future__ import annotations

import os
import sys

from ..errors import PhotoError, UsageError

__all__ = ["PIPE", "check_pipes", "read_input", "write_output"]

PIPE = "-"


def check_pipes(*, reads: bool, writes: bool) -> None:
    """Refuse a terminal where bytes of a picture would come from or go to.

    Raises
    ------
    UsageError
    """
    if reads and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError("- reads a photo from standard input: direct one into it, as in < in.jpg.")
    if writes and (sys.stdout is None or sys.stdout.isatty()):
        raise UsageError("-o - writes bytes of a picture: direct them elsewhere, as in > out.jpg.")


def read_input(*, largest_bytes: int) -> bytes:
    """All of standard input.

    Raises
    ------
    PhotoError
        If it is empty, cannot be read, or is longer than allowed.
    """
    try:
        content = sys.stdin.buffer.read(largest_bytes + 1)
    except OSError as error:
        raise PhotoError(f"standard input cannot be read: {error.strerror}.") from None
    if not content:
        raise PhotoError("standard input is empty: direct a photo into it, as in < in.jpg.")
    if len(content) > largest_bytes:
        raise PhotoError(
            f"standard input has more than the limit of {largest_bytes} bytes: make it smaller."
        )
    return content


def write_output(content: bytes) -> None:
    """The picture to standard output, whole.

    Raises
    ------
    PhotoError
        If nobody reads it to its end, or there is no room for it.
    """
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is dropped
        raise PhotoError(
            f"the picture cannot be written to standard output ({error.strerror}): "
            "direct it elsewhere."
        ) from None
