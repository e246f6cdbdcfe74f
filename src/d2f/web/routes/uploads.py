"""Photos that are sent: kept in folders of their own while they are needed."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from fastapi import UploadFile

from ...files import DepthUnit, DepthWish
from ..jobs import StoredPhoto
from ..photos import harmless_name
from ..problems import Refusal
from ..rooms import Rooms

__all__ = ["stored_upload"]


async def stored_upload(
    rooms: Rooms,
    photo: UploadFile,
    depth: UploadFile | None,
    unit: DepthUnit,
    source: DepthWish = "auto",
) -> tuple[StoredPhoto, int]:
    """An upload in a folder of its own, and its bytes."""
    count = (photo.size or 0) + (depth.size or 0 if depth else 0)
    if not photo.size:
        raise Refusal(422, "photo is empty: there is no photo in it.")
    for dropped in rooms.store.make_room(count):
        rooms.forget(dropped)
    photo_id, folder = rooms.store.folder()
    name = harmless_name(photo.filename)
    beside = None
    try:
        await asyncio.to_thread(_copy, photo, folder / "upload")
        if depth is not None and depth.size:
            beside = folder / f"depth-{harmless_name(depth.filename, 'map')}"
            await asyncio.to_thread(_copy, depth, beside)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Refusal(507, f"the upload cannot be kept ({error.strerror}): try later.") from None
    stored = StoredPhoto(
        id=photo_id,
        file=folder / "upload",
        name=name,
        depth=beside,
        depth_unit=unit,
        depth_source=source,
    )
    return stored, count


def _copy(upload: UploadFile, path: Path) -> None:
    with open(path, "xb") as file:
        shutil.copyfileobj(upload.file, file)
