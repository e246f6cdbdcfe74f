"""What routes take and answer alike: parameters, files, answers nobody waits for any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Path as InPath
from fastapi import Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from ..jobs import Answer, Job
from ..photos import Entry
from ..problems import Refusal
from ..rooms import Rooms
from ..workers import Worker

__all__ = [
    "FILES",
    "PREVIEW_PX",
    "PhotoId",
    "SettingsText",
    "Size",
    "as_file",
    "attachment",
    "entry_of",
    "unless_gone",
]

PREVIEW_PX, LEAST_PX, MOST_PX = 1280, 64, 2560  # long side

PhotoId = Annotated[str, InPath(max_length=64)]
Size = Annotated[int, Query(ge=LEAST_PX, le=MOST_PX, description="Long side in pixels.")]
SettingsText = Annotated[
    str | None, Query(alias="settings", description="JSON: the tree of `d2f.Settings`, or a part.")
]
FILES: dict[str, Any] = {
    "image/*": {"schema": {"type": "string", "format": "binary"}},
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
}


def entry_of(rooms: Rooms, request: Request, photo_id: str) -> Entry:
    """The photo of this name, if it is the client's own; else refused (404)."""
    return rooms.store.of(photo_id, request.scope["state"]["client"])


async def as_file(request: Request, worker: Worker, job: Job) -> Response:
    """What a worker wrote, to be sent and then removed."""
    output = job.output
    assert output is not None
    try:
        answer = await unless_gone(request, worker.do(job))
    except BaseException:
        output.unlink(missing_ok=True)
        raise
    headers = attachment(answer)
    if answer.facts:
        headers["X-D2F-Focus"] = json.dumps(answer.facts)
    return FileResponse(
        output,
        headers=headers,
        media_type=answer.media_type,
        background=BackgroundTask(output.unlink, missing_ok=True),
    )


def attachment(answer: Answer) -> dict[str, str]:
    """The header that names a file, in ASCII and as it is (RFC 6266); none without a name."""
    if answer.filename is None:
        return {}
    plain = answer.filename.encode("ascii", "replace").decode().replace("?", "_")
    words = f'attachment; filename="{plain}"'
    if plain != answer.filename:
        words += f"; filename*=UTF-8''{quote(answer.filename)}"
    return {"Content-Disposition": words}


async def unless_gone(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """The work's answer; the work is given up when the client goes away."""
    job = asyncio.ensure_future(work)
    ear = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({job, ear}, return_when=asyncio.FIRST_COMPLETED)
        if not job.done():
            job.cancel()
            raise Refusal(503, "the client has gone.")
        return job.result()
    finally:
        ear.cancel()
        if not job.done():
            job.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
