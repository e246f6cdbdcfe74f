"""Depth out of a photo's file: GDepth and Dynamic Depth in JPEG, a depth plane in HEIC."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..arrays import FloatImage
from .containers.jpeg_segments import JpegParts, jpeg_parts, metadata_of
from .depth_codes import disparity_from_shares, shares_from_picture
from .depth_values import LARGER_THAN_PHOTO, UnusableDepth, check_aspect
from .dynamic_depth import dynamic_depth_of, dynamic_original_of
from .exif import orientation_of
from .gdepth import gdepth_of, gimage_of
from .limits import DEFAULT_LIMITS
from .photo import Metadata
from .read import read_bytes, turned
from .shot import shot_of
from .xmp_tree import xmp_root

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = [
    "DepthContainer",
    "EmbeddedDepth",
    "describe_embedded",
    "embedded_depth",
    "embedded_original",
    "is_heic",
]

DepthContainer = Literal["gdepth", "dynamic", "heic"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmbeddedDepth:
    """Depth that a photo's file holds, upright, at its own size.

    Attributes
    ----------
    disparity : float32 (h, w)
        Larger is nearer; 1/m if `metric`, else relative, 0..1.
    metric : bool
    container : "gdepth", "dynamic" or "heic"
    matte : float32 (h, w), 0..1, optional
        What the camera took for the person, at a size of its own.
    focal_length_sides : float, optional
        Focal length over the long side of the sensor, where depth came with it.
    """

    disparity: FloatImage
    metric: bool
    container: DepthContainer
    matte: FloatImage | None = None
    focal_length_sides: float | None = None


def is_heic(content: bytes) -> bool:
    """Whether the first bytes are those of a HEIF file other than AVIF."""
    return content[4:8] == b"ftyp" and content[8:12] not in (b"avif", b"avis")


def embedded_depth(photo: Path | bytes, *, name: str = "photo") -> EmbeddedDepth | None:
    """The depth inside a photo's file; None where there is none.

    Parameters
    ----------
    photo : Path or bytes
        The file, or its content.
    name : str
        For messages, where the content is given.

    Raises
    ------
    PhotoError
        If the file cannot be read, or its depth is an attack: entities, paths, far too large maps.
    UnusableDepth
        If the depth is damaged or belongs to another picture; the photo itself may be sound.
    MissingPartError
        If it is in a HEIC file and `d2f[heic]` is not installed.
    """
    content, name = _content_of(photo, name)
    if content.startswith(b"\xff\xd8\xff"):
        return _from_jpeg(content, name)
    if is_heic(content):
        return _from_heic(content, name)
    return None


def _content_of(photo: Path | bytes, name: str) -> tuple[bytes, str]:
    return (photo, name) if isinstance(photo, bytes) else (read_bytes(photo), str(photo))


def _from_heic(content: bytes, name: str) -> EmbeddedDepth | None:
    from .heif_depth import heif_depth_of

    found = heif_depth_of(content, name)
    if found is None:
        return None
    check_aspect(found.disparity.shape, found.size, f"the depth plane in {name}")
    matte = found.matte
    return EmbeddedDepth(
        disparity=found.disparity,
        metric=found.metric,
        container="heic",
        matte=matte if matte is not None and _fits(matte.shape, found.size) else None,
        focal_length_sides=found.focal_length_sides,
    )


def jpeg_and_metadata(content: bytes, name: str) -> tuple[JpegParts, Metadata]:
    """A JPEG's parts and its metadata."""
    parts = jpeg_parts(content)
    return parts, metadata_of(parts, name=name, limits=DEFAULT_LIMITS)


def trees_of(metadata: Metadata, name: str) -> list[Element]:
    """The XMP packets of a file, parsed without trust."""
    packets = (metadata.xmp, metadata.extended_xmp)
    return [xmp_root(packet, name) for packet in packets if packet is not None]


def _from_jpeg(content: bytes, name: str) -> EmbeddedDepth | None:
    parts, metadata = jpeg_and_metadata(content, name)
    trees = trees_of(metadata, name)
    if not trees:
        return None
    appended = content[parts.end :]
    container: DepthContainer = "dynamic"
    coded = dynamic_depth_of(trees, appended, name)
    if coded is None:
        container, coded = "gdepth", gdepth_of(trees, name)
    if coded is None:
        return None
    stored = (parts.height, parts.width)
    most = max(LARGER_THAN_PHOTO * stored[0] * stored[1], 1_000_000)
    shares = shares_from_picture(coded.picture, max_pixels=most, name=name)
    turn = orientation_of(metadata.exif)
    size = stored if turn < 5 else (stored[1], stored[0])
    if _fits(shares.shape, stored):  # some writers turn the map and leave the picture
        shares = turned(shares, turn)
    check_aspect(shares.shape, size, f"the depth map in {name}")
    disparity = disparity_from_shares(shares, coded.codes)
    sides = coded.focal_length_sides
    if coded.along_ray and coded.codes.unit != "none":
        disparity = _along_axis(disparity, sides or shot_of(metadata.exif, size).focal_length_sides)
    return EmbeddedDepth(
        disparity=disparity,
        metric=coded.codes.unit != "none",
        container=container,
        focal_length_sides=sides,
    )


def _fits(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    try:
        check_aspect(shape, size, "")
    except UnusableDepth:
        return False
    return True


def _along_axis(disparity: FloatImage, focal_length_sides: float | None) -> FloatImage:
    """Distance along a ray is longer than along the axis by the ray's slant."""
    if focal_length_sides is None:
        return disparity
    rows, cols = disparity.shape
    focal_px = focal_length_sides * max(rows, cols)
    across = (np.arange(cols) + 0.5 - cols / 2) / focal_px
    down = (np.arange(rows) + 0.5 - rows / 2) / focal_px
    slant = np.sqrt(1 + across**2 + (down**2)[:, None])
    along: FloatImage = (disparity * slant).astype(np.float32)
    return along


def embedded_original(photo: Path | bytes, *, name: str = "photo") -> bytes | None:
    """The untouched photo inside a file, a file of its own; None where there is none.

    Raises
    ------
    PhotoError
        As `embedded_depth`.
    """
    content, name = _content_of(photo, name)
    if is_heic(content):
        from .heif_depth import heif_original_of

        return heif_original_of(content)
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    parts, metadata = jpeg_and_metadata(content, name)
    trees = trees_of(metadata, name)
    return dynamic_original_of(trees, content[parts.end :], name) or gimage_of(trees, name)


def describe_embedded(depth: EmbeddedDepth) -> dict[str, Any]:
    """Facts about embedded depth, by name, ready for JSON."""
    rows, cols = depth.disparity.shape
    far, near = float(depth.disparity.min()), float(depth.disparity.max())
    return {
        "depth_container": depth.container,
        "depth_unit": "1/m" if depth.metric else "relative",
        "depth_width": cols,
        "depth_height": rows,
        "depth_range": [round(far, 5), round(near, 5)],
        "matte": depth.matte is not None,
    }
