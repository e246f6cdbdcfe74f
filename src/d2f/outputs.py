"""A finished picture as a file: its photo, and on request the depth and the original inside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import files
from .errors import UsageError
from .pictures import Picture, Rendered
from .settings import OutputSettings

if TYPE_CHECKING:
    from .files.photo import Format

__all__ = ["check_picture_name", "picture_bytes", "write_picture"]


def check_picture_name(path: Path, settings: OutputSettings) -> None:
    """Refuse a file name that cannot hold what is to be embedded.

    Raises
    ------
    UsageError
    """
    if settings.embed_depth is not None:
        from .files.embed_depth import check_embedding

        check_embedding(settings.embed_depth, path)


def picture_bytes(
    picture: Picture, settings: OutputSettings, *, file_format: Format | None = None
) -> bytes:
    """The content of a picture's file; by default in the format that the settings or the photo say.

    Raises
    ------
    PhotoError
        If the format cannot hold the photo.
    UsageError
        If depth is to be embedded and the format, or the method, has none.
    MissingPartError
        If writing that format needs an extra.
    """
    photo = picture.photo
    content = files.photo_to_bytes(photo, file_format or files.format_named(settings.format))
    if settings.embed_depth is None:
        return content
    if not isinstance(picture, Rendered):
        raise UsageError("the published model sees no depth to embed: leave out --embed-depth.")
    if settings.embed_original and photo.content is None:
        raise UsageError("the photo came without a file to embed: leave out embed_original.")
    from .files.embed_depth import embed_depth

    return embed_depth(
        content,
        picture.disparity,
        container=settings.embed_depth,
        metric=picture.metric,
        focal_length_sides=picture.focal_length_sides,
        original=(photo.original or photo.content) if settings.embed_original else None,
    )


def write_picture(
    picture: Picture, path: Path, settings: OutputSettings, *, overwrite: bool
) -> None:
    """Write a picture in the format that the file name asks for, whole or not at all.

    Raises
    ------
    PhotoError
        If the file exists and is to be kept, or cannot be written.
    UsageError, MissingPartError
        As `picture_bytes`.
    """
    check_picture_name(path, settings)
    files.check_output(picture.photo, path)
    content = picture_bytes(picture, settings, file_format=files.format_of(path))
    files.write_whole(content, path, overwrite=overwrite)
