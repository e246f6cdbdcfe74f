"""Depth into a photo's file: GDepth and Dynamic Depth in JPEG, a depth plane in HEIC.

Phones and editors refocus with it what d2f has rendered, best from the untouched photo, which can
be put beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..arrays import FloatImage
from ..errors import UsageError
from .depth_codes import codes_from_disparity
from .dynamic_depth import DEPTH_URI, DEVICE, ORIGINAL_URI, Item, dynamic_description
from .embed_heif import with_heif_depth
from .embedded_depth import DepthContainer, stored_size
from .gdepth import GDEPTH, GIMAGE, CodedDepth, gdepth_descriptions
from .heif_depth import is_heic
from .jpeg_parts import NOTE, end_of_picture, guid_of, with_xmp, xmp_of_jpeg
from .xmp_edit import EMPTY_PACKET, with_description, without_namespaces

__all__ = ["check_embedding", "embed_depth"]

EMBEDDED_SIDE_PX = 2048  # long side of a map that is written; phones write a third of it
HEIC_SUFFIXES, JPEG_SUFFIXES = (".heic", ".heif", ".hif"), (".jpg", ".jpeg")
GAIN_MAP_URI = "android/gainmap"


def check_embedding(container: DepthContainer, path: Path) -> None:
    """Refuse a file name whose format cannot hold depth in that way.

    Raises
    ------
    UsageError
    """
    suffixes = HEIC_SUFFIXES if container == "heic" else JPEG_SUFFIXES
    if path.suffix.lower() not in suffixes:
        raise UsageError(
            f"--embed-depth {container} writes into {' or '.join(suffixes[:2])}, and {path} is "
            "neither: give another name for the output."
        )


def embed_depth(
    content: bytes,
    disparity: FloatImage,
    *,
    container: DepthContainer,
    metric: bool,
    focal_length_sides: float | None = None,
    original: bytes | None = None,
) -> bytes:
    """A photo's file with depth in it, in place of any that it has.

    Parameters
    ----------
    content : bytes
        An upright JPEG for gdepth and dynamic, a HEIC for heic.
    disparity : float32 (h, w)
        Of the photo's aspect; 1/m if `metric`, else relative 0..1. Written at 2048 px at most, with
        16 bits, even in disparity; in HEIC with the 8 bits that phones read.
    container : "gdepth", "dynamic" or "heic"
    metric : bool
    focal_length_sides : float, optional
        Focal length over the long side of the sensor; Dynamic Depth has a place for it.
    original : bytes, optional
        The untouched photo's file, kept byte for byte.

    Raises
    ------
    UsageError
        If the file is of another format.
    PhotoError
        If all of it together is more than the format holds.
    MissingPartError
        If HEIC is to be written and `d2f[heic-write]` is not installed.
    """
    needed = "HEIC" if container == "heic" else "JPEG"
    if not (is_heic(content) if container == "heic" else content.startswith(b"\xff\xd8\xff")):
        raise UsageError(f"--embed-depth {container} needs a {needed} output: give one.")
    disparity = _reduced(disparity)
    mime = _mime_of(original or b"")
    if container == "heic":
        kept = None if original is None else (mime, original)
        return with_heif_depth(content, disparity, metric=metric, original=kept)
    import imagecodecs

    codes, meaning = codes_from_disparity(disparity, metric=metric)
    depth = CodedDepth(
        picture=bytes(imagecodecs.png_encode(codes, level=6)),
        codes=meaning,
        focal_length_sides=focal_length_sides,
    )
    content = _without_depth(content)
    if container == "gdepth":
        return _with_gdepth(content, depth, original, mime)
    return _with_dynamic(content, depth, original, mime)


def _reduced(disparity: FloatImage) -> FloatImage:
    """The values at the centres of fewer samples; means would lie between near and far."""
    rows, cols = disparity.shape
    share = min(1.0, EMBEDDED_SIDE_PX / max(rows, cols))
    height, width = max(round(rows * share), 1), max(round(cols * share), 1)
    down = ((np.arange(height) + 0.5) / height * rows).astype(np.int64)
    along = ((np.arange(width) + 0.5) / width * cols).astype(np.int64)
    return np.ascontiguousarray(disparity[np.ix_(down, along)])


def _mime_of(content: bytes) -> str:
    if content.startswith(b"\x89PNG"):
        return "image/png"
    if is_heic(content):
        return "image/heic"
    return "image/tiff" if content[:4] in (b"II*\0", b"MM\0*") else "image/jpeg"


def _without_depth(content: bytes) -> bytes:
    """The JPEG without what it said about depth before; appended items of old stay unlisted."""
    xmp = xmp_of_jpeg(content, "the output")
    if not xmp.packets:
        return content
    names = (GDEPTH, GIMAGE, DEVICE)
    standard, extended = (
        packet and without_namespaces(packet, names) for packet in (xmp.standard, xmp.extended)
    )
    return _with_packets(content, standard or EMPTY_PACKET, extended)


def _with_packets(content: bytes, standard: bytes, extended: bytes | None) -> bytes:
    standard = without_namespaces(standard, (NOTE,))
    if extended is not None:
        guid = guid_of(extended).decode()
        standard = with_description(
            standard,
            f'<rdf:Description rdf:about="" xmlns:xmpNote="{NOTE}" '
            f'xmpNote:HasExtendedXMP="{guid}"/>',
        )
    return with_xmp(content, standard, extended)


def _with_gdepth(content: bytes, depth: CodedDepth, original: bytes | None, mime: str) -> bytes:
    xmp = xmp_of_jpeg(content, "the output")
    short, long = gdepth_descriptions(depth, original, mime=mime)
    standard = with_description(xmp.standard or EMPTY_PACKET, short)
    extended = with_description(xmp.extended or EMPTY_PACKET, long)
    return _with_packets(content, standard, extended)


def _with_dynamic(content: bytes, depth: CodedDepth, original: bytes | None, mime: str) -> bytes:
    appended = content[end_of_picture(content) :]
    items, data = [], [content]
    if appended:  # a gain map: it stays first, where its own directory says that it is
        items.append(Item(mime="image/jpeg", length=len(appended), uri=GAIN_MAP_URI))
    if original is not None:
        items.append(Item(mime=mime, length=len(original), uri=ORIGINAL_URI))
        data.append(original)
    items.append(Item(mime="image/png", length=len(depth.picture), uri=DEPTH_URI))
    data.append(depth.picture)
    xmp = xmp_of_jpeg(content, "the output")
    size = stored_size(content, "the output")
    description = dynamic_description(depth, items, size=size)
    standard = with_description(xmp.standard or EMPTY_PACKET, description)
    data[0] = _with_packets(content, standard, xmp.extended)
    return b"".join(data)
