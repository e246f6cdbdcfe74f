"""Routes of what is kept: pictures at full size, and how they were made."""

from __future__ import annotations

import shutil
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, Request, UploadFile
from starlette.responses import Response

from ...files import DepthUnit
from ...settings import FormatName
from ..jobs import Job
from ..problems import documented
from ..rooms import Rooms
from ..wishes import RenderWish, served, settings_of
from .answers import FILES, PhotoId, SettingsText, as_file, attachment, entry_of, unless_gone
from .uploads import stored_upload

__all__ = ["add_files"]

MADE: dict[int | str, dict[str, Any]] = {200: {"content": FILES}}


def add_files(app: FastAPI, rooms: Rooms) -> None:
    """Routes of what is kept."""

    @app.post(
        "/v1/photos/{photo_id}/render",
        response_class=Response,
        responses={**MADE, **documented(400, 404, 408, 413, 415, 422, 503, 507)},
    )
    async def render(request: Request, photo_id: PhotoId, wish: RenderWish) -> Response:
        """The picture at full size, with the photo's metadata: the bytes of `d2f render`."""
        entry = entry_of(rooms, request, photo_id)
        job = Job(
            kind="render",
            photo=entry.stored,
            settings=served(wish.settings),
            options={"format": wish.format},
            output=rooms.output(),
        )
        return await as_file(request, entry.worker, job)

    @app.get("/v1/photos/{photo_id}/settings", responses=documented(404, 422, 503))
    async def sidecar(
        request: Request, photo_id: PhotoId, settings: SettingsText = None
    ) -> Response:
        """The settings file: `d2f render --settings` makes the same picture of it."""
        entry = entry_of(rooms, request, photo_id)
        job = Job(kind="sidecar", photo=entry.stored, settings=settings_of(settings))
        answer = await unless_gone(request, entry.worker.do(job))
        headers = attachment(answer)
        return Response(answer.content, headers=headers, media_type="application/json")

    _add_once(app, rooms)


def _add_once(app: FastAPI, rooms: Rooms) -> None:
    """The route for programs that want one picture."""

    @app.post(
        "/v1/render",
        response_class=Response,
        responses={**MADE, **documented(400, 408, 413, 415, 422, 503, 507)},
    )
    async def once(
        request: Request,
        photo: Annotated[UploadFile, File(description="Of any format that d2f reads.")],
        depth: Annotated[UploadFile | None, File(description="PNG, TIFF, NPY, PFM, EXR.")] = None,
        depth_unit: Annotated[DepthUnit, Form()] = "relative",
        settings: Annotated[str | None, Form(description="JSON.")] = None,
        format: Annotated[FormatName | None, Form()] = None,
    ) -> Response:
        """A photo in, the picture out; nothing is kept."""
        wish = settings_of(settings)
        stored, _ = await stored_upload(rooms, photo, depth, depth_unit)
        job = Job(
            kind="once",
            photo=stored,
            settings=wish,
            options={"format": format},
            output=rooms.output(),
        )
        try:
            return await as_file(request, rooms.pool.idlest(), job)
        finally:
            shutil.rmtree(stored.file.parent, ignore_errors=True)
