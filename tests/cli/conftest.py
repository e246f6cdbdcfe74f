"""Runs the command line in this process, as the shell would see it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2f.cli.app import main


@dataclass(frozen=True)
class Outcome:
    """What a shell sees of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def d2f_command(monkeypatch, capsys) -> Callable[..., Outcome]:
    """Call `d2f ARGUMENTS`; gives exit code, stdout and stderr."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["d2f", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return Outcome(int(stopped.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def photo_file(tmp_path: Path, photo_srgb: np.ndarray) -> Path:
    """The small photo as a lossless file."""
    path = tmp_path / "photo.png"
    Image.fromarray(photo_srgb).save(path)
    return path
