"""The README's commands and snippets run and print what they claim."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Fenced blocks of exactly this language tag."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def workplace(tmp_path: Path, photo_srgb: np.ndarray, monkeypatch) -> Path:
    """A folder that holds what the README speaks of: photo.jpg and a folder of photos."""
    Image.fromarray(photo_srgb).save(tmp_path / "photo.jpg", quality=92)
    (tmp_path / "photos").mkdir()
    Image.fromarray(photo_srgb[:, ::-1]).save(tmp_path / "photos" / "one.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_has_commands_and_snippets():
    """The patterns of this file still find what they test."""
    assert len(blocks("sh")) == 2
    assert len(blocks("python")) == 2


def test_make_verbs_of_the_readme_exist():
    """Every `make VERB` in the README is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)
    assert named
    for verb in named:
        assert re.search(rf"^{verb}:", makefile, re.MULTILINE), verb


@pytest.mark.slow
def test_readme_commands_run(workplace):
    """Each d2f line of the README ends with exit code 0."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("d2f ")]
    assert len(commands) >= 8
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands:  # through a shell, which knows pipes
        result = subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "PATH": programs},
        )
        assert result.returncode == 0, f"{command}: {result.stderr}"
    assert (workplace / "photo.bokeh.jpg").is_file()


@pytest.mark.parametrize("index", range(2))
def test_readme_snippets_print_what_they_say(index, workplace):
    """Each Python block runs, and its output equals its `#>` lines."""
    snippet = blocks("python")[index]
    expected = re.findall(r"^#> (.*)$", snippet, re.MULTILINE)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(snippet, f"README block {index}", "exec"), {})
    assert printed.getvalue().splitlines() == expected


def test_links_of_the_readme_lead_somewhere():
    """Relative links and pictures exist."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
