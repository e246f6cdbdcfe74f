"""Photos of an evaluation folder with their truth beside them, one at a time.

In: DIR with NAME.jpg, NAME<suffix> and by choice index.csv. Out: arrays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from d2f.arrays import ByteImage
from d2f.errors import PhotoError, UsageError
from d2f.evaluate.split import belongs
from d2f.measures.collection import index_rows, opened
from d2f.models.compact import check_photo

__all__ = ["JudgedPhoto", "judged_photos", "mask_codes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPhoto:
    """A photo (H x W x 3) with the codes of its truth (h x w) and its row of index.csv."""

    name: str
    photo: ByteImage
    truth: NDArray[np.uint16]
    row: dict[str, str]


def judged_photos(
    root: Path, *, suffix: str, read: Callable[[Path], NDArray[np.uint16]], split: str
) -> Iterator[JudgedPhoto]:
    """Every NAME.jpg in ``root`` that has a NAME<suffix>, in order of names.

    Raises
    ------
    UsageError
        If there is none, or no way to split them.
    PhotoError
        If a picture or index.csv cannot be read, or a picture is of the wrong kind.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder: give one that holds NAME.jpg and NAME{suffix}")
    rows = index_rows(root)
    found = False
    for path in sorted(root.glob("*.jpg")):
        truth = path.with_name(f"{path.stem}{suffix}")
        row = rows.get(path.stem, {})
        if not truth.is_file() or not belongs(split, path.stem, row):
            continue
        found = True
        yield JudgedPhoto(name=path.stem, photo=read_rgb(path), truth=read(truth), row=row)
    if not found:
        raise UsageError(
            f"{root} holds no NAME.jpg with NAME{suffix} (split: {split}): give another folder."
        )


def read_rgb(path: Path) -> ByteImage:
    """A photo, upright, H x W x 3; refused where no network sees it."""
    with opened(path) as image:
        photo = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).copy()
    try:
        check_photo(photo)
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from None
    return photo


def mask_codes(path: Path) -> NDArray[np.uint16]:
    """The codes of a mask, h x w, 0..255; refused if it is of more than 8 bit."""
    with opened(path) as image:
        if image.mode.startswith(("I", "F")):
            raise PhotoError(f"{path} is a mask of more than 8 bit: save it as 8 bit grey.")
        return np.asarray(image.convert("L")).astype(np.uint16)
