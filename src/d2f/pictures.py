"""What a render gives back: a finished picture, and everything it was made from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .arrays import FloatImage
from .files import Photo
from .published import PublishedPicture
from .scene import Focus

__all__ = ["Picture", "Rendered"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """A finished picture and everything it was made from.

    Attributes
    ----------
    photo : Photo
        In the source's format, bit depth and tone curve, with its metadata.
    disparity : float32 (H, W)
        Larger is nearer; 1/m, or relative 0..1.
    defocus_px : float32 (H, W), px
        Signed radius of the circle of confusion, + nearer than the plane of focus.
    in_focus : float32 (H, W), 0..1
        1 keeps the original pixel.
    focus : Focus
        Where the plane of focus lies, and how sure that is.
    f_number : float
        inf where nothing is blurred.
    depth_source : str
        "model", "file" or "embedded".
    metric : bool
        Whether disparity is in 1/m.
    focal_length_sides : float, optional
        The shot's focal length over the long side of its sensor, as far as it is known.
    warnings : tuple of str
        What may be wrong with the picture, in words; see `scene.warnings_of`.
    """

    photo: Photo
    disparity: FloatImage
    defocus_px: FloatImage
    in_focus: FloatImage
    focus: Focus
    f_number: float
    depth_source: str
    metric: bool = False
    focal_length_sides: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def maps(self) -> dict[str, FloatImage]:
        """The maps by the names of the options that save them."""
        return {
            "defocus": self.defocus_px,
            "disparity": self.disparity,
            "mask": self.in_focus,
        }

    def told(self) -> str:
        """What a person is told about the picture."""
        (x, y), certainty = self.focus.point, self.focus.certainty
        doubt = "" if certainty == "sure" else f" ({certainty})"
        strength = "no blur" if math.isinf(self.f_number) else f"f/{self.f_number:.3g}"
        return f"focus {x:.2f},{y:.2f}{doubt}  {strength}"

    def summary(self) -> dict[str, Any]:
        """The figures worth telling, ready for JSON."""
        return {
            "focus": self.focus.summary(),
            "f_number": None if math.isinf(self.f_number) else round(self.f_number, 3),
            "nearest_defocus_px": round(float(self.defocus_px.max()), 2),
            "farthest_defocus_px": round(float(self.defocus_px.min()), 2),
            "in_focus_share": round(float(self.in_focus.mean()), 4),
            "depth_source": self.depth_source,
            "warnings": list(self.warnings),
        }


Picture = Rendered | PublishedPicture
