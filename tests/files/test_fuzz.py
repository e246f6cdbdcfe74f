"""Damaged files of every format: a sentence or a photo, never a trace, a hang or half a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from photo_samples import KINDS, Kind, needed

SCRIPT = Path(__file__).with_name("fuzz_photos.py")
SEED = 20
DEFAULT_KINDS = ("JPEG-u8", "PNG-u8", "TIFF-u8", "WEBP-u8", "AVIF-u10", "JXL-u8", "JP2-u8")
SHORT, LONG = 22, 60  # files of each kind: 154 by default, some 1 500 in the long run
SECONDS = 300


# Files that once ended in a crash or a trace, as format, seed and number.
FOUND = [
    (Kind("HEIC", "u8"), 21, 24),  # the library's reader of metadata blocks crashed
    (Kind("EXR", "f32"), 21, 24),  # an attribute whose name is no text
]


def fuzz(kind: Kind, count: int, folder: Path, seed: int = SEED, first: int = 0) -> str:
    """Run the script in a process of its own, so that a decoder's crash is told as one."""
    needed(kind)
    done = subprocess.run(
        [sys.executable, SCRIPT, str(kind), str(seed), str(count), folder, str(first)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.parametrize("kind", [kind for kind in KINDS if str(kind) in DEFAULT_KINDS], ids=str)
def test_damaged_files_end_in_a_sentence_or_a_photo(kind, tmp_path):
    """Seeded damage of common formats, read and written again."""
    said = fuzz(kind, SHORT, tmp_path)
    assert int(said.split()[0]) > 0  # some damage is always noticed


@pytest.mark.parametrize(("kind", "seed", "number"), FOUND, ids=str)
def test_what_once_crashed_no_longer_does(kind, seed, number, tmp_path):
    """Made again from their seeds, since the files themselves are nothing to keep."""
    fuzz(kind, number + 1, tmp_path, seed=seed, first=number)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_many_damaged_files_of_every_format(kind, tmp_path):
    """The same with every format and depth, and more of it."""
    fuzz(kind, LONG, tmp_path, seed=SEED + 1)
