"""A file into a photo: recognised by its first bytes, checked by its header, then decoded."""

from __future__ import annotations

import io
import os
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin

from ..errors import D2FError, PhotoError
from .exif import orientation_of
from .limits import DEFAULT_LIMITS, MEGA, Limits
from .photo import Format, JpegCoding, Metadata, Photo, photo_of
from .tiff import read_tiff

__all__ = ["photo_from_bytes", "read_bytes", "read_photo", "sniff", "turned", "upright"]

READABLE = "JPEG, PNG, TIFF (not BigTIFF) or WebP"
PNG_16_BIT = re.compile(rb"\x89PNG\r\n\x1a\n\0\0\0\rIHDR.{8}\x10", re.DOTALL)
PHOTOSHOP = b"Photoshop 3.0\0"  # what JPEG puts before the resources that hold IPTC
SHORT_OF_CONTENT = "the file is damaged or cut short: copy it again from its source"


def read_photo(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Photo:
    """Read a photo file.

    Parameters
    ----------
    path : Path
        JPEG, PNG, TIFF or WebP, recognised by content, not by name.
    limits : Limits

    Returns
    -------
    Photo
        Upright; its metadata still tells the original orientation until it is written.

    Raises
    ------
    PhotoError
        If the file is missing, no photo, damaged or too large.
    """
    photo = photo_from_bytes(read_bytes(path, limits=limits), name=str(path), limits=limits)
    return replace(photo, path=path)


def read_bytes(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The content of a file, or the sentence why it cannot be had."""
    try:
        if os.path.isdir(path):
            raise PhotoError(f"{path} is a folder: give a file.")
        if os.path.exists(path) and not os.path.isfile(path):
            raise PhotoError(f"{path} is a device or a pipe: give a file.")
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise PhotoError(
                f"{path} has {size} bytes, more than the limit of {limits.file_bytes}: "
                "make it smaller."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise PhotoError(f"{path} does not exist: check the name.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise PhotoError(f"{path} cannot be read: {_reason(error)}.") from None


def photo_from_bytes(
    content: bytes, *, name: str = "photo", limits: Limits = DEFAULT_LIMITS
) -> Photo:
    """A photo from the content of its file; see `read_photo`."""
    if not content:
        raise PhotoError(f"{name} is empty: there is no photo in it.")
    file_format = sniff(content)
    if file_format is None:
        raise PhotoError(f"{name} is no photo that d2f reads: give {READABLE}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but readable files are no news to the user
            if file_format == "TIFF":
                photo = read_tiff(content, name=name, limits=limits)
            else:
                photo = _read_with_pillow(content, file_format, name=name, limits=limits)
    except D2FError:
        raise
    except Image.DecompressionBombError:  # Pillow's own limit lies above ours
        raise PhotoError(
            f"{name} announces more than the limit of {limits.pixels // MEGA} megapixels: "
            "make it smaller."
        ) from None
    except MemoryError:
        raise PhotoError(f"{name} needs more memory than there is: make it smaller.") from None
    except Exception as error:  # decoders raise whatever they like on damaged files
        raise PhotoError(f"{name} cannot be decoded ({_reason(error)}): {SHORT_OF_CONTENT}.") from (
            error
        )
    return replace(upright(photo), content=content)


def sniff(content: bytes) -> Format | None:
    """The format that the first bytes announce."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content[:4] in (b"II*\0", b"MM\0*"):
        return "TIFF"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return None


def _reason(error: BaseException) -> str:
    """The first line of what a library says, short enough for a sentence."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words.splitlines()[0].rstrip(".")[:160]


def _read_with_pillow(content: bytes, file_format: Format, *, name: str, limits: Limits) -> Photo:
    with Image.open(io.BytesIO(content), formats=[file_format]) as image:
        limits.check_size(*image.size, name)
        if getattr(image, "n_frames", 1) > 1 and file_format in ("PNG", "WEBP"):
            raise PhotoError(f"{name} is an animation: give a single picture.")
        jpeg = _jpeg_coding(image) if isinstance(image, JpegImagePlugin.JpegImageFile) else None
        _check_end(content, file_format)
        codes = _decoded(image, content)
        metadata = _metadata(image)
        if image.mode == "CMYK":  # converted below: its profile speaks of inks
            metadata = Metadata(exif=metadata.exif, xmp=metadata.xmp, iptc=metadata.iptc)
    limits.check_metadata(metadata, name)
    photo = photo_of(codes, metadata=metadata, file_format=file_format, name=name, jpeg=jpeg)
    return replace(photo, lossless=file_format == "WEBP" and b"VP8L" in content[12:4096])


def _check_end(content: bytes, file_format: Format) -> None:
    """Pillow takes a PNG whose last rows are missing for whole; its last chunk tells."""
    if file_format == "PNG" and b"IEND" not in content:
        raise OSError("its last chunk is missing")


def _decoded(image: Image.Image, content: bytes) -> NDArray[Any]:
    """Codes of 1 to 4 channels; what has no place in a photo (palettes, ink) becomes RGB."""
    if PNG_16_BIT.match(content):  # Pillow would read it as 8 bit, without a word
        import imagecodecs

        image.load()  # finds damage that the other decoder passes over, and late metadata
        return np.asarray(imagecodecs.png_decode(content))
    image.load()
    if image.mode == "CMYK":
        image = _rgb_from_cmyk(image)
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode in ("P", "PA") or "transparency" in image.info:
        see_through = image.mode == "PA" or "transparency" in image.info
        image = image.convert("RGBA" if see_through else "RGB")
    elif image.mode not in ("L", "LA", "RGB", "RGBA"):
        image = image.convert("RGB")
    return np.asarray(image)


def _rgb_from_cmyk(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile:
        inks = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, inks, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if converted is not None:
            return converted
    return image.convert("RGB")


def _metadata(image: Image.Image) -> Metadata:
    exif = image.info.get("exif")
    xmp = image.info.get("xmp")
    segments = (data for marker, data in getattr(image, "applist", []) if marker == "APP13")
    iptc = b"".join(data.removeprefix(PHOTOSHOP) for data in segments)
    return Metadata(
        exif=exif.removeprefix(b"Exif\0\0") if exif else None,
        icc=image.info.get("icc_profile") or None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        iptc=iptc or None,
    )


def _jpeg_coding(image: JpegImagePlugin.JpegImageFile) -> JpegCoding:
    tables = tuple(tuple(table) for _, table in sorted(image.quantization.items()))
    return JpegCoding(
        tables=tables,
        subsampling=JpegImagePlugin.get_sampling(image),
        progressive=bool(image.info.get("progressive")),
        dpi=image.info.get("dpi"),
        comment=image.info.get("comment"),
    )


def upright(photo: Photo) -> Photo:
    """Apply the orientation that the metadata tells."""
    turn = orientation_of(photo.metadata.exif)
    if turn == 1:
        return photo
    alpha = photo.alpha
    return replace(
        photo,
        pixels=turned(photo.pixels, turn),
        alpha=None if alpha is None else turned(alpha, turn),
    )


def turned(picture: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A stored picture (h, w, ...) turned upright, after EXIF 2.32, 4.6.4."""
    if orientation >= 5:  # rows and columns are swapped
        picture = picture.swapaxes(0, 1)
    flip_rows = orientation in (3, 4, 7, 8)
    flip_columns = orientation in (2, 3, 6, 7)
    if flip_rows:
        picture = picture[::-1]
    if flip_columns:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
