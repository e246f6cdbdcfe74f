"""What a collection of photos says about itself, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from d2f.errors import PhotoError
from d2f.measures.collection import depth_codes, index_rows, is_validation, opened


def test_the_split_is_by_the_name_of_the_scene():
    """One scene in ten is kept back, always the same ones."""
    kept = [scene for scene in map(str, range(1000)) if is_validation(scene)]
    assert 70 < len(kept) < 130
    assert is_validation(kept[0])
    assert not is_validation("aims_lab")


def test_rows_are_found_by_name(tmp_path):
    """A column that a row lacks is empty, and a folder without index.csv has no rows."""
    assert index_rows(tmp_path) == {}
    (tmp_path / "index.csv").write_text("name,scene\na,street\nb\n", encoding="utf-8")
    rows = index_rows(tmp_path)
    assert rows["a"] == {"name": "a", "scene": "street"}
    assert rows["b"]["scene"] == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"photo,scene\na,b\n", "no column 'name'"), (b"name\n\xff\xfe\n", "is no table")],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, content, words):
    """The message names the file and what to do."""
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(PhotoError, match=rf"index\.csv.*{words}"):
        index_rows(tmp_path)


def test_missing_and_damaged_pictures_are_refused(tmp_path):
    """Also where damage shows only when the pixels are read."""
    with pytest.raises(PhotoError, match="leave it out or replace it"), opened(tmp_path / "a.png"):
        pass
    whole = tmp_path / "whole.png"
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(PhotoError, match=r"cut\.png"), opened(tmp_path / "cut.png") as image:
        image.load()


def test_a_table_that_begins_with_a_byte_order_mark_is_read(tmp_path):
    """As spreadsheets write CSV in UTF-8."""
    (tmp_path / "index.csv").write_text("name,scene\na,hall\n", encoding="utf-8-sig")
    assert index_rows(tmp_path) == {"a": {"name": "a", "scene": "hall"}}


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 2), (4, 6, 3)])
def test_maps_of_less_than_16_bit_grey_are_refused(tmp_path, shape):
    """Their codes would say that all is far away."""
    Image.fromarray(np.full(shape, 200, np.uint8)).save(tmp_path / "map.png")
    with pytest.raises(PhotoError, match=r"map\.png is of uint8.*16 bit grey"):
        depth_codes(tmp_path / "map.png")
