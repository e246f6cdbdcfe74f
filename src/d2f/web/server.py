"""The server as a program: a socket, a folder, and an end without leftovers."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn

from ..errors import UsageError
from .app import create_app
from .connections import Connection
from .options import ServeOptions

__all__ = ["serve"]

GRACE_SECONDS = 30  # in which requests may end after the server was told to stop
IDLE_SECONDS = 15  # after which a silent connection is closed
BACKLOG = 128
PREFIX = "d2f-serve-"
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def serve(options: ServeOptions) -> None:
    """Serve until a signal comes; then requests end, and what was uploaded is deleted.

    Raises
    ------
    UsageError
        If the address cannot be had.
    """
    os.environ["OMP_NUM_THREADS"] = str(options.worker_threads)  # as the workers will read it
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    listener = _listener(options)
    with _folder() as folder:
        tempfile.tempdir = str(folder)  # forms lie here while they come in
        app = create_app(options, folder)
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=BACKLOG,
        )
        print(_address(options, listener), flush=True)
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            tempfile.tempdir = None


@contextmanager
def _folder() -> Iterator[Path]:
    """An empty folder, locked while the server lives: the next one removes what has no lock."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is in use, or another user's
            _remove_unlocked(left)
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        lock = os.open(name, FOLDER)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.makedirs(name, mode=0o700, exist_ok=True)  # a server that starts may have removed it
            yield Path(name)
        finally:
            os.close(lock)


def _remove_unlocked(folder: Path) -> None:
    lock = os.open(folder, FOLDER)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_uid == os.getuid():
            shutil.rmtree(folder)
    finally:
        os.close(lock)


def _listener(options: ServeOptions) -> socket.socket:
    try:
        family = socket.getaddrinfo(options.host, options.port)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host, options.port))
    except OSError as error:
        raise UsageError(
            f"--host {options.host} --port {options.port} cannot be used "
            f"({error.strerror or error}): give another one."
        ) from None
    return listener


def _address(options: ServeOptions, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    named = f"[{host}]" if ":" in host else host
    token = "" if options.token is None else f"?token={options.token}"
    return f"d2f serves http://{named}:{port}/{token} (Ctrl-C ends it)"
