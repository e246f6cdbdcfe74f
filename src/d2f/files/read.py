"""A file into a photo: recognised by its first bytes, checked by its header, then decoded."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import D2FError, PhotoError
from .device import table_photo
from .exif import orientation_of
from .formats import FORMATS, sniff
from .icc import has_tables
from .limits import DEFAULT_LIMITS, Limits
from .photo import DeviceCodes, Photo
from .xmp import check_xmp

__all__ = ["photo_from_bytes", "read_bytes", "read_photo", "turned", "upright"]

SHORT_OF_CONTENT = "the file is damaged or cut short: copy it again from its source"


def read_photo(path: Path, *, limits: Limits | None = None) -> Photo:
    """Read a photo file.

    Parameters
    ----------
    path : Path
        Of any format in docs/formats.md, recognised by content, not by name.
    limits : Limits, optional
        By default those of the environment.

    Returns
    -------
    Photo
        Upright; its metadata still tells the original orientation until it is written.

    Raises
    ------
    PhotoError
        If the file is missing, no photo, damaged or too large.
    MissingPartError
        If its format needs an extra that is not installed.
    """
    limits = limits or Limits.from_environment()
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


def photo_from_bytes(content: bytes, *, name: str = "photo", limits: Limits | None = None) -> Photo:
    """A photo from the content of its file; see `read_photo`."""
    limits = limits or Limits.from_environment()
    if not content:
        raise PhotoError(f"{name} is empty: there is no photo in it.")
    row = sniff(content, name)
    if row is None:
        known = ", ".join(row.title for row in FORMATS)
        raise PhotoError(f"{name} is no photo that d2f reads: give one of {known}.")
    row.check_parts(row.to_read)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but readable files are no news to the user
            photo = row.container.read(content, name=name, limits=limits)
            rows, cols = photo.size
            limits.check_size(cols, rows, name)  # a header may lie
            limits.check_metadata(photo.metadata, name)
            check_xmp(photo.metadata, name)
            photo = _worked_on_in_rgb(photo)
    except D2FError:
        raise
    except MemoryError:
        raise PhotoError(f"{name} needs more memory than there is: make it smaller.") from None
    except Exception as error:  # decoders raise whatever they like on damaged files
        raise PhotoError(f"{name} cannot be decoded ({_reason(error)}): {SHORT_OF_CONTENT}.") from (
            error
        )
    return replace(upright(photo), content=content)


def _worked_on_in_rgb(photo: Photo) -> Photo:
    if photo.device is not None or not has_tables(photo.metadata.icc):
        return photo
    if photo.metadata.cicp is not None or photo.pixels.dtype == np.float32 or photo.grey:
        return photo
    try:
        return table_photo(photo)
    except Exception:  # a damaged profile says nothing; it is kept, and its curve is sRGB's
        return photo


def _reason(error: BaseException) -> str:
    """The first line of what a library says, short enough for a sentence."""
    words = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    return words.splitlines()[0].rstrip(".")[:160]


def upright(photo: Photo) -> Photo:
    """Apply the orientation that the metadata tells."""
    turn = orientation_of(photo.metadata.exif)
    if turn == 1:
        return photo
    alpha, device, gain_map = photo.alpha, photo.device, photo.gain_map
    pixels = turned(photo.pixels, turn)
    if device is not None:
        device = DeviceCodes(
            codes=turned(device.codes, turn), working=pixels, profile=device.profile
        )
    return replace(
        photo,
        pixels=pixels,
        alpha=None if alpha is None else turned(alpha, turn),
        device=device,
        gain_map=None
        if gain_map is None
        else replace(gain_map, codes=turned(gain_map.codes, turn)),
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
