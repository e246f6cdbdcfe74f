"""The structure held by tests: import contracts, the public face, what stays unimported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

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


def modules_after(*words: object) -> set[str]:
    """What a run of the command line has imported when it ends well."""
    program = (
        "import json, sys\n"
        "from d2f.cli.app import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    command = [sys.executable, "-c", program, *map(str, words)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_load_nothing_that_works_on_photos(word):
    """They answer at once: no arrays, settings, pictures or networks."""
    heavy = {"numpy", "pydantic", "PIL", "onnxruntime", "rich", "d2f.files", "d2f.settings"}
    assert not heavy & modules_after(word)


def test_a_plain_render_loads_only_what_it_uses(tmp_path, photo_srgb):
    """A JPEG to a JPEG: other formats, embedded depth, sidecars and the network's modules wait."""
    Image.fromarray(photo_srgb).save(tmp_path / "a.jpg")
    heavy = {
        *("torch", "transformers", "fastapi", "uvicorn", "rich", "imagecodecs", "tifffile"),
        *("xml.sax", "urllib.request", "http.client", "ssl", "PIL.WebPImagePlugin"),
        *("d2f.sidecar", "d2f.c2pa_actions", "d2f.web", "d2f.published.stages"),
        *(f"d2f.files.{part}" for part in ("describe", "embed_depth", "heif_depth", "heif_items")),
    }
    assert not heavy & modules_after("render", tmp_path / "a.jpg", "-q")
