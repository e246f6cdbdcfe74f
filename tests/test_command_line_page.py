"""docs/command-line.md: its commands run, its settings file loads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from d2f import Settings

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "command-line.md").read_text()


def blocks(language: str) -> list[str]:
    """Fenced blocks of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_commands_of_the_page_run(tmp_path, photo_srgb):
    """Each line ends with exit code 0, and the pictures that are said to be alike are."""
    Image.fromarray(photo_srgb).save(tmp_path / "photo.jpg")
    (tmp_path / "photos").mkdir()
    Image.fromarray(photo_srgb[:, ::-1]).save(tmp_path / "photos" / "one.jpg")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) == 12
    for line in lines:
        result = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True,
            env={**os.environ, "PATH": path},
        )  # fmt: skip
        assert result.returncode == 0, f"{line}: {result.stderr}"
    assert (tmp_path / "again.jpg").read_bytes() == (tmp_path / "first.jpg").read_bytes()
    assert (tmp_path / "four.jpg").read_bytes() != (tmp_path / "two.jpg").read_bytes()
    with Image.open(tmp_path / "piped.png") as picture:
        assert picture.format == "PNG"


def test_the_settings_file_of_the_page_loads(tmp_path):
    """The TOML is what it says it is."""
    (block,) = blocks("toml")
    (tmp_path / "look.toml").write_text(block)
    settings = Settings.load(tmp_path / "look.toml")
    assert (settings.lens.f_number, settings.lens.blades, settings.light.grain) == (1.4, 9, 0.5)
