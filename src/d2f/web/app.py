"""The HTTP API: its routes, and what each answers."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, File, Form, Query, Request, UploadFile
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from ..files import DepthUnit, DepthWish
from ..settings import Settings
from ..settings.groups import FormatName
from .guard import Guard
from .jobs import Answer, Job, StoredPhoto
from .metrics import METRICS_TYPE, Metrics
from .options import ServeOptions
from .photos import Entry, PhotoStore, harmless_name
from .problems import Refusal, documented, problem
from .wishes import BrushWish, RenderWish, served, settings_of, words_of
from .workers import Pool, Worker

__all__ = ["create_app"]

PAGE = Path(__file__).parent / "page"
PREVIEW_PX, LEAST_PX, MOST_PX = 1280, 64, 2560  # long side

PhotoId = Annotated[str, InPath(max_length=64)]
Size = Annotated[int, Query(ge=LEAST_PX, le=MOST_PX, description="Long side in pixels.")]
SettingsText = Annotated[
    str | None, Query(alias="settings", description="JSON: the tree of `d2f.Settings`, or a part.")
]
MapName = Literal["disparity", "defocus", "mask"]
PICTURES: dict[str, Any] = {"image/jpeg": {}, "image/png": {}}
FILES: dict[str, Any] = {
    "image/*": {"schema": {"type": "string", "format": "binary"}},
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
}


class Rooms:
    """What the routes share."""

    def __init__(self, options: ServeOptions, folder: Path) -> None:
        self.options = options
        self.outputs = folder / "outputs"
        self.outputs.mkdir()
        (folder / "photos").mkdir()
        self.store = PhotoStore(folder / "photos", most_bytes=options.disk_bytes)
        self.pool = Pool(options, folder)
        self.metrics = Metrics()
        self._errands: set[asyncio.Task[None]] = set()
        self._count = 0

    def busy(self) -> int | None:
        """Seconds to wait if no worker takes another job."""
        worker = self.pool.idlest()
        return worker.wait_seconds if worker.pending >= self.options.queue else None

    def output(self) -> Path:
        """A name for a file that a worker writes."""
        self._count += 1
        return self.outputs / str(self._count)

    def forget(self, entry: Entry) -> None:
        """Tell a worker to drop what it holds of a photo that is no more; nobody waits for it."""

        async def errand() -> None:
            with suppress(Refusal):  # it will forget by itself
                await entry.worker.do(Job(kind="forget", photo=entry.stored))

        task = asyncio.ensure_future(errand())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def gauges(self) -> dict[str, tuple[str, float]]:
        """What is now."""
        workers = self.pool.workers
        return {
            "d2f_photos": ("Photos that are held.", len(self.store)),
            "d2f_disk_bytes": ("What they take of the disc.", self.store.bytes),
            "d2f_jobs": ("Jobs that wait or run.", sum(worker.pending for worker in workers)),
            "d2f_workers": ("Worker processes.", len(workers)),
            "d2f_workers_replaced_total": (
                "Workers that died or took too long.",
                sum(worker.replaced for worker in workers),
            ),
        }


def create_app(options: ServeOptions, folder: Path) -> FastAPI:
    """The server.

    Parameters
    ----------
    options : ServeOptions
    folder : Path
        Empty, for uploads and answers; who made it removes it.
    """
    rooms = Rooms(options, folder)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        rooms.pool.start()
        yield
        await asyncio.to_thread(rooms.pool.stop)

    app = FastAPI(
        title="d2f",
        version=version("d2f"),
        description="Give a photo the depth of field of a fast lens.",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    app.state.rooms = rooms
    _add_handlers(app)
    _add_service(app, rooms)
    _add_photos(app, rooms)
    _add_pictures(app, rooms)
    _add_files(app, rooms)
    app.add_middleware(Guard, options=options, metrics=rooms.metrics, busy=rooms.busy)
    _add_page(app)
    return app


def _add_handlers(app: FastAPI) -> None:
    """Every error as a problem in words."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        words, headers = str(error.detail), dict(error.headers or {})
        if not isinstance(error, Refusal):
            if error.status_code == 405:
                headers["Allow"] = _methods_of(app, request.url.path)
            words = {
                404: f"there is nothing at {request.url.path[:80]}: see /openapi.json.",
                405: f"{request.method} is no method of this path: see /openapi.json.",
                400: "the request cannot be parsed: check its body.",
            }.get(error.status_code, words)
        return problem(error.status_code, words, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        return problem(422, words_of(error.errors()[0]))

    @app.exception_handler(Exception)
    async def broken(_request: Request, _error: Exception) -> Response:
        return problem(500, "the server made a mistake: its log tells which.")


def _methods_of(app: FastAPI, path: str) -> str:
    """All methods of a path, which may have a route for each."""
    routes = [route for route in app.routes if isinstance(route, Route)]
    found = {m for route in routes if route.path_regex.match(path) for m in route.methods or ()}
    return ", ".join(sorted(found))


def _add_service(app: FastAPI, rooms: Rooms) -> None:
    """Routes for whoever runs the server."""

    @app.get("/healthz", responses=documented())
    async def health() -> dict[str, str]:
        """Whether the server is up."""
        return {"status": "ok", "version": version("d2f")}

    @app.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {METRICS_TYPE: {}}}, **documented()},
    )
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(rooms.metrics.text(rooms.gauges()), media_type=METRICS_TYPE)


def _add_page(app: FastAPI) -> None:
    """The page and its parts."""

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", media_type="text/html")

    app.mount("/page", StaticFiles(directory=PAGE))


def _add_photos(app: FastAPI, rooms: Rooms) -> None:
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
        stored, count = await _stored(rooms, photo, depth, depth_unit, depth_source)
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
        return _entry(rooms, request, photo_id).state

    @app.patch("/v1/photos/{photo_id}/depth", responses=documented(400, 404, 408, 413, 422, 503))
    async def brush(request: Request, photo_id: PhotoId, wish: BrushWish) -> dict[str, Any]:
        """Mend its depth by strokes."""
        entry = _entry(rooms, request, photo_id)
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
        rooms.forget(rooms.store.drop(_entry(rooms, request, photo_id)))
        return Response(status_code=204)


def _add_pictures(app: FastAPI, rooms: Rooms) -> None:
    """Routes of what is seen on the screen."""
    pictures: dict[int | str, dict[str, Any]] = {200: {"content": PICTURES}}
    refusals = documented(404, 422, 503)

    async def shown(
        request: Request, photo_id: str, kind: str, settings: Settings, **options: Any
    ) -> Response:
        entry = _entry(rooms, request, photo_id)
        job = Job(kind=kind, photo=entry.stored, settings=settings, options=options)
        answer = await _unless_gone(request, entry.worker.do(job))
        headers = {"X-D2F-Focus": json.dumps(answer.facts)} if answer.facts else None
        return Response(answer.content, headers=headers, media_type=answer.media_type)

    @app.get(
        "/v1/photos/{photo_id}/original",
        response_class=Response,
        responses={**pictures, **refusals},
    )
    async def original(
        request: Request,
        photo_id: PhotoId,
        size: Size = PREVIEW_PX,
        format: Literal["jpeg", "png"] = "jpeg",
    ) -> Response:
        """The photo as it is, at screen size."""
        return await shown(request, photo_id, "original", Settings(), size=size, format=format)

    @app.get(
        "/v1/photos/{photo_id}/preview",
        response_class=Response,
        responses={**pictures, **refusals},
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
        return await shown(request, photo_id, "preview", wish, size=size, format=format)

    def add_map(name: MapName) -> None:
        @app.get(
            f"/v1/photos/{{photo_id}}/{name}",
            name=name,
            operation_id=name,
            response_class=Response,
            responses={200: {"content": FILES}, **refusals},
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
                return await shown(request, photo_id, "map", wish, **options)
            entry = _entry(rooms, request, photo_id)
            job = Job(
                kind="map",
                photo=entry.stored,
                settings=wish,
                options=options,
                output=rooms.output(),
            )
            return await _as_file(request, entry.worker, job)

    for name in ("disparity", "defocus", "mask"):
        add_map(name)


def _add_files(app: FastAPI, rooms: Rooms) -> None:
    """Routes of what is kept."""
    made: dict[int | str, dict[str, Any]] = {200: {"content": FILES}}

    @app.post(
        "/v1/photos/{photo_id}/render",
        response_class=Response,
        responses={**made, **documented(400, 404, 408, 413, 422, 503)},
    )
    async def render(request: Request, photo_id: PhotoId, wish: RenderWish) -> Response:
        """The picture at full size, with the photo's metadata: the bytes of `d2f render`."""
        entry = _entry(rooms, request, photo_id)
        job = Job(
            kind="render",
            photo=entry.stored,
            settings=served(wish.settings),
            options={"format": wish.format},
            output=rooms.output(),
        )
        return await _as_file(request, entry.worker, job)

    @app.get("/v1/photos/{photo_id}/settings", responses=documented(404, 422, 503))
    async def sidecar(
        request: Request, photo_id: PhotoId, settings: SettingsText = None
    ) -> Response:
        """The settings file: `d2f render --settings` makes the same picture of it."""
        entry = _entry(rooms, request, photo_id)
        job = Job(kind="sidecar", photo=entry.stored, settings=settings_of(settings))
        answer = await _unless_gone(request, entry.worker.do(job))
        headers = _attachment(answer)
        return Response(answer.content, headers=headers, media_type="application/json")

    @app.post(
        "/v1/render",
        response_class=Response,
        responses={**made, **documented(400, 408, 413, 415, 422, 503, 507)},
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
        stored, _ = await _stored(rooms, photo, depth, depth_unit)
        job = Job(
            kind="once",
            photo=stored,
            settings=wish,
            options={"format": format},
            output=rooms.output(),
        )
        try:
            return await _as_file(request, rooms.pool.idlest(), job)
        finally:
            shutil.rmtree(stored.file.parent, ignore_errors=True)


def _entry(rooms: Rooms, request: Request, photo_id: str) -> Entry:
    return rooms.store.of(photo_id, request.scope["state"]["client"])


async def _stored(
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


async def _look_at(request: Request, entry: Entry, photo: StoredPhoto) -> None:
    """Analyse a photo, and keep what was found."""
    job = Job(kind="state", photo=photo, options={"size": PREVIEW_PX})
    answer = await _unless_gone(request, entry.worker.do(job))
    entry.stored, entry.state = photo, answer.facts


async def _as_file(request: Request, worker: Worker, job: Job) -> Response:
    """What a worker wrote, to be sent and then removed."""
    output = job.output
    assert output is not None
    try:
        answer = await _unless_gone(request, worker.do(job))
    except BaseException:
        output.unlink(missing_ok=True)
        raise
    headers = _attachment(answer)
    if answer.facts:
        headers["X-D2F-Focus"] = json.dumps(answer.facts)
    return FileResponse(
        output,
        headers=headers,
        media_type=answer.media_type,
        filename=answer.filename,
        background=BackgroundTask(output.unlink, missing_ok=True),
    )


def _attachment(answer: Answer) -> dict[str, str]:
    if answer.filename is None:
        return {}
    plain = answer.filename.encode("ascii", "replace").decode().replace("?", "_")
    return {"Content-Disposition": f'attachment; filename="{plain}"'}


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
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
