"""A package that is not installed, told as the line that installs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import MissingPartError

__all__ = ["needs_extra"]


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a package that is missing within the block into the line that installs its extra.

    Raises
    ------
    MissingPartError
        With the exact line.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "d2f").partition(".")[0] == "d2f":  # a fault of ours, not of the user
            raise
        raise MissingPartError(f'{error.name} is missing: pip install "d2f[{extra}]"') from None
