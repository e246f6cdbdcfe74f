"""How large a photo may be: options of the commands that read photos."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from ..files import Limits

__all__ = ["MaxMegapixels", "MaxSide", "limits_of"]

MEGA = 1_000_000
RAISED_BY = "--max-megapixels and --max-side"

MaxMegapixels = Annotated[
    float | None,
    typer.Option(
        "--max-megapixels",
        metavar="N",
        help="Largest photo that is read, in megapixels. Default: 100, or D2F_MAX_MEGAPIXELS.",
    ),
]
MaxSide = Annotated[
    float | None,
    typer.Option(
        "--max-side",
        metavar="PX",
        help="Longest side of a photo, in pixels. Default: 30000, or D2F_MAX_SIDE.",
    ),
]


def limits_of(max_megapixels: float | None, max_side: float | None) -> Limits:
    """The limits that were chosen: flags, then the environment, then defaults.

    Raises
    ------
    UsageError
        If one of them is no positive number.
    """
    from ..files import Limits

    limits = replace(Limits.from_environment(), raised_by=RAISED_BY)
    if max_megapixels is not None:
        pixels = MEGA * _positive("--max-megapixels", max_megapixels)
        limits = replace(limits, pixels=int(pixels))
    if max_side is not None:
        limits = replace(limits, side_px=int(_positive("--max-side", max_side)))
    return limits


def _positive(flag: str, number: float) -> float:
    if not 0 < number < 1e9:
        raise UsageError(f"{flag} {number:g}: give a positive number.")
    return number
