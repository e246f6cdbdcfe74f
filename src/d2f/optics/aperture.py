"""The opening of the lens, as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import UsageError

__all__ = ["Aperture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aperture:
    """Shape of the opening, which is the shape of an out-of-focus point of light.

    Parameters
    ----------
    blades : int
        0 for a round opening, 3 to 16 for an iris of that many straight blades.
    roundness : float, 0..1
        How far the blades bend towards the full circle; 1 is the circle.
    rotation_deg : float
        Counter-clockwise turn of the iris as seen in the picture; at 0 one corner points right.

    Raises
    ------
    UsageError
        If a value lies outside its range.
    """

    blades: int = 0
    roundness: float = 0.0
    rotation_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.blades != 0 and not 3 <= self.blades <= 16:
            raise UsageError(f"blades={self.blades} is no iris: give 0 for round, or 3 to 16.")
        if not 0 <= self.roundness <= 1:
            raise UsageError(f"roundness={self.roundness:g} lies outside 0..1.")
        if not math.isfinite(self.rotation_deg):
            raise UsageError(f"rotation_deg={self.rotation_deg} is not a number of degrees.")
