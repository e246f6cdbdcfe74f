"""The structure held by tests: import contracts, the public face, what stays unimported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import d2f

ROOT = Path(__file__).resolve().parents[1]


def test_import_contracts():
    """Imports point only downwards (contracts in pyproject.toml)."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    result = subprocess.run(
        [*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def test_public_face_is_complete_and_sorted():
    """`d2f.__all__` is sorted, and every name in it can be had."""
    assert list(d2f.__all__) == sorted(d2f.__all__)
    for name in d2f.__all__:
        assert getattr(d2f, name) is not None


def test_rendering_imports_no_torch(tmp_path, photo_srgb):
    """The runtime needs no torch: a whole render leaves it unimported."""
    program = (
        "import sys, numpy as np, d2f\n"
        "picture = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)\n"
        "d2f.render(picture)\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)


def test_import_is_light():
    """`import d2f` alone loads neither numpy nor the extension."""
    program = (
        "import sys, d2f; assert not {'numpy', 'pydantic', 'PIL', 'd2f._native'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
