"""Collections of photos with known truth, as training and evaluation read them.

In: a folder with NAME.jpg, its truth beside it and, by choice, index.csv, a row for each NAME.
Out: rows, arrays, and what the rows say: which photos are kept from training, whose truth is real.
"""

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from d2f.errors import PhotoError

__all__ = [
    "LARGEST_CODE",
    "depth_codes",
    "index_rows",
    "is_pseudo",
    "is_validation",
    "opened",
]

LARGEST_CODE = 65535.0  # of a map in 16 bit: what is nearest
ONE_IN = 10  # scenes are kept for validation


def index_rows(folder: Path, *, columns: tuple[str, ...] = ("name",)) -> dict[str, dict[str, str]]:
    """Rows of a collection's index.csv by name; none if there is no such file.

    Parameters
    ----------
    folder : Path
    columns : tuple of str
        What each row must have.

    Raises
    ------
    PhotoError
        If the file cannot be read as a table, or lacks a column.
    """
    index = folder / "index.csv"
    if not index.is_file():
        return {}
    try:
        with index.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            missing = [column for column in columns if column not in (table.fieldnames or ())]
            if missing:
                raise PhotoError(f"{index} has no column {missing[0]!r}: add it to every row.")
            return {row["name"]: {k: row[k] or "" for k in table.fieldnames or ()} for row in table}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PhotoError(f"{index} is no table: {error}; save it as CSV in UTF-8.") from error


def is_validation(scene: str) -> bool:
    """Whether a scene is kept from training: one in ten, by the SHA-1 of its name."""
    return int(hashlib.sha1(scene.encode()).hexdigest(), 16) % ONE_IN == 0


def is_pseudo(row: dict[str, str]) -> bool:
    """Whether the truth of a photo is another network's opinion, by its row of index.csv."""
    return row.get("depth_origin") == "predicted" or "pseudo" in row.get("kind", "")


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """A picture of a collection, open for reading.

    Raises
    ------
    PhotoError
        If the file is missing or damaged, also where that shows only under way.
    """
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        # Pillow tells of some damaged PNG files by a SyntaxError.
        raise PhotoError(f"{path} cannot be read: {error}; leave it out or replace it.") from error


def depth_codes(path: Path) -> NDArray[np.uint16]:
    """The codes of a disparity map, uint16 (h, w).

    Raises
    ------
    PhotoError
        If the picture cannot be read, or is not of 16 bit grey.
    """
    with opened(path) as image:
        codes = np.asarray(image)
    if codes.dtype != np.uint16 or codes.ndim != 2:
        raise PhotoError(
            f"{path} is of {codes.dtype} and shape {codes.shape}: save the map as 16 bit grey."
        )
    return codes
