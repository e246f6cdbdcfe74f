"""Photos of an evaluation folder with their truth beside them, one at a time.

In: DIR with NAME.jpg, NAME<suffix> and by choice index.csv. Out: arrays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from d2f.arrays import ByteImage
from d2f.errors import UsageError
from d2f.evaluate.split import belongs
from d2f.measures.collection import index_rows, opened

__all__ = ["JudgedPhoto", "judged_photos"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPhoto:
    """A photo (H x W x 3) with the codes of its truth (h x w) and its row of index.csv."""

    name: str
    photo: ByteImage
    truth: NDArray[np.uint16]
    row: dict[str, str]


def judged_photos(root: Path, *, suffix: str, split: str) -> Iterator[JudgedPhoto]:
    """Every NAME.jpg below ``root`` that has a NAME<suffix>, in order of names."""
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
        yield JudgedPhoto(name=path.stem, photo=read_rgb(path), truth=read_codes(truth), row=row)
    if not found:
        raise UsageError(f"{root} holds no NAME.jpg with NAME{suffix} (split: {split})")


def read_rgb(path: Path) -> ByteImage:
    """A photo, upright, H x W x 3."""
    with opened(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB")).copy()


def read_codes(path: Path) -> NDArray[np.uint16]:
    """A grey picture of 8 or 16 bit, h x w."""
    with opened(path) as image:
        grey = image if image.mode.startswith(("I", "L")) else image.convert("L")
        return np.asarray(grey).astype(np.uint16)
