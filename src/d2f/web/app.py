"""The HTTP API put together: its routes, its guard, its errors in words, its page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from .guard import Guard
from .metrics import METRICS_TYPE
from .options import ServeOptions
from .problems import Refusal, documented, problem
from .rooms import Rooms
from .routes import add_files, add_photos, add_pictures
from .wishes import words_of

__all__ = ["create_app"]

PAGE = Path(__file__).parent / "page"


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
    add_photos(app, rooms)
    add_pictures(app, rooms)
    add_files(app, rooms)
    app.add_middleware(Guard, options=options, metrics=rooms.metrics, busy=rooms.busy)
    _add_page(app)
    return app


def _add_handlers(app: FastAPI) -> None:
    """Every error as a problem in words."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, OSError):  # while a form came in
            return problem(507, "the upload cannot be kept, the server's disc is full: try later.")
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
    if not found or "GET" in found:  # the page's files have no routes
        found |= {"GET", "HEAD"}
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
