"""The table of formats: complete, told in the docs, and refused with the line that installs."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from photo_samples import KINDS, sample

from d2f import files
from d2f.errors import MissingPartError
from d2f.files.formats import FORMATS, sniff

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_formats_is_made_from_the_table():
    """Run docs/make_formats.py where this fails."""
    spec = importlib.util.spec_from_file_location("make_formats", DOCS / "make_formats.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "formats.md").read_text(encoding="utf-8") == module.page()


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_every_row_has_its_module(row):
    """A reader for every format, a writer for every one that is written."""
    module = importlib.import_module(f"d2f.files.containers.{row.module}")
    assert callable(module.read)
    assert hasattr(module, "encoded") == bool(row.writes)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_files_are_recognised_by_content(kind):
    """Whatever their name."""
    assert sniff(sample(kind), "photo.txt").name == kind.format


@pytest.mark.parametrize("row", [row for row in FORMATS if row.to_read], ids=lambda row: row.name)
def test_a_missing_extra_is_told_with_the_line_that_installs_it(row, monkeypatch, tmp_path):
    """Reading and writing refuse before any work is done."""
    for part in (row.to_read, row.to_write):
        if part is not None:
            monkeypatch.setitem(sys.modules, part[0], None)
    heads = {"JXL": b"\xff\x0a", "EXR": b"\x76\x2f\x31\x01", "RAW": b"IIU\0",
             "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"}  # fmt: skip
    with pytest.raises(MissingPartError, match=rf'pip install "d2f\[{row.to_read[1]}\]"'):
        files.photo_from_bytes(heads[row.name])
    if row.to_write is not None:
        photo = files.photo_from_array(np.zeros((16, 16, 3), np.uint8))
        with pytest.raises(MissingPartError, match=rf'pip install "d2f\[{row.to_write[1]}\]"'):
            files.check_output(photo, tmp_path / f"a{row.suffixes[0]}")
