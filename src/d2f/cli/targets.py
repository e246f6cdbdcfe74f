"""Which photo goes into which file: decided, and refused, before any work is done."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..errors import PhotoError, UsageError

__all__ = ["Job", "plan_jobs"]

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
OWN_MARK = ".bokeh"  # in names that d2f gave; a folder's earlier outputs are no inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One photo, its output and the maps to write beside it (None where not wanted)."""

    photo: Path
    output: Path
    maps: dict[str, Path | None]

    @property
    def targets(self) -> list[Path]:
        """Every file that the job writes."""
        return [self.output, *(path for path in self.maps.values() if path is not None)]


def plan_jobs(
    photos: list[Path],
    output: Path | None,
    *,
    maps: dict[str, Path | None],
    depth: Path | None,
) -> list[Job]:
    """Pair every photo with its output.

    Parameters
    ----------
    photos : list of paths
        Files, or a folder whose photos are taken (not its subfolders).
    output : path, optional
        File for one photo, folder for several; None puts `NAME.bokeh.EXT` beside each photo.
    maps : path or None by name
        Extra outputs; each is one file, so only with one photo.
    depth : path, optional
        The depth map in use; it belongs to one photo and may not be written over.

    Raises
    ------
    UsageError
        If the combination makes no sense or an output is an input.
    PhotoError
        If a folder holds no photos.
    """
    if output is not None and str(output) == "-":
        raise UsageError("-o - names no file: give a file or a folder.")
    folders = [path for path in photos if os.path.isdir(path)]
    several = len(photos) > 1 or bool(folders)
    if folders and output is None:
        raise UsageError(f"{folders[0]} is a folder: give -o FOLDER for its pictures.")
    if several and (depth is not None or any(maps.values())):
        raise UsageError("--depth and --save-... name one file: use them with one photo.")
    found = _expand(photos)
    folder = output if output is not None and (several or _names_folder(output)) else None
    if several and output is not None and (os.path.isfile(output) or _names_photo(output)):
        raise UsageError(f"{output} is the name of a file: give a folder for {len(found)} photos.")
    jobs = []
    for photo in found:
        target = _default_name(photo, folder or photo.parent)
        if output is not None and folder is None:
            target = output
        jobs.append(Job(photo=photo, output=target, maps=maps))
    _refuse_collisions(jobs, depth)
    return jobs


def _expand(photos: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in photos:
        if not os.path.isdir(path):
            found.append(path)
            continue
        inside = sorted(
            file
            for file in _listed(path)
            if file.suffix.lower() in PHOTO_SUFFIXES
            and not os.path.isdir(file)
            and not file.stem.endswith(OWN_MARK)
            and not file.name.startswith(".")
        )
        if not inside:
            kinds = ", ".join(sorted(suffix[1:] for suffix in PHOTO_SUFFIXES))
            raise PhotoError(f"{path} holds no photos ({kinds}): give a folder that does.")
        found += inside
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise PhotoError(f"{folder} cannot be listed: {error.strerror}.") from None


def _names_folder(output: Path) -> bool:
    return os.path.isdir(output) or output.suffix == ""


def _names_photo(output: Path) -> bool:
    return output.suffix.lower() in PHOTO_SUFFIXES and not os.path.isdir(output)


def _default_name(photo: Path, folder: Path) -> Path:
    return folder / f"{photo.stem}{OWN_MARK}{photo.suffix}"


def _refuse_collisions(jobs: list[Job], depth: Path | None) -> None:
    inputs = {_identity(job.photo): job.photo for job in jobs}
    if depth is not None:
        inputs[_identity(depth)] = depth
    outputs = [path for job in jobs for path in job.targets]
    for path in outputs:
        if _identity(path) in inputs:
            raise UsageError(f"{path} is an input: give another name for the output.")
    count = Counter(map(_identity, outputs))
    for path in outputs:
        if count[_identity(path)] > 1:
            raise UsageError(f"two outputs would be {path}: rename a photo or give other names.")


def _identity(path: Path) -> str | tuple[int, int]:
    """What two names of one file have in common, hard links and odd cases included."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path)  # unlike Path.resolve, this never raises
    return status.st_dev, status.st_ino
