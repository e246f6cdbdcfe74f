"""Depth planes of HEIC files, as Apple's cameras store them and photo editors read them.

The plane is a grey picture of its own, bound to the main one by an `auxl` reference and named by
its `auxC` property. What its codes mean stands in an XMP item that describes it
(`apdi:FloatMinValue`, `FloatMaxValue`: disparity in 1/m) and in an HEVC message inside `auxC`
(H.265, annex I: depth representation information).
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import FloatImage
from ..errors import D2FError, PhotoError
from .containers.heic import decoder, without_metadata
from .containers.heif_words import turned_by, turns_of
from .depth_values import LARGER_THAN_PHOTO, MAX_DISPARITY, UnusableDepth, stretched
from .heif_items import Heif, heif_of
from .limits import DEFAULT_LIMITS
from .photo import Metadata
from .xmp_tree import number_of, property_of, xmp_root

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["HeifDepth", "heif_depth_of", "heif_original_of"]

DEPTH_TYPES = (b"urn:mpeg:hevc:2015:auxid:2", b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth")
MATTE_TYPE = "urn:com:apple:photo:2018:aux:portraiteffectsmatte"
APDI = "http://ns.apple.com/pixeldatainfo/1.0/"
DEPTH_DATA = "http://ns.apple.com/depthData/1.0/"
RDF_LI = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
XMP_MIME = b"application/rdf+xml"
# Without a reference: decoders take whatever describes a picture for its XMP.
ORIGINAL_NAME = b"d2f original"
INVERSE_DEPTH, DISPARITY, DEPTH = 0, 1, 2  # depth_representation_type


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeifDepth:
    """The depth plane of a HEIC file, turned as its picture is.

    Attributes
    ----------
    disparity : float32 (h, w)
        1/m if `metric`, else relative 0..1.
    size : (H, W)
        Of the upright picture.
    matte : float32 (h, w), 0..1, optional
        What of the picture is the person, at a size of its own.
    focal_length_sides : float, optional
        Focal length over the long side of the sensor.
    """

    disparity: FloatImage
    metric: bool
    size: tuple[int, int]
    matte: FloatImage | None = None
    focal_length_sides: float | None = None


def heif_depth_of(content: bytes, name: str) -> HeifDepth | None:
    """The depth plane of a HEIC file; None where there is none.

    Raises
    ------
    PhotoError
        If the plane is much larger than the picture.
    UnusableDepth
        If it is damaged.
    MissingPartError
        If there is one and `d2f[heic]` is not installed.
    """
    heif = heif_of(content)
    planes = [item for item in heif.pointing_at(heif.primary, b"auxl") if _is_depth(heif, item)]
    if not planes:
        return None
    _check_sizes(heif, name)
    tree = _description_of(heif, planes[0], name)
    try:
        image = decoder().open_heif(
            io.BytesIO(without_metadata(content)), convert_hdr_to_8bit=False
        )
        plane = image.info["depth_images"][0]
        shares = _shares(plane)
        told = plane.info.get("metadata") or {}
        matte = _matte_of(image)
    except D2FError:
        raise
    except Exception as error:  # the decoder raises whatever it likes on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise UnusableDepth(f"{name} carries a depth plane that is damaged ({reason}).") from error
    shares = _turned_as_primary(heif, planes[0], shares)
    disparity, metric = _disparity(shares, tree, told)
    return HeifDepth(
        disparity=disparity,
        metric=metric,
        size=_upright_size(heif),
        matte=matte,
        focal_length_sides=None if tree is None else _focal_length_sides(tree),
    )


def _is_depth(heif: Heif, item: int) -> bool:
    told = heif.property_of(item, b"auxC")
    return told is not None and told[4:].split(b"\0", 1)[0] in DEPTH_TYPES


def _check_sizes(heif: Heif, name: str) -> None:
    """Refuse from the header what would fill the memory; libheif has limits of its own, too."""
    picture = heif.size_of(heif.primary)
    if picture is None:
        raise UnusableDepth(f"{name} does not tell the size of its picture.")
    most = max(LARGER_THAN_PHOTO * picture[0] * picture[1], 1_000_000)
    for item in heif.pointing_at(heif.primary, b"auxl"):
        cols, rows = heif.size_of(item) or (0, 0)
        if cols * rows > most:
            raise PhotoError(
                f"{name} carries a plane of {cols} x {rows} values, more than the limit of {most} "
                "for this photo: remove it from the file."
            )


def _upright_size(heif: Heif) -> tuple[int, int]:
    cols, rows = heif.size_of(heif.primary) or (0, 0)
    rotation, _ = turns_of(heif, heif.primary)
    return (cols, rows) if rotation % 2 else (rows, cols)


def _description_of(heif: Heif, item: int, name: str) -> Element | None:
    """The XMP that describes the plane."""
    for source in heif.pointing_at(item, b"cdsc"):
        described = heif.items.get(source)
        if described is not None and described.kind == b"mime" and XMP_MIME in described.entry:
            packet = heif.content_of(source)
            DEFAULT_LIMITS.check_metadata(Metadata(xmp=packet), name)
            return xmp_root(packet, name)
    return None


def _shares(plane: Any) -> FloatImage:  # a module's type, imported late
    """Codes over their largest value; 10 and 12 bits come scaled to 16."""
    codes = np.asarray(plane)
    grey = codes[..., 0] if codes.ndim == 3 else codes
    return grey.astype(np.float32) / np.float32(np.iinfo(grey.dtype).max)


def _matte_of(image: Any) -> FloatImage | None:  # a module's type, imported late
    found = image.info.get("aux", {}).get(MATTE_TYPE, [])
    return _shares(image.get_aux_image(found[0])) if found else None


def _turned_as_primary(heif: Heif, item: int, shares: FloatImage) -> FloatImage:
    """The decoder turns each picture by its own properties; some writers turn the main one only."""
    kinds = (b"irot", b"imir")
    if any(heif.property_of(item, kind) is not None for kind in kinds):
        return shares
    return turned_by(shares, *turns_of(heif, heif.primary))


def _disparity(
    shares: FloatImage, tree: Element | None, told: dict[str, Any]
) -> tuple[FloatImage, bool]:
    """Disparity, and whether it is in 1/m; the XMP is the better witness."""
    known = np.ones(shares.shape, bool)
    if tree is not None:
        low, high = (number_of(tree, APDI, f"Float{end}Value") for end in ("Min", "Max"))
        if low is not None and high is not None and high > low:
            values = np.float32(low) + shares * np.float32(high - low)
            if (property_of(tree, APDI, "AuxiliaryImageType") or "disparity") == "depth":
                return _inverted(values), True
            relative = (low, high) == (0, 1) and _accuracy(tree) != "absolute"
            return (values, False) if relative else (_bounded(values), True)
    kind = told.get("representation_type")
    near, far, least, most = (_told(told, key) for key in ("z_near", "z_far", "d_min", "d_max"))
    if kind == DISPARITY and least is not None and most is not None and most > least >= 0:
        return _bounded(np.float32(least) + shares * np.float32(most - least)), True
    if kind in (INVERSE_DEPTH, DEPTH) and near and far and 0 < near < far:
        if kind == DEPTH:  # H.265: codes grow towards the camera in every representation
            return _inverted(np.float32(far) - shares * np.float32(far - near)), True
        return _bounded(np.float32(1 / far) + shares * np.float32(1 / near - 1 / far)), True
    return stretched(shares, known), False


def _told(told: dict[str, Any], key: str) -> float | None:
    value = told.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _bounded(disparity: FloatImage) -> FloatImage:
    return np.clip(disparity, 0, MAX_DISPARITY)


def _inverted(depth_m: FloatImage) -> FloatImage:
    return np.reciprocal(np.maximum(depth_m, 1 / MAX_DISPARITY))


def _accuracy(tree: Element) -> str:
    return (property_of(tree, DEPTH_DATA, "Accuracy") or "").lower()


def _focal_length_sides(tree: Element) -> float | None:
    """From the intrinsic matrix, stored column by column, for a picture of the reference size."""
    sides = [number_of(tree, DEPTH_DATA, f"IntrinsicMatrixReference{side}")
             for side in ("Width", "Height")]  # fmt: skip
    matrix = next(tree.iter(f"{{{DEPTH_DATA}}}IntrinsicMatrix"), None)
    if matrix is None or not all(sides):
        return None
    try:
        focal = float(next(matrix.iter(RDF_LI)).text or "")
    except (StopIteration, ValueError):
        return None
    longest = max(side for side in sides if side)
    return focal / longest if math.isfinite(focal) and focal > 0 else None


def heif_original_of(content: bytes) -> bytes | None:
    """The untouched photo that d2f put there, a file of its own; None without one."""
    heif = heif_of(content)
    for number, item in heif.items.items():
        if item.kind == b"mime" and ORIGINAL_NAME + b"\0" in item.entry:
            return heif.content_of(number)
    return None
