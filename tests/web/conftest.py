"""A real server in a process of its own, and photos to send."""

from __future__ import annotations

import io
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

httpx = pytest.importorskip("httpx", reason='needs httpx: pip install "d2f[test]"')
pytest.importorskip("fastapi", reason='needs the extra: pip install "d2f[web]"')

START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server: where it is, and its process."""

    url: str
    process: subprocess.Popen

    def client(self, **options) -> httpx.Client:
        """A client of its own."""
        return httpx.Client(base_url=self.url, timeout=60, **options)

    def workers(self) -> list[int]:
        """Its worker processes, by what the kernel says."""
        found = []
        for name in os.listdir("/proc"):
            try:
                words = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
                line = Path(f"/proc/{name}/cmdline").read_text()
            except (OSError, IndexError):
                continue
            if int(words[1]) == self.process.pid and "spawn_main" in line:
                found.append(int(name))
        return found


@contextmanager
def running(folder, *options: str) -> Iterator[Server]:
    """A server with these options; it is told to end, and does."""
    program = "import sys; from d2f.cli.app import main; sys.argv[0] = 'd2f'; main()"
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
    try:
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        assert ready, (folder / "log").read_text()
        found = re.search(r"http://[^/]+:\d+", process.stdout.readline())
        assert found, (folder / "log").read_text()
        server = Server(found[0], process)
        for _ in range(200):
            try:
                httpx.get(f"{server.url}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(40)
        process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """One server for all tests that leave it as it was."""
    with running(tmp_path_factory.mktemp("serve"), "--max-upload", "5", "--max-pixels", "2") as one:
        yield one


@pytest.fixture
def client(server) -> Iterator[httpx.Client]:
    """A client without a cookie."""
    with server.client() as one:
        yield one


@pytest.fixture(scope="session")
def jpeg(photo_srgb) -> bytes:
    """A small JPEG with EXIF."""
    from PIL import Image, TiffImagePlugin

    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x829D] = TiffImagePlugin.IFDRational(4)
    Image.fromarray(photo_srgb).save(file, "JPEG", quality=92, exif=exif)
    return file.getvalue()


@pytest.fixture(scope="session")
def large_jpeg() -> bytes:
    """Two megapixels, so that a render takes a moment."""
    from PIL import Image

    rows, cols = np.mgrid[:1200, :1600]
    near = (rows - 700) ** 2 + (cols - 800) ** 2 < 350**2
    picture = np.where(near[..., None], [210, 180, 150], [60, 90, 70]).astype(np.uint8)
    picture[::7, ::5] += 20
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    return file.getvalue()


@pytest.fixture
def upload(client, jpeg) -> Callable[..., dict]:
    """Sends a photo and gives its state."""

    def send(content: bytes = jpeg, name: str = "photo.jpg", **form) -> dict:
        files = {"photo": (name, content)}
        answer = client.post("/v1/photos", files=files, data=form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return send
