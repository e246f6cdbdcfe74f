"""Routes of what is seen on the screen."""

from __future__ import annotations

import json
from typing import Any, Literal

from fastapi import FastAPI, Request
from starlette.responses import Response

from ...settings import Settings
from ..jobs import Job
from ..problems import documented
from ..rooms import Rooms
from ..wishes import settings_of
from .answers import FILES, PREVIEW_PX, PhotoId, SettingsText, Size, as_file, entry_of, unless_gone

__all__ = ["add_pictures"]

MapName = Literal["disparity", "defocus", "mask"]
PICTURES: dict[str, Any] = {"image/jpeg": {}, "image/png": {}}
REFUSALS = documented(404, 422, 503)


def add_pictures(app: FastAPI, rooms: Rooms) -> None:
    """Routes of what is seen on the screen."""
    pictures: dict[int | str, dict[str, Any]] = {200: {"content": PICTURES}}

    @app.get(
        "/v1/photos/{photo_id}/original",
        response_class=Response,
        responses={**pictures, **REFUSALS},
    )
    async def original(
        request: Request,
        photo_id: PhotoId,
        size: Size = PREVIEW_PX,
        format: Literal["jpeg", "png"] = "jpeg",
    ) -> Response:
        """The photo as it is, at screen size."""
        return await _shown(
            rooms, request, photo_id, "original", Settings(), size=size, format=format
        )

    @app.get(
        "/v1/photos/{photo_id}/preview",
        response_class=Response,
        responses={**pictures, **REFUSALS},
    )
    async def preview(
        request: Request,
        photo_id: PhotoId,
        settings: SettingsText = None,
        size: Size = PREVIEW_PX,
        format: Literal["jpeg", "png"] = "jpeg",
    ) -> Response:
        """The picture at screen size; `X-D2F-Focus` tells focus and f-number as JSON."""
        wish = settings_of(settings)
        return await _shown(rooms, request, photo_id, "preview", wish, size=size, format=format)

    for name in ("disparity", "defocus", "mask"):
        _add_map(app, rooms, name)


def _add_map(app: FastAPI, rooms: Rooms, name: MapName) -> None:
    """The route of one map."""

    @app.get(
        f"/v1/photos/{{photo_id}}/{name}",
        name=name,
        operation_id=name,
        response_class=Response,
        responses={200: {"content": FILES}, **documented(404, 422, 503, 507)},
    )
    async def one_map(
        request: Request,
        photo_id: PhotoId,
        settings: SettingsText = None,
        view: Literal["overlay", "data"] = "overlay",
        size: Size = PREVIEW_PX,
        format: Literal["png", "tiff", "npy"] = "png",
    ) -> Response:
        """A map: coloured over the photo at screen size, or its values at full size."""
        wish = settings_of(settings)
        options = {"map": name, "view": view, "size": size, "format": format}
        if view == "overlay":
            return await _shown(rooms, request, photo_id, "map", wish, **options)
        entry = entry_of(rooms, request, photo_id)
        job = Job(
            kind="map",
            photo=entry.stored,
            settings=wish,
            options=options,
            output=rooms.output(),
        )
        return await as_file(request, entry.worker, job)


async def _shown(
    rooms: Rooms, request: Request, photo_id: str, kind: str, settings: Settings, **options: Any
) -> Response:
    """What a worker draws for the screen."""
    entry = entry_of(rooms, request, photo_id)
    job = Job(kind=kind, photo=entry.stored, settings=settings, options=options)
    answer = await unless_gone(request, entry.worker.do(job))
    headers = {"X-D2F-Focus": json.dumps(answer.facts)} if answer.facts else None
    return Response(answer.content, headers=headers, media_type=answer.media_type)
