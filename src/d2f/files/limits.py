"""How large a file may be: checked from its header, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import PhotoError
from .photo import Metadata

__all__ = ["DEFAULT_LIMITS", "MEGA", "Limits"]

MEGA = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a photo may need; the defaults are what a laptop survives."""

    pixels: int = 100 * MEGA
    side_px: int = 30_000
    file_bytes: int = 2_000 * MEGA
    icc_bytes: int = 4 * MEGA
    exif_bytes: int = 1 * MEGA
    xmp_bytes: int = 32 * MEGA

    def check_size(self, width: int, height: int, name: str) -> None:
        """Refuse a picture that is too large or empty; sizes come from the file's header."""
        if width < 1 or height < 1:
            raise PhotoError(f"{name} has {width} x {height} pixels: there is nothing to render.")
        if max(width, height) > self.side_px or width * height > self.pixels:
            raise PhotoError(
                f"{name} has {width} x {height} pixels, more than the limit of "
                f"{self.pixels // MEGA} megapixels and {self.side_px} a side: make it smaller."
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


DEFAULT_LIMITS = Limits()
