"""Routes that bring, describe, mend and remove a photo."""

from __future__ import annotations

import shutil
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, Request, UploadFile
from starlette.responses import JSONResponse, Response

from ...files import DepthUnit, DepthWish
from ..jobs import Job, StoredPhoto
from ..photos import Entry
from ..problems import documented
from ..rooms import Rooms
from ..wishes import BrushWish
from .answers import PREVIEW_PX, PhotoId, entry_of, unless_gone
from .uploads import stored_upload

__all__ = ["add_photos"]


def add_photos(app: FastAPI, rooms: Rooms) -> None:
    """Routes that bring, describe, mend and remove a photo."""

    @app.post(
        "/v1/photos", status_code=201, responses=documented(400, 408, 413, 415, 422, 503, 507)
    )
    async def upload(
        request: Request,
        photo: Annotated[UploadFile, File(description="Of any format that d2f reads.")],
        depth: Annotated[UploadFile | None, File(description="PNG, TIFF, NPY, PFM, EXR.")] = None,
        depth_unit: Annotated[DepthUnit, Form()] = "relative",
        depth_source: Annotated[
            DepthWish, Form(description="auto: the map that is sent.")
        ] = "auto",
    ) -> Response:
        """Analyse a photo once, for many previews."""
        stored, count = await stored_upload(rooms, photo, depth, depth_unit, depth_source)
        worker = rooms.pool.idlest()
        client = request.scope["state"]["client"]
        entry = Entry(stored=stored, client=client, worker=worker, bytes=count)
        try:
            await _look_at(request, entry, stored)
        except BaseException:
            shutil.rmtree(stored.file.parent, ignore_errors=True)
            raise
        rooms.store.add(entry)
        return JSONResponse(entry.state, 201, {"Location": f"/v1/photos/{stored.id}"})

    @app.get("/v1/photos/{photo_id}", responses=documented(404, 422))
    async def state(request: Request, photo_id: PhotoId) -> dict[str, Any]:
        """What was found in a photo."""
        return entry_of(rooms, request, photo_id).state

    @app.patch("/v1/photos/{photo_id}/depth", responses=documented(400, 404, 408, 413, 422, 503))
    async def brush(request: Request, photo_id: PhotoId, wish: BrushWish) -> dict[str, Any]:
        """Mend its depth by strokes."""
        entry = entry_of(rooms, request, photo_id)
        async with entry.turn:  # two hands may not lose each other's strokes
            strokes = wish.applied_to(entry.stored.strokes)
            await _look_at(request, entry, entry.with_strokes(strokes))
        return entry.state

    @app.delete(
        "/v1/photos/{photo_id}",
        status_code=204,
        response_class=Response,
        responses=documented(404, 422),
    )
    async def delete(request: Request, photo_id: PhotoId) -> Response:
        """Forget a photo and all that was made of it."""
        rooms.forget(rooms.store.drop(entry_of(rooms, request, photo_id)))
        return Response(status_code=204)


async def _look_at(request: Request, entry: Entry, photo: StoredPhoto) -> None:
    """Analyse a photo, and keep what was found."""
    job = Job(kind="state", photo=photo, options={"size": PREVIEW_PX})
    answer = await unless_gone(request, entry.worker.do(job))
    entry.stored, entry.state = photo, answer.facts
