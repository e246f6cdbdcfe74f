"""Which depth a photo is rendered with: a file's, the photo's own, or none (then the model sees).

A map that lies beside `NAME.jpg` as `NAME.depth.EXT` (png, tif, tiff, npy, pfm or exr) belongs to
it like one inside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from ..arrays import FloatImage
from ..errors import PhotoError
from .depth_map import DepthMap, DepthUnit, read_depth_map
from .depth_values import UnusableDepth
from .embedded_depth import EmbeddedDepth, embedded_depth
from .photo import Photo

__all__ = ["DepthWish", "FoundDepth", "depth_beside", "depth_for"]

DepthWish = Literal["auto", "model", "embedded"]

SIDECAR_SUFFIXES = (".png", ".tif", ".tiff", ".npy", ".pfm", ".exr")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundDepth:
    """Depth that came with a photo or from the user.

    Attributes
    ----------
    depth : DepthMap or EmbeddedDepth, optional
        None leaves it to the model.
    source : "file", "embedded" or "model"
    trouble : str, optional
        Why the photo's own depth is passed over.
    matte : float32 (H, W), 0..1, optional
        What the camera took for the person, at the photo's size.
    focal_length_sides : float, optional
        Focal length over the long side of the sensor, where depth came with it.
    """

    depth: DepthMap | EmbeddedDepth | None
    source: Literal["file", "embedded", "model"]
    trouble: str | None = None
    matte: FloatImage | None = None
    focal_length_sides: float | None = None


NOTHING = FoundDepth(depth=None, source="model")


def depth_for(photo: Photo, wish: DepthWish | Path, *, unit: DepthUnit) -> FoundDepth:
    """The depth to render a photo with.

    Parameters
    ----------
    photo : Photo
    wish : "auto", "model", "embedded" or Path
        auto: what lies inside the photo's file or beside it, else none. embedded: the same, and an
        error without it. model: none. A path: that map.
    unit : "m", "1/m" or "relative"
        What a map in a file of its own holds.

    Raises
    ------
    PhotoError
        If the map cannot be used, or there is none where one is wanted; for auto, if the photo's
        XMP is an attack: damaged depth is passed over with a word.
    MissingPartError
        If reading it needs an extra.
    """
    if isinstance(wish, Path):
        return FoundDepth(depth=read_depth_map(wish, unit=unit, size=photo.size), source="file")
    if wish == "model":
        return NOTHING
    try:
        found = _own(photo, unit)
    except UnusableDepth as error:
        if wish == "embedded":
            raise
        return replace(NOTHING, trouble=f"the photo's own depth is passed over: {error}")
    if found is NOTHING and wish == "embedded":
        raise PhotoError(
            f"{photo.name} holds no depth, and none lies beside it: use --depth auto or model."
        )
    return found


def _own(photo: Photo, unit: DepthUnit) -> FoundDepth:
    inside = None
    if photo.content is not None:
        inside = embedded_depth(photo.content, name=photo.name)
    if inside is not None:
        return FoundDepth(
            depth=inside,
            source="embedded",
            matte=None if inside.matte is None else _at_size(inside.matte, photo.size),
            focal_length_sides=inside.focal_length_sides,
        )
    beside = None if photo.path is None else depth_beside(photo.path)
    if beside is None:
        return NOTHING
    return FoundDepth(depth=read_depth_map(beside, unit=unit, size=photo.size), source="file")


def depth_beside(photo: Path) -> Path | None:
    """The map that lies beside a photo, `NAME.depth.EXT`; None where there is none."""
    names = (photo.with_name(f"{photo.stem}.depth{suffix}") for suffix in SIDECAR_SUFFIXES)
    try:
        return next((name for name in names if name.is_file() and name != photo), None)
    except (OSError, ValueError):  # names of files may be anything
        return None


def _at_size(matte: FloatImage, size: tuple[int, int]) -> FloatImage:
    from PIL import Image

    resized = Image.fromarray(matte).resize(size[::-1], Image.Resampling.BILINEAR)
    shares: FloatImage = np.clip(np.asarray(resized), 0, 1)
    return shares
