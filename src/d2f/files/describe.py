"""What a file says about itself, for `d2f inspect`."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image

from ..errors import D2FError
from .containers.jpeg import JpegCoding
from .containers.webp import WebpCoding
from .embedded_depth import describe_embedded, embedded_depth, embedded_original
from .exif import orientation_of
from .icc import profile_name
from .photo import Photo
from .xmp import NAMESPACE
from .xmp_tree import xmp_root

__all__ = ["describe"]

SUBSAMPLING = ("4:4:4", "4:2:2", "4:2:0")
GAIN_MAPS = {  # what a JPEG with one says of itself
    "Ultra HDR": b"http://ns.adobe.com/hdr-gain-map/1.0/",
    "ISO 21496-1": b"urn:iso:std:iso:ts:21496:-1\0",
    "Apple": b"urn:com:apple:photo:2020:aux:hdrgainmap",
}


def describe(photo: Photo) -> dict[str, Any]:
    """Facts about a photo, by name, ready for JSON; None where the file tells nothing."""
    rows, cols = photo.size
    metadata = photo.metadata
    kind, bits = photo.stored_depth[0], photo.stored_depth[1:]
    inks = photo.device is not None and photo.device.codes.shape[2] == 4
    return {
        "format": photo.format,
        "file_bytes": None if photo.content is None else len(photo.content),
        "coding": _coding(photo),
        "width": cols,
        "height": rows,
        "megapixels": round(rows * cols / 1e6, 2),
        "bit_depth": f"{bits} bit{' float' if kind == 'f' else ''}",
        "channels": ("CMYK" if inks else "grey" if photo.grey else "RGB")
        + (" + alpha" if photo.alpha is not None else ""),
        "tone_curve": photo.tone_curve.name,
        "icc_profile": profile_name(metadata.icc),
        "cicp": None if metadata.cicp is None else "{}/{}".format(*metadata.cicp),
        "stored_orientation": orientation_of(metadata.exif),
        "gain_map": _gain_map(photo.content or b""),
        "edit": _edit(metadata.xmp),
        **_depth(photo),
        **_shot(metadata.exif),
        "icc_bytes": len(metadata.icc) if metadata.icc else None,
        "exif_bytes": len(metadata.exif) if metadata.exif else None,
        "xmp_bytes": len(metadata.xmp) if metadata.xmp else None,
        "extended_xmp_bytes": len(metadata.extended_xmp) if metadata.extended_xmp else None,
        "iptc_bytes": len(metadata.iptc) if metadata.iptc else None,
        "not_kept": "; ".join(photo.notes) or None,
    }


def _coding(photo: Photo) -> str | None:
    """How the pixels are compressed, where a format leaves a choice."""
    coding = photo.coding
    if isinstance(coding, JpegCoding):
        way = "progressive" if coding.progressive else "baseline"
        known = 0 <= coding.subsampling < len(SUBSAMPLING)
        return f"{way}, {SUBSAMPLING[coding.subsampling] if known else 'rare subsampling'}"
    if isinstance(coding, WebpCoding):
        return "lossless" if coding.lossless else "lossy"
    return None


def _gain_map(content: bytes) -> str | None:
    """The kinds of gain map that a file announces: light above white for bright screens."""
    return ", ".join(kind for kind, mark in GAIN_MAPS.items() if mark in content) or None


def _edit(xmp: bytes | None) -> dict[str, str] | None:
    """What an earlier run of d2f did to the photo, by its own words."""
    if xmp is None or NAMESPACE.encode() not in xmp:
        return None
    try:
        tree = xmp_root(xmp, "the photo")
    except D2FError:  # damaged XMP tells nothing; the photo itself is sound
        return None
    own = f"{{{NAMESPACE}}}"
    return {
        name.removeprefix(own): value
        for element in tree.iter()
        for name, value in element.attrib.items()
        if name.startswith(own)
    } or None


def _depth(photo: Photo) -> dict[str, Any]:
    """The depth in the file; what keeps it from being used is told, the photo being sound."""
    none = {"depth_container": None}
    if photo.content is None:
        return none
    try:
        found = embedded_depth(photo.content, name=photo.name)
        if found is None:
            return none
        original = embedded_original(photo.content, name=photo.name)
    except D2FError as error:
        return {**none, "depth_trouble": str(error)}
    return {**describe_embedded(found), "original_bytes": original and len(original)}


def _shot(exif: bytes | None) -> dict[str, Any]:
    """How the photo was taken."""
    values: dict[int, Any] = {}
    if exif is not None:
        block = Image.Exif()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # odd but readable blocks
                block.load(b"Exif\0\0" + exif)
                values = {**block, **block.get_ifd(ExifTags.IFD.Exif)}
        except Exception:  # a damaged block tells nothing; the photo itself is sound
            values = {}
    tag = ExifTags.Base
    maker, model = (_text(values.get(key)) for key in (tag.Make, tag.Model))
    camera = model if maker is None or (model or "").startswith(maker) else f"{maker} {model or ''}"
    return {
        "camera": camera.strip() if camera else None,
        "lens": _text(values.get(tag.LensModel)),
        "focal_length_mm": _number(values.get(tag.FocalLength)),
        "focal_length_equiv35_mm": _number(values.get(tag.FocalLengthIn35mmFilm)),
        "f_number": _number(values.get(tag.FNumber)),
        "taken": _text(values.get(tag.DateTimeOriginal)),
    }


def _text(value: Any) -> str | None:  # EXIF entries come as anything
    words = str(value).strip("\0 ") if isinstance(value, str) else ""
    return words or None


def _number(value: Any) -> float | None:
    try:
        number = float(Fraction(value).limit_denominator(10_000))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return round(number, 3) if number > 0 else None
