"""Depth into a photo's file: GDepth and Dynamic Depth in JPEG, a depth plane in HEIC.

Phones and editors refocus with it what d2f has rendered, best from the untouched photo, which can
be put beside it.
"""

from __future__ import annotations

from pathlib import Path

from ..arrays import FloatImage
from ..errors import PhotoError, UsageError
from ..optics import disparity_at_centres
from .containers.jpeg_segments import jpeg_parts
from .depth_codes import codes_from_disparity
from .dynamic_depth import DEPTH_URI, DEVICE, ORIGINAL_URI, Item, dynamic_description, others_of
from .embed_heif import with_heif_depth
from .embedded_depth import DepthContainer, is_heic, jpeg_and_metadata, trees_of
from .formats import row_for, row_named
from .gdepth import GDEPTH, GIMAGE, CodedDepth, gdepth_descriptions
from .jpeg_xmp import with_xmp
from .photo import Format, Metadata
from .xmp import EMPTY, with_elements
from .xmp_depth import without_namespaces

__all__ = ["check_embedding", "embed_depth"]

EMBEDDED_SIDE_PX = 2048  # long side of a map that is written; phones write a third of it


def check_embedding(container: DepthContainer, path: Path) -> None:
    """Refuse a file name whose format cannot hold depth in that way.

    Raises
    ------
    PhotoError
        If d2f writes no such files.
    UsageError
        If the format holds no depth in that way.
    """
    row = row_for(path)
    needed: Format = "HEIC" if container == "heic" else "JPEG"
    if row.name != needed:
        raise UsageError(
            f"--embed-depth {container} writes into {needed}, and {path} is {row.title}: give a "
            f"name that ends in {row_named(needed).suffixes[0]}."
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
    if container == "gdepth":
        return _with_gdepth(content, depth, original, mime)
    return _with_dynamic(content, depth, original, mime)


def _reduced(disparity: FloatImage) -> FloatImage:
    """No more samples than other programs expect."""
    rows, cols = disparity.shape
    share = min(1.0, EMBEDDED_SIDE_PX / max(rows, cols))
    size = max(round(rows * share), 1), max(round(cols * share), 1)
    return disparity_at_centres(disparity, size)


def _mime_of(content: bytes) -> str:
    if content.startswith(b"\x89PNG"):
        return "image/png"
    if is_heic(content):
        return "image/heic"
    return "image/tiff" if content[:4] in (b"II*\0", b"MM\0*") else "image/jpeg"


def _packets(metadata: Metadata) -> tuple[bytes, bytes]:
    """Both packets without what they said about depth before; empty ones where there are none."""
    names = (GDEPTH, GIMAGE, DEVICE)
    standard, extended = metadata.xmp or EMPTY, metadata.extended_xmp or EMPTY
    return without_namespaces(standard, names), without_namespaces(extended, names)


def _added(packet: bytes, description: str) -> bytes:
    changed = with_elements(packet, description.encode())
    if changed is None:
        raise PhotoError("the photo's XMP holds no RDF: remove it, then embed depth again.")
    return changed


def _with_gdepth(content: bytes, depth: CodedDepth, original: bytes | None, mime: str) -> bytes:
    picture, metadata, others = _taken_apart(content)
    standard, extended = _packets(metadata)
    short, long = gdepth_descriptions(depth, original, mime=mime)
    file = with_xmp(picture, _added(standard, short), _added(extended, long))
    return b"".join([file, *(data for _, data in others)])


def _with_dynamic(content: bytes, depth: CodedDepth, original: bytes | None, mime: str) -> bytes:
    picture, metadata, appended = _taken_apart(content)
    if original is not None:
        appended.append((Item(mime=mime, length=len(original), uri=ORIGINAL_URI), original))
    item = Item(mime="image/png", length=len(depth.picture), uri=DEPTH_URI)
    appended.append((item, depth.picture))
    standard, extended = _packets(metadata)
    parts = jpeg_parts(picture)
    description = dynamic_description(
        depth, [item for item, _ in appended], size=(parts.height, parts.width)
    )
    kept = extended if b"Description" in extended else None
    file = with_xmp(picture, _added(standard, description), kept)
    return b"".join([file, *(data for _, data in appended)])


def _taken_apart(content: bytes) -> tuple[bytes, Metadata, list[tuple[Item, bytes]]]:
    """The picture, its metadata, and what follows it apart from depth: that stays in front."""
    parts, metadata = jpeg_and_metadata(content, "the output")
    others = others_of(trees_of(metadata, "the output"), content[parts.end :], "the output")
    return content[: parts.end], metadata, others
