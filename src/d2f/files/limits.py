"""How large a file may be: checked from its header, before anything is decoded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ..errors import PhotoError, UsageError

if TYPE_CHECKING:
    from .photo import Metadata

__all__ = ["DEFAULT_LIMITS", "MEGA", "Limits"]

MEGA = 1_000_000
MOST_MEGAPIXELS, MOST_SIDE_PX = 100, 30_000
MEGAPIXELS_VARIABLE, SIDE_VARIABLE = "D2F_MAX_MEGAPIXELS", "D2F_MAX_SIDE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a photo may need; the defaults are what a laptop survives."""

    pixels: int = MOST_MEGAPIXELS * MEGA
    side_px: int = MOST_SIDE_PX
    file_bytes: int = 2_000 * MEGA
    icc_bytes: int = 4 * MEGA
    exif_bytes: int = 1 * MEGA
    xmp_bytes: int = 32 * MEGA
    raised_by: str = f"{MEGAPIXELS_VARIABLE} and {SIDE_VARIABLE}"

    @classmethod
    def from_environment(cls) -> Self:
        """The defaults, raised or lowered by D2F_MAX_MEGAPIXELS and D2F_MAX_SIDE.

        Raises
        ------
        UsageError
            If one of them is no positive number.
        """
        megapixels = _number(MEGAPIXELS_VARIABLE, MOST_MEGAPIXELS)
        side_px = _number(SIDE_VARIABLE, MOST_SIDE_PX)
        return cls(pixels=int(megapixels * MEGA), side_px=int(side_px))

    def check_size(self, width: int, height: int, name: str) -> None:
        """Refuse a picture that is too large or empty; sizes come from the file's header."""
        if width < 1 or height < 1:
            raise PhotoError(f"{name} has {width} x {height} pixels: there is nothing to render.")
        if max(width, height) > self.side_px or width * height > self.pixels:
            raise PhotoError(
                f"{name} has {width} x {height} pixels, more than the limit of "
                f"{self.pixels / MEGA:g} megapixels and {self.side_px} a side: make it smaller, or "
                f"raise {self.raised_by}."
            )

    def check_metadata(self, metadata: Metadata, name: str) -> None:
        """Refuse metadata blocks that no honest file has."""
        for kind, limit in (
            ("icc", self.icc_bytes),
            ("exif", self.exif_bytes),
            ("xmp", self.xmp_bytes),
        ):
            block = getattr(metadata, kind)
            if block is not None and len(block) > limit:
                raise PhotoError(
                    f"{name} carries {len(block)} bytes of {kind.upper()}, more than the limit of "
                    f"{limit}: remove that block from the file."
                )


def _number(variable: str, default: float) -> float:
    word = os.environ.get(variable)
    if word is None:
        return default
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise UsageError(f"{variable}={word}: give a positive number.")
    return number


DEFAULT_LIMITS = Limits()
