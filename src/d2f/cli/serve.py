"""`d2f serve`: the page and the HTTP API."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from .extras import needs_extra

__all__ = ["serve"]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes that render; by default half the cores."),
    ] = None,
    max_upload: Annotated[
        float, typer.Option(metavar="MB", min=0.001, help="Largest upload.")
    ] = 200,
    max_pixels: Annotated[
        float, typer.Option(metavar="MP", min=0.001, help="Largest photo in megapixels.")
    ] = 60,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            envvar="D2F_TOKEN",
            help="What clients must show; needed where other machines can connect.",
        ),
    ] = None,
) -> None:
    """Serve a page to click the focus on, and an HTTP API.

    Photos stay in a temporary folder of this machine, and are deleted at the end.
    """
    with needs_extra("web"):
        options = import_module("d2f.web.options")
        server = import_module("d2f.web.server")
    chosen = {
        "host": host,
        "port": port,
        "workers": workers,
        "upload_bytes": int(max_upload * options.MEGA),
        "pixels": int(max_pixels * options.MEGA),
        "token": token,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    server.serve(options.ServeOptions(**given))
