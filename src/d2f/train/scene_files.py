"""Ray-traced training scenes as files; reading and writing need no ray tracer.

A folder holds index.csv and for each of its rows NAME.jpg, NAME_disparity16.png (16 bit: inverse
depth along the camera's axis, 65535 = nearest, 1 = sky, 0 = unknown) and NAME_subject.png (8 bit:
coverage of the subject). A row is added after its files, so a reader may look in at any time.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from d2f.arrays import ByteImage, FloatImage
from d2f.errors import PhotoError
from d2f.files.atomic import write_whole
from d2f.measures.collection import LARGEST_CODE, depth_codes, index_rows, opened

__all__ = ["COLUMNS", "RayTracedScene", "read_scenes", "written_names", "write_scene"]

COLUMNS = ("name", "seed", "kind", "subject", "has_subject", "assets", "licences")
JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class RayTracedScene:
    """Photo H x W x 3, disparity H x W (0..1, 0 = unknown), subject H x W (coverage, 0..255)."""

    name: str
    photo: ByteImage
    disparity: FloatImage
    subject: ByteImage
    has_subject: bool


def read_scenes(folder: Path) -> tuple[RayTracedScene, ...]:
    """All scenes of a folder that are complete, in the order of its index.

    Parameters
    ----------
    folder : Path
        Written by `d2f train scenes`, which may still be at work.

    Raises
    ------
    PhotoError
        If there is no such folder, its index is no table, or a picture is damaged.
    """
    if not folder.is_dir():
        raise PhotoError(f"{folder} is no folder of scenes: make one with d2f train scenes.")
    rows = index_rows(folder, columns=("name", "has_subject"))
    return tuple(
        read_scene(folder, name, has_subject=row["has_subject"] == "1")
        for name, row in rows.items()
        if all(path.is_file() for path in paths_of(folder, name))
    )


def read_scene(folder: Path, name: str, *, has_subject: bool) -> RayTracedScene:
    """One scene."""
    photo_file, disparity_file, subject_file = paths_of(folder, name)
    with opened(photo_file) as image:
        photo = np.asarray(image.convert("RGB")).copy()
    disparity = depth_codes(disparity_file).astype(np.float32) / np.float32(LARGEST_CODE)
    with opened(subject_file) as image:
        subject = np.asarray(image.convert("L")).copy()
    if not photo.shape[:2] == disparity.shape == subject.shape:
        raise PhotoError(
            f"{photo_file} is of shape {photo.shape[:2]}, its disparity of {disparity.shape}, its "
            f"subject of {subject.shape}: delete the three, and d2f train scenes makes them again."
        )
    return RayTracedScene(
        name=name, photo=photo, disparity=disparity, subject=subject, has_subject=has_subject
    )


def paths_of(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Where a scene's photo, disparity and subject lie."""
    return (
        folder / f"{name}.jpg",
        folder / f"{name}_disparity16.png",
        folder / f"{name}_subject.png",
    )


def written_names(folder: Path) -> set[str]:
    """Names of the scenes that need not be made again."""
    return {
        name
        for name in index_rows(folder)
        if all(path.is_file() for path in paths_of(folder, name))
    }


def write_scene(folder: Path, scene: RayTracedScene, about: dict[str, str]) -> None:
    """Write a scene's files, each whole or not at all, and then its row.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    scene : RayTracedScene
    about : dict
        Text of the columns other than name and has_subject.

    Raises
    ------
    PhotoError
        If a file cannot be written.
    """
    photo_file, disparity_file, subject_file = paths_of(folder, scene.name)
    codes = np.rint(scene.disparity * LARGEST_CODE).astype(np.uint16)
    jpeg = packed(scene.photo, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    write_whole(jpeg, photo_file, overwrite=True)
    write_whole(packed(codes, "PNG"), disparity_file, overwrite=True)
    write_whole(packed(scene.subject, "PNG"), subject_file, overwrite=True)
    index = folder / "index.csv"
    if not index.exists():
        write_whole(line_of(COLUMNS), index, overwrite=True)
    row = {**about, "name": scene.name, "has_subject": str(int(scene.has_subject))}
    line = line_of(tuple(row[column] for column in COLUMNS))
    try:
        if not index.read_bytes().endswith(b"\n"):
            line = b"\n" + line  # a row that was broken off keeps to its own line
        with index.open("ab", buffering=0) as file:
            file.write(line)
    except OSError as error:
        raise PhotoError(f"{index} cannot be written: {error.strerror or error}.") from None


def line_of(cells: tuple[str, ...]) -> bytes:
    """A line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def packed(picture: ByteImage | NDArray[np.uint16], form: str, **options: int) -> bytes:
    """The content of a picture's file."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, form, **options)
    return content.getvalue()
