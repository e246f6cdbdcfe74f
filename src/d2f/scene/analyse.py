"""What a photo shows: how far things are and where a photographer would focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from ..arrays import ByteImage, FloatImage
from .doubts import depth_agreement, is_shallow
from .focus import has_subject
from .refine import disparity_at_full_size
from .sharpness import sharp_parts
from .subject import subject_of

__all__ = ["DepthMap", "Model", "ModelMaps", "View", "analyse"]


class ModelMaps(Protocol):
    """What a model sees in a photo; see `models.compact.CompactMaps`."""

    @property
    def disparity(self) -> FloatImage:
        """Float32 (h, w), 0..1, 1 = nearest."""

    @property
    def focus_map(self) -> FloatImage:
        """Float32 (h, w), 0..1."""

    @property
    def guide_srgb(self) -> FloatImage:
        """Float32 (h, w, 3), 0..1, the photo reduced to the maps' size."""

    @property
    def sharpness(self) -> FloatImage | None:
        """Float32 (h, w), 0..1, where the photo is in focus already; None if it is not known."""

    @property
    def mirrored_disparity(self) -> FloatImage | None:
        """What the model sees in the mirrored photo, mirrored back; None where it did not look."""

    @property
    def mirrored_focus_map(self) -> FloatImage | None:
        """Likewise."""


class Model(Protocol):
    """A network that sees disparity and subject in a photo."""

    def predict(self, photo_srgb: ByteImage) -> ModelMaps:
        """Maps of an upright photo, uint8 (H, W, 3)."""


class DepthMap(Protocol):
    """Depth that came with the photo or from the user."""

    @property
    def disparity(self) -> FloatImage:
        """Float32 (h, w), larger = nearer; of any size, the aspect the photo's."""

    @property
    def metric(self) -> bool:
        """Whether disparity is in 1/m; else it is relative, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What a photo shows.

    Attributes
    ----------
    disparity : float32 (H, W)
        At the photo's size, larger = nearer; 1/m if `metric`, else relative 0..1.
    focus_map : float32 (h, w), 0..1
        Where a photographer would focus, at the model's size.
    sharpness : float32 (h, w), 0..1, optional
        Where the photo is sharp already; only where no subject was found.
    subject : float32 (H, W), 0..1, optional
        What the main subject covers, at the photo's size and edges; None where there is none.
    metric : bool
    source : "file", "embedded" or "model"
        Where the disparity comes from.
    mirrored_focus_map : float32 (h, w), 0..1, optional
        That of the mirrored photo, mirrored back: a second opinion.
    depth_agreement : float, optional
        Correlation of the model's disparity with that of the mirrored photo; None of a file.
    shallow : bool
        Whether the photo is sharp on its subject alone.
    sample_px : float, px
        Side of a sample of the map that the disparity was made of, in the photo.
    """

    disparity: FloatImage
    focus_map: FloatImage
    sharpness: FloatImage | None
    subject: FloatImage | None
    metric: bool
    source: Literal["file", "embedded", "model"]
    mirrored_focus_map: FloatImage | None = None
    depth_agreement: float | None = None
    shallow: bool = False
    sample_px: float = 1.0


def analyse(
    photo_srgb: ByteImage, model: Model, *, depth: DepthMap | None = None, threads: int = 0
) -> View:
    """See what a photo shows.

    Parameters
    ----------
    photo_srgb : uint8 (H, W, 3)
        Upright photo in sRGB codes.
    model : Model
        Asked for the focus map even where the depth comes from a file.
    depth : DepthMap, optional
        Used instead of the model's disparity; of any size.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    View

    Raises
    ------
    UsageError
        If the depth map is empty or not finite.
    """
    maps = model.predict(photo_srgb)
    small = maps.disparity if depth is None else depth.disparity
    guide_srgb = maps.guide_srgb if depth is None else None
    part = subject_of(maps.focus_map)[0] if has_subject(maps.focus_map) else None
    return View(
        disparity=disparity_at_full_size(small, guide_srgb, photo_srgb, threads=threads),
        focus_map=maps.focus_map,
        sharpness=sharp_parts(photo_srgb, maps.focus_map.shape) if part is None else None,
        subject=(
            None
            if part is None
            else disparity_at_full_size(part, maps.guide_srgb, photo_srgb, threads=threads)
        ),
        metric=depth is not None and depth.metric,
        source="model" if depth is None else "file",
        mirrored_focus_map=maps.mirrored_focus_map,
        depth_agreement=(
            depth_agreement(maps.disparity, maps.mirrored_disparity) if depth is None else None
        ),
        shallow=part is not None and is_shallow(photo_srgb, part, maps.sharpness),
        sample_px=max(photo_srgb.shape[:2]) / max(small.shape),
    )
