"""Pairs of one view, all in focus and with a wide aperture: what training and evaluation list.

In: the folder of EBB! or of RealBokeh, or a table. Out: `Pair`s in a fixed order, their files
checked to exist. Pictures are not opened here.
"""

import csv
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from d2f.errors import PhotoError, UsageError
from d2f.measures.collection import is_validation

__all__ = ["Pair", "csv_pairs", "ebb_pairs", "realbokeh_pairs", "scene_of"]

EBB_F_NUMBER = 1.8  # every target of EBB!: Canon 7D, 50 mm, f/1.8 (Ignatov et al. 2020)
EBB_SPLITS = {"train": range(4400), "val294": range(4400, 4694), "all": range(4694)}
REALBOKEH_SPLITS = ("train", "validation", "test")
CSV_SPLITS = ("training", "validation", "all")
PHOTO_COLUMNS = ("photo", "all_in_focus")
TARGET_COLUMNS = ("target", "bokeh")
APERTURE_IN_NAME = re.compile(r"_f(\d+(?:_\d+)?)(?=_|$)")  # garden_f2_8_aif: f/2.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two photos of one view.

    Attributes
    ----------
    name : str
        Unique in its list; any program's outputs are found by it.
    all_in_focus : Path
    bokeh : Path
        What the first should become.
    f_number : float or None
        Of the second photo, where that is known.
    """

    name: str
    all_in_focus: Path
    bokeh: Path
    f_number: float | None = None


def ebb_pairs(root: Path, *, split: str = "val294") -> list[Pair]:
    """Pairs of an EBB! folder: `original/N.jpg` with `bokeh/N.jpg`, in the order of N.

    Parameters
    ----------
    split : str
        `train` (N in 0..4399), `val294` (4400..4693) or `all`. The challenge's own test targets
        were never published.

    Raises
    ------
    UsageError
        If there is no such split or folder, or if the split has no pair there.
    PhotoError
        Names the first file that is not numbered, or has no partner.
    """
    numbers = EBB_SPLITS.get(split)
    if numbers is None:
        raise UsageError(
            f"EBB! has no split {split!r} with public targets: give {' or '.join(EBB_SPLITS)}."
        )
    originals = _numbered(root / "original")
    targets = _numbered(root / "bokeh")
    for number in sorted(originals.keys() ^ targets.keys()):
        if number in numbers:
            found = originals.get(number) or targets[number]
            other = "bokeh" if number in originals else "original"
            raise PhotoError(f"{found} has no partner in {root / other}: add it, or remove both.")
    chosen = sorted(number for number in originals if number in numbers)
    if not chosen:
        raise UsageError(
            f"{root} has no pair of split {split!r}, whose numbers are "
            f"{numbers.start} to {numbers.stop - 1}: choose another split."
        )
    return [
        Pair(
            name=originals[number].stem,
            all_in_focus=originals[number],
            bokeh=targets[number],
            f_number=EBB_F_NUMBER,
        )
        for number in chosen
    ]


def _numbered(folder: Path) -> dict[int, Path]:
    """Files N.jpg of a folder by N."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: EBB! has original/ and bokeh/ side by side.")
    files: dict[int, Path] = {}
    for path in sorted(folder.glob("[!.]*.jpg")):
        if not (path.stem.isascii() and path.stem.isdigit()):
            raise PhotoError(f"{path} is not named by a number, as EBB! is: rename or remove it.")
        if int(path.stem) in files:
            raise PhotoError(f"{path} has the number of {files[int(path.stem)]}: remove one.")
        files[int(path.stem)] = path
    return files


def realbokeh_pairs(root: Path, *, split: str = "test") -> list[Pair]:
    """Pairs of a RealBokeh folder (also RealBokeh_3MP), one for each target of each scene.

    A split is a folder `train/`, `validation/` or `test/` with `metadata/*.json`; each of these
    names `source_image`, `target_images` and their f-numbers `target_avs`, relative to the split.

    Raises
    ------
    UsageError
        If there is no such split.
    PhotoError
        Names the metadata file that cannot be used, or the photo that is missing.
    """
    if split not in REALBOKEH_SPLITS:
        raise UsageError(f"split is {split!r}: RealBokeh has {', '.join(REALBOKEH_SPLITS)}.")
    folder = root / split
    scenes = sorted((folder / "metadata").glob("[!.]*.json"))
    if not scenes:
        raise UsageError(f"{folder / 'metadata'} holds no .json: give the folder above {split}/.")
    pairs = [pair for scene in scenes for pair in _scene_pairs(scene, folder)]
    return _checked(pairs, root)


def _scene_pairs(scene: Path, folder: Path) -> Iterator[Pair]:
    try:
        content = json.loads(scene.read_text(encoding="utf-8"))
        source = folder / str(content["source_image"])
        targets = [folder / str(target) for target in content["target_images"]]
        f_numbers = [float(value) for value in content["target_avs"]]
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise PhotoError(f"{scene} is no metadata of RealBokeh: {error}; replace it.") from error
    except KeyError as error:
        raise PhotoError(f"{scene} lacks {error.args[0]!r}: replace it.") from error
    if len(targets) != len(f_numbers):
        raise PhotoError(
            f"{scene} names {len(targets)} targets, but {len(f_numbers)} f-numbers: replace it."
        )
    for target, f_number in zip(targets, f_numbers, strict=True):
        if not f_number > 0:
            raise PhotoError(f"{scene} gives a target f/{f_number:g}: write a number above 0.")
        yield Pair(name=target.stem, all_in_focus=source, bokeh=target, f_number=f_number)


def csv_pairs(table: Path, *, split: str = "all") -> list[Pair]:
    """Pairs of a table in UTF-8 with the columns `photo` and `target`, one row for each pair.

    `photo` (or `all_in_focus`) and `target` (or `bokeh`) are paths, relative to the table's
    folder. Not required: `name` (else the photo's name without its ending), `f_number` (1.8 or
    f/1.8; else that in the name, `_f1_8`), `scene` (else `scene_of` the name). Other columns are
    for readers.

    Parameters
    ----------
    split : str
        `all`, or by scene `validation` (one in ten) or `training` (the others).

    Raises
    ------
    UsageError
        If there is no such split, or if it has no pair.
    PhotoError
        Names the table and the row that cannot be used, or the photo that is missing.
    """
    if split not in CSV_SPLITS:
        raise UsageError(f"split is {split!r}: a table has {', '.join(CSV_SPLITS)}.")
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise PhotoError(f"{table} cannot be read ({error.strerror}): check its name.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PhotoError(f"{table} is no table: {error}; give a CSV file in UTF-8.") from error
    if not rows:
        raise PhotoError(f"{table} has no row below its header: give one for each pair.")
    pairs = []
    for line, row in enumerate(rows, start=2):
        pair = _row_pair(row, table, line)
        scene = row.get("scene") or scene_of(pair.name)
        if split == "all" or is_validation(scene) == (split == "validation"):
            pairs.append(pair)
    if not pairs:
        raise UsageError(f"{table} has no scene of split {split!r}: choose another split.")
    return _checked(pairs, table)


def _row_pair(row: dict[str, str | None], table: Path, line: int) -> Pair:
    photo, target = (
        table.parent / _cell(row, columns, table, line)
        for columns in (PHOTO_COLUMNS, TARGET_COLUMNS)
    )
    name = row.get("name") or photo.stem
    told = row.get("f_number")
    if told:
        text = told.strip().lower().removeprefix("f/")
    else:
        found = APERTURE_IN_NAME.search(name)
        text = found.group(1).replace("_", ".") if found else ""
    try:
        f_number = float(text) if text else None
    except ValueError:
        f_number = -1.0
    if f_number is not None and not f_number > 0:
        raise PhotoError(f"{table}, row {line}: f_number {told!r} is none, write 1.8 or f/1.8.")
    return Pair(name=name, all_in_focus=photo, bokeh=target, f_number=f_number)


def _cell(row: dict[str, str | None], columns: tuple[str, str], table: Path, line: int) -> str:
    """The row's path in the first of two columns that the table has."""
    for column in columns:
        if column in row:
            if text := (row[column] or "").strip():
                return text
            raise PhotoError(f"{table}, row {line}: {column} is empty, name a photo.")
    raise PhotoError(f"{table} has no column {columns[0]!r} (or {columns[1]!r}): add it.")


def scene_of(name: str) -> str:
    """What the pairs of one view share: their name up to the aperture, `garden_f2_8` to `garden`.

    Training and evaluation are split by it, so that no view is on both sides.
    """
    found = APERTURE_IN_NAME.search(name)
    return name[: found.start()] if found else name.removesuffix("_aif")


def _checked(pairs: list[Pair], origin: Path) -> list[Pair]:
    """The same pairs, if their names are unique and their files are there."""
    names: set[str] = set()
    for pair in pairs:
        if pair.name in names:
            raise PhotoError(f"{origin} has two pairs of the name {pair.name!r}: rename one.")
        names.add(pair.name)
        if pair.name != Path(pair.name).name or pair.name == "..":
            raise PhotoError(f"{origin} has the name {pair.name!r}: names are those of files.")
        for path in (pair.all_in_focus, pair.bokeh):
            if not os.path.isfile(path):  # Path.is_file raises where a name is too long
                raise PhotoError(f"{path} is missing, but {origin} lists it: add it.")
        if pair.all_in_focus.samefile(pair.bokeh):
            raise PhotoError(f"{pair.bokeh} is both photos of pair {pair.name!r}: name two files.")
    return pairs
