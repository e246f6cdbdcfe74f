"""docs/http-api.md: its commands run, its routes are those of the server."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http-api.md").read_text()
ADDRESS = "http://127.0.0.1:8080"


def test_the_commands_of_the_page_run(server, jpeg, tmp_path):
    """Each ends well, and both ways of rendering give the same file."""
    if shutil.which("curl") is None:
        pytest.skip("needs the program curl")
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        script = "set -e\n" + block.replace(ADDRESS, server.url)
        result = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "one.jpg").read_bytes() == (tmp_path / "two.jpg").read_bytes()
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert '"edits":1' in (tmp_path / "state.json").read_text()


def test_the_page_names_every_route(client):
    """By its last word."""
    for path in client.get("/openapi.json").json()["paths"]:
        last = path.replace("photo_id", "id").rsplit("/", 1)[1]
        assert f"/{last}" in PAGE, path
