"""Which photo goes into which file: decided, and refused, before any work is done."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PhotoError, UsageError
from .pipes import PIPE, check_pipes

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["C2PA_ACTIONS", "Job", "plan_jobs"]

MAP_SUFFIXES = frozenset({".pfm"})  # in a folder rather depth than photos
DEPTH_MARK = ".depth"  # maps that lie beside their photos
OWN_MARK = ".bokeh"  # in names that d2f gave; a folder's earlier outputs are no inputs


C2PA_ACTIONS = "c2pa_actions"  # of the extra outputs the one that is no map


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One photo, its output and what to write beside it (None where not wanted).

    Attributes
    ----------
    photo, output : path or None
        None is standard input, standard output.
    maps : path or None by name
    sidecar : path or None
    """

    photo: Path | None
    output: Path | None
    maps: dict[str, Path | None]
    sidecar: Path | None = None

    @property
    def name(self) -> str:
        """The photo's name, for messages."""
        return "standard input" if self.photo is None else str(self.photo)

    @property
    def targets(self) -> list[Path]:
        """Every file that the job writes."""
        targets = (self.output, *self.maps.values(), self.sidecar)
        return [path for path in targets if path is not None]


def plan_jobs(
    photos: list[str],
    output: str | None,
    *,
    maps: dict[str, Path | None],
    settings: Settings,
    sidecar: bool,
) -> list[Job]:
    """Pair every photo with its output.

    Parameters
    ----------
    photos : list of str
        Files, or a folder whose photos are taken (not its subfolders); `-` is standard input.
    output : str, optional
        File for one photo, folder for several; None puts `NAME.bokeh.EXT` beside each photo, `-`
        is standard output.
    maps : path or None by name
        Extra outputs; each is one file, so only with one photo.
    settings : Settings
        A depth map and a matte belong to one photo, files in use may not be written over; a format
        in use names outputs that have no name yet.
    sidecar : bool
        Whether settings are written beside each picture.

    Raises
    ------
    UsageError
        If the combination makes no sense or an output is an input.
    PhotoError
        If a folder holds no photos.
    """
    paths = [Path(photo) for photo in photos if photo != PIPE]
    folders = [path for path in paths if os.path.isdir(path)]
    several = len(photos) > 1 or bool(folders)
    if several and (settings.depth.file or settings.depth.matte or any(maps.values())):
        raise UsageError(
            "--depth FILE, --matte and --save-... belong to one photo: use them with one photo."
        )
    if PIPE in photos or output == PIPE:
        return [_piped(photos, output, maps=maps, settings=settings, sidecar=sidecar)]
    target = None if output is None else Path(output)
    if folders and target is None:
        raise UsageError(f"{folders[0]} is a folder: give -o FOLDER for its pictures.")
    found = _expand(paths)
    folder = target if target is not None and (several or _names_folder(target)) else None
    if folder is not None:
        _check_folder(folder, photos=len(found))
    suffix = _suffix(settings)
    jobs = []
    for photo in found:
        named = target if target is not None and folder is None else None
        path = named or _default_name(photo, folder or photo.parent, suffix)
        jobs.append(_job(photo, path, maps=maps, sidecar=sidecar))
    _refuse_collisions(jobs, settings)
    return jobs


def _check_folder(folder: Path, *, photos: int) -> None:
    """Refuse as a folder what is a file's name, or a link that leads nowhere."""
    if os.path.islink(folder) and not os.path.exists(folder):
        raise UsageError(f"{folder} is a link that leads nowhere: give another name.")
    if os.path.isfile(folder) or _names_photo(folder):
        raise UsageError(
            f"{folder} is the name of a file: give a folder for {photos} photo{'s' * (photos > 1)}."
        )


def _piped(
    photos: list[str],
    output: str | None,
    *,
    maps: dict[str, Path | None],
    settings: Settings,
    sidecar: bool,
) -> Job:
    """The one photo that comes from standard input or goes to standard output, or both."""
    if len(photos) > 1 or os.path.isdir(photos[0]):
        raise UsageError("- is one photo, of standard input or output: give no other beside it.")
    if output is None:
        raise UsageError("- has no name to call the picture by: give -o FILE, or -o - for a pipe.")
    check_pipes(reads=photos[0] == PIPE, writes=output == PIPE)
    if output == PIPE and sidecar:
        raise UsageError("--sidecar lies beside a file, -o - writes none: give -o FILE.")
    photo = None if photos[0] == PIPE else Path(photos[0])
    target = None if output == PIPE else Path(output)
    if target is not None and _names_folder(target):
        raise UsageError(f"{target} is a folder and - has no name: give -o FOLDER/NAME.EXT.")
    job = _job(photo, target, maps=maps, sidecar=sidecar)
    _refuse_collisions([job], settings)
    return job


def _job(
    photo: Path | None, output: Path | None, *, maps: dict[str, Path | None], sidecar: bool
) -> Job:
    beside = None
    if sidecar and output is not None:
        from ..sidecar import sidecar_for

        beside = sidecar_for(output)
    return Job(photo=photo, output=output, maps=maps, sidecar=beside)


def _suffix(settings: Settings) -> str | None:
    """The ending that the format in use gives a name."""
    from ..files import suffix_of

    return None if settings.output.format is None else suffix_of(settings.output.format)


def _expand(photos: list[Path]) -> list[Path]:
    from ..files.formats import BY_SUFFIX

    suffixes = BY_SUFFIX.keys() - MAP_SUFFIXES
    found: list[Path] = []
    for path in photos:
        if not os.path.isdir(path):
            found.append(path)
            continue
        inside = sorted(
            file
            for file in _listed(path)
            if file.suffix.lower() in suffixes
            and not os.path.isdir(file)
            and not file.stem.endswith((OWN_MARK, DEPTH_MARK))
            and not file.name.startswith(".")
        )
        if not inside:
            raise PhotoError(f"{path} holds no photos that d2f reads: give a folder that does.")
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
    from ..files.formats import BY_SUFFIX

    return output.suffix.lower() in BY_SUFFIX and not os.path.isdir(output)


def _default_name(photo: Path, folder: Path, suffix: str | None) -> Path:
    return folder / f"{photo.stem}{OWN_MARK}{suffix or _own_suffix(photo)}"


def _own_suffix(photo: Path) -> str:
    """The photo's ending, or that of the format that takes the place of one for cameras alone."""
    from ..files.formats import BY_SUFFIX
    from ..files.write import AFTER_RAW

    row = BY_SUFFIX.get(photo.suffix.lower())
    return photo.suffix if row is None or row.writes else AFTER_RAW.suffixes[0]


def _refuse_collisions(jobs: list[Job], settings: Settings) -> None:
    inputs = {_identity(job.photo): job.photo for job in jobs if job.photo is not None}
    for _, group in settings:
        used = (value for _, value in group if isinstance(value, Path))
        inputs |= {_identity(path): path for path in used}
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
