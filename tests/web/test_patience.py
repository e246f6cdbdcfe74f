"""What the server does with clients that hold a place and do nothing with it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from .conftest import running

uvicorn = pytest.importorskip("uvicorn")

PATIENCE_S = 10  # far more than what the tests wait for
SOON_S = 0.3
LARGE = bytes(20_000_000)  # more than sockets hold
HEAD = b"POST /v1/photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"


def connected(app, meet: Callable[[socket.socket], Awaitable[None]]) -> None:
    """Serve an app on connections of ours, and meet it over a socket."""
    from d2f.web.connections import Connection

    async def run() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=Connection, ws="none", lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        with socket.create_connection(listener.getsockname()) as client:
            client.setblocking(False)
            async with asyncio.timeout(PATIENCE_S):
                await meet(client)
        server.should_exit = True
        await serving

    asyncio.run(run())


async def answered(client: socket.socket) -> bytes:
    """All that comes until the server closes, or resets what we wrote to it after that."""
    heard = b""
    with suppress(ConnectionResetError):
        while piece := await asyncio.get_running_loop().sock_recv(client, 65536):
            heard += piece
    return heard


async def hello(_scope, _receive, send) -> None:
    """Answer anybody."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize(
    "head", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT"]
)
def test_a_head_that_does_not_come_ends_the_connection(monkeypatch, head):
    """Before the first request and after an answer, however it drips."""
    monkeypatch.setattr("d2f.web.connections.HEAD_SECONDS", SOON_S)

    async def meet(client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, head)
        hearing = asyncio.ensure_future(answered(client))
        while not hearing.done():
            await asyncio.sleep(SOON_S / 6)
            if head and not hearing.done():
                try:
                    await loop.sock_sendall(client, b"P")
                except OSError:
                    break
        assert (b"hello" in await hearing) == (b"\r\n\r\n" in head)

    connected(hello, meet)


def test_an_answer_that_nobody_takes_is_given_up(monkeypatch):
    """The app is done with it, and may remove what it sent."""
    monkeypatch.setattr("d2f.web.connections.UNTAKEN_SECONDS", SOON_S)
    done = asyncio.Event()

    async def much(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        done.set()

    async def meet(client: socket.socket) -> None:
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(client, request)
        await done.wait()

    connected(much, meet)


def test_a_body_that_drips_is_refused(monkeypatch):
    """A byte now and then keeps no place: 408."""
    from d2f.web.guard import Guard
    from d2f.web.metrics import Metrics
    from d2f.web.options import ServeOptions

    monkeypatch.setattr("d2f.web.guard.SILENCE_SECONDS", SOON_S)

    async def read_all(scope, receive, send) -> None:
        from d2f.web.problems import Refusal, problem

        try:
            while (await receive()).get("more_body"):
                pass
        except Refusal as refusal:
            await problem(refusal.status_code, refusal.detail)(scope, receive, send)

    async def meet(client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, HEAD)
        hearing = asyncio.ensure_future(answered(client))
        while not hearing.done():
            await asyncio.sleep(SOON_S / 6)
            try:
                await loop.sock_sendall(client, b"x")
            except OSError:
                break
        assert b" 408 " in await hearing

    guard = Guard(read_all, options=ServeOptions(), metrics=Metrics(), busy=lambda: None)
    connected(guard, meet)


def test_what_is_no_http_leaves_no_traceback(tmp_path):
    """Neither in a head nor in the middle of a body."""
    bad_chunk = HEAD.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked") + b"ZZ\r\n"
    with running(tmp_path, "--workers", "1") as server:
        address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        for words in (b"\x16\x03\x01\r\n\r\n", bad_chunk, b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"):
            with socket.create_connection(address, timeout=PATIENCE_S) as client:
                client.sendall(words)
                assert client.recv(100).split()[1] in (b"400", b"421")
        with server.client() as client:
            assert client.post("/v1/photos", headers={"Origin": "http://[x"}).status_code == 403
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_killed_servers_folder_is_removed_by_the_next(tmp_path, monkeypatch):
    """Photos stay on no disc for good; the folder of a server that lives is left alone."""
    from d2f.web.server import _folder

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "d2f-serve-killed" / "photos").mkdir(parents=True)
    (tmp_path / "d2f-serve-link").symlink_to(tmp_path / "other")
    (tmp_path / "other").mkdir()
    with _folder() as first:
        assert set(tmp_path.iterdir()) == {first, tmp_path / "d2f-serve-link", tmp_path / "other"}
        with _folder() as second:
            assert first.exists()
            assert second.exists()
        assert first.exists()
        assert not second.exists()
    assert not first.exists()


def test_a_full_disc_is_told_and_leaves_nothing_behind(tmp_path, large_jpeg):
    """Uploads, pictures and maps are refused with 507, without the server's own names."""
    import resource

    def no_more_than(count: int) -> None:
        for pid in (server.process.pid, *server.workers()):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (count, resource.RLIM_INFINITY))

    with running(tmp_path, "--workers", "1") as server, server.client() as client:
        files = {"photo": ("a.jpg", large_jpeg)}
        path = f"/v1/photos/{client.post('/v1/photos', files=files).json()['id']}"
        no_more_than(100_000)
        data = {"view": "data", "format": "npy"}
        for answer in (
            client.post("/v1/photos", files=files),
            client.post("/v1/render", files={"photo": ("a.jpg", large_jpeg + bytes(3_000_000))}),
            client.post(f"{path}/render", json={}),
            client.get(f"{path}/disparity", params=data),
        ):
            assert answer.status_code == 507, answer.text
            assert str(tmp_path) not in answer.text
        assert client.get(f"{path}/preview").status_code == 200
        no_more_than(100_000_000)
        assert client.post(f"{path}/render", json={}).status_code == 200
        time.sleep(0.2)
        (folder,) = tmp_path.glob("d2f-serve-*")
        assert not list((folder / "outputs").iterdir())
        assert len(list((folder / "photos").iterdir())) == 1
