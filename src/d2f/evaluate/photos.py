"""Photos of an evaluation folder with their truth beside them, one at a time.

In: DIR with NAME.jpg, NAME<suffix> and by choice index.csv. Out: arrays.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from d2f.arrays import ByteImage, FloatImage
from d2f.errors import PhotoError, UsageError
from d2f.evaluate.split import belongs

__all__ = ["JudgedPhoto", "judged_photos", "resized"]


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


def index_rows(root: Path) -> dict[str, dict[str, str]]:
    """Rows of index.csv by name; empty if there is none."""
    index = root / "index.csv"
    if not index.is_file():
        return {}
    with index.open(newline="", encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def read_rgb(path: Path) -> ByteImage:
    """A photo, upright, H x W x 3."""
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB")).copy()
    except OSError as error:
        raise PhotoError(f"{path}: {error}; leave it out or replace it") from error


def read_codes(path: Path) -> NDArray[np.uint16]:
    """A grey picture of 8 or 16 bit, h x w."""
    try:
        with Image.open(path) as image:
            grey = image if image.mode.startswith(("I", "L")) else image.convert("L")
            return np.asarray(grey).astype(np.uint16)
    except OSError as error:
        raise PhotoError(f"{path}: {error}; leave it out or replace it") from error


def resized(map_: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """A map brought to the rows and columns of its truth, bilinear."""
    size = (shape[1], shape[0])
    return np.asarray(Image.fromarray(map_).resize(size, Image.Resampling.BILINEAR))
