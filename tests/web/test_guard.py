"""What the server refuses: hostile uploads, foreign pages, strangers; each in words, at once."""

from __future__ import annotations

import io
import socket
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from .conftest import running

TOKEN = "a-token-of-twenty-characters"
PATIENCE_S = 40  # no refusal takes longer; seen 8 s for 5 GB on a busy machine
MOST_RSS_KB = 400_000  # of the server itself; seen 80 MB


def sent(client, content, name="photo.jpg"):
    """The answer to an upload."""
    return client.post("/v1/photos", files={"photo": (name, content)})


def bomb() -> bytes:
    """A PNG of 25 000 x 25 000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    side = (25_000).to_bytes(4, "big")
    head = chunk(b"IHDR", side * 2 + bytes([8, 2, 0, 0, 0]))
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 422, "is empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "is no photo that d2f reads"),
        (b"PK\x03\x04" + bytes(100), 415, "is no photo that d2f reads"),
        (b"\xff\xd8\xff\xe0" + bytes(100), 422, "cannot be decoded"),
        (bomb(), 413, "more than the limit of 2 megapixels"),
    ],
)
def test_uploads_that_are_no_photos_are_refused_in_words(client, content, status, words):
    """By their content, whatever they are called."""
    answer = sent(client, content)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert "/tmp" not in answer.text


def test_a_photo_is_known_by_its_content_not_by_what_it_is_called(client, jpeg):
    """A wrong name and a wrong content type change nothing."""
    files = {"photo": ("page.svg", jpeg, "image/svg+xml")}
    answer = client.post("/v1/photos", files=files)
    assert answer.status_code == 201
    assert answer.json()["format"] == "jpeg"


def test_a_body_of_a_wrong_type_is_refused(client):
    """JSON, text and nothing are no form with a photo."""
    for kind in ("application/json", "text/plain", "multipart/form-data"):
        answer = client.post("/v1/photos", content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code in (400, 422)
        assert answer.json()["detail"]


@pytest.mark.parametrize("told", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_an_endless_upload_is_cut_and_the_client_hears_why(server, client, told):
    """5 GB, with and without a length in its head: 413, in bounded time and memory."""
    total, piece = 5_000_000_000, bytes(1_000_000)
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'

    def pieces():
        yield head
        for _ in range(400 if told else 5_000):
            yield piece

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    begun = time.monotonic()
    if told:  # the client stops when it hears the answer, as curl does
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as raw:
            start = f"POST /v1/photos HTTP/1.1\r\nHost: {host}\r\nContent-Length: {total}\r\n"
            raw.sendall((start + f"Content-Type: {headers['Content-Type']}\r\n\r\n").encode())
            raw.sendall(head + piece)
            answer = raw.recv(65536).decode()
        assert answer.startswith("HTTP/1.1 413")
        assert "connection: close" in answer.lower()
    else:
        answer = client.post("/v1/photos", content=pieces(), headers=headers)
        assert answer.status_code == 413
        assert "more than" in answer.json()["detail"]
    assert time.monotonic() - begun < PATIENCE_S
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert int(status.split("VmHWM:")[1].split()[0]) < MOST_RSS_KB


def test_a_host_that_is_not_ours_is_refused(client):
    """A page that bends its own name to this machine reads nothing."""
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/healthz", headers={"Host": "localhost:1"}).status_code == 200


def test_pages_of_other_hosts_change_nothing(client, jpeg):
    """Neither by their origin, nor by what the browser says of the site; nothing allows CORS."""
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        answer = client.post("/v1/photos", files={"photo": ("a.jpg", jpeg)}, headers=headers)
        assert answer.status_code == 403
    answer = client.options("/v1/photos", headers={"Origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_carries_the_headers_that_protect_the_page(client):
    """Refusals, too."""
    for path in ("/", "/healthz", "/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers


def test_one_client_cannot_read_anothers_photo(server, jpeg):
    """A photo belongs to the cookie it was sent with; others are told that there is none."""
    with server.client() as one, server.client() as other:
        one.get("/")
        other.get("/")
        assert one.cookies
        state = sent(one, jpeg).json()
        path = f"/v1/photos/{state['id']}"
        assert one.get(path).status_code == 200
        for answer in (
            other.get(path),
            other.get(f"{path}/preview"),
            other.delete(path),
            other.post(f"{path}/render", json={}),
            other.patch(f"{path}/depth", json={"reset": True}),
        ):
            assert answer.status_code == 404
        forged = {name: value[::-1] for name, value in one.cookies.items()}
        with server.client(cookies=forged) as third:
            assert third.get(path).status_code == 404
        assert one.delete(path).status_code == 204


def test_ids_are_long_and_differ(upload):
    """144 bits each."""
    first, second = upload()["id"], upload()["id"]
    assert first != second
    assert len(first) == len(second) == 24


@pytest.mark.parametrize(
    "path", ["/v1/photos/..%2f..%2fetc", "/page/../app.py", "/page/%2e%2e/app.py"]
)
def test_paths_lead_nowhere_else(client, path):
    """Dots and slashes in a path open no file."""
    assert client.get(path).status_code == 404


def test_the_token_is_asked_for(tmp_path, jpeg):
    """By header, or once by the address, which sets a cookie; health is open."""
    with running(tmp_path, "--token", TOKEN, "--workers", "1") as server, server.client() as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 401
        assert sent(client, jpeg).status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/metrics", headers=headers).status_code == 200
        answer = client.get(f"/?token={TOKEN}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert TOKEN not in answer.headers["set-cookie"]
        assert client.get("/metrics").status_code == 200


def test_a_preview_needs_no_metadata_of_the_file(client, upload):
    """Nothing of EXIF goes to the screen."""
    answer = client.get(f"/v1/photos/{upload()['id']}/preview")
    assert not Image.open(io.BytesIO(answer.content)).getexif()
