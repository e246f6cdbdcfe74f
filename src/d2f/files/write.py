"""A photo into a file: same bit depth and coding as its source, metadata kept, upright."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import ByteImage
from ..errors import D2FError, PhotoError
from .atomic import write_whole
from .codes import requantised
from .exif import orientation_of, upright_exif
from .fit import fitted, losses
from .formats import BY_SUFFIX, FileFormat, row_for, row_named
from .photo import Format, Metadata, Photo, photo_to_array
from .thumbnail import with_thumbnail
from .xmp import joined, with_edit
from .xmp_depth import without_depth

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "check_output",
    "format_named",
    "format_of",
    "losses_of",
    "photo_to_bytes",
    "photo_to_pil",
    "suffix_of",
    "write_photo",
]

XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[1-8]")  # the pixels are turned
SMALL_PX = 1024  # of what a thumbnail is made from
AFTER_RAW = row_named("TIFF")  # what a RAW photo becomes where no format is asked for


def format_of(path: Path) -> Format:
    """The format that a file name asks for.

    Raises
    ------
    PhotoError
        If d2f does not write such files.
    """
    return row_for(path).name


def format_named(name: str | None) -> Format | None:
    """The format that settings call by a word: `jpeg`; None stays None."""
    return None if name is None else BY_SUFFIX[suffix_of(name)].name


def suffix_of(format_name: str) -> str:
    """The ending of a format's files: `.jpg` of jpeg."""
    return next(suffix for suffix, row in BY_SUFFIX.items() if row.name == format_name.upper())


def check_output(photo: Photo, path: Path) -> None:
    """Refuse a file name whose format cannot hold the photo, or cannot be written here.

    Raises
    ------
    PhotoError
    MissingPartError
        With the line that installs what is missing.
    """
    row = row_for(path)
    if photo.long_side_px > row.longest_side_px:
        raise PhotoError(
            f"{path}: {row.title} holds at most {row.longest_side_px} pixels a side, the photo has "
            f"{photo.long_side_px}; write another format."
        )
    row.check_parts(row.to_write)


def losses_of(photo: Photo, path: Path) -> tuple[str, ...]:
    """What of the photo the output has no room for, in words; see `notes` for what went before."""
    return losses(photo, row_for(path))


def write_photo(photo: Photo, path: Path, *, overwrite: bool) -> None:
    """Write a photo in the format that the file name asks for.

    Raises
    ------
    PhotoError
        If the format is unknown, the file exists and is to be kept, or it cannot be written.
    MissingPartError
        If the format needs an extra that is not installed.
    """
    check_output(photo, path)
    write_whole(photo_to_bytes(photo, format_of(path)), path, overwrite=overwrite)


def photo_to_bytes(photo: Photo, file_format: Format | None = None) -> bytes:
    """The content of the photo's file; by default in the format it came in, TIFF after RAW.

    Codes that are too deep for the format are rounded. Linear light without a profile is encoded
    as sRGB on its way into a file of integers. What has no place in the format is left out:
    `losses_of` tells what.
    """
    row = row_named(file_format or photo.format)
    if not row.writes:
        row = AFTER_RAW
    row.check_parts(row.to_write)
    suited = fitted(photo, row)
    metadata = _metadata_for(suited, row)
    try:
        return row.container.encoded(suited, metadata)
    except (D2FError, MemoryError):
        raise
    except Exception as error:  # encoders raise whatever they like
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise PhotoError(
            f"{photo.name} cannot be written as {row.title} ({reason.rstrip('.')}): choose another "
            "format."
        ) from error


def _metadata_for(photo: Photo, row: FileFormat) -> Metadata:
    """The blocks as they go into the file: upright, with what was done, without what has no room.

    The thumbnail shows the picture as it is now.
    """
    rows, cols = photo.size
    metadata = without_depth(
        photo.metadata,
        appended=row.name == photo.format == "JPEG",
        upright=orientation_of(photo.metadata.exif) == 1,
    )
    if row.name != "JPEG":
        metadata = joined(metadata)
    xmp = with_edit(metadata.xmp, photo.edit)
    exif = metadata.exif
    if exif is not None:
        if xmp is not None and orientation_of(exif) != 1:
            xmp = XMP_ORIENTATION.sub(rb"\g<1>1", xmp)
        exif = with_thumbnail(upright_exif(exif, cols, rows), _small(photo))
    dropped = {
        block: None for block in ("exif", "icc", "xmp", "iptc", "cicp") if block not in row.carries
    }
    return replace(replace(metadata, exif=exif, xmp=xmp), **dropped)


def _small(photo: Photo) -> ByteImage:
    """Every n-th pixel in 8 bits: only deep photos need be made smaller before."""
    pixels = photo.pixels
    if pixels.dtype != np.uint8:
        step = max(photo.long_side_px // SMALL_PX, 1)
        pixels = requantised(pixels[::step, ::step], np.dtype(np.uint8))
    return pixels


def photo_to_pil(photo: Photo) -> Image.Image:
    """The photo as a PIL image: 8 bits a channel, ICC profile and EXIF in `info`."""
    from PIL import Image

    suited = fitted(photo, row_named("WEBP"))
    image = Image.fromarray(np.ascontiguousarray(photo_to_array(suited)))
    rows, cols = photo.size
    if suited.metadata.icc is not None:
        image.info["icc_profile"] = suited.metadata.icc
    if photo.metadata.exif is not None:
        image.info["exif"] = b"Exif\0\0" + upright_exif(photo.metadata.exif, cols, rows)
    return image
