"""The published model, judged on pairs: a narrow copy with weights of chance stands in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from d2f.evaluate.pairs.command import PairsPlan, run_pairs  # noqa: E402
from d2f.evaluate.pairs.networks import published_from  # noqa: E402
from d2f.files import read_photo  # noqa: E402
from d2f.measures.pairs import csv_pairs  # noqa: E402
from d2f.models.d2f2023 import D2F2023, NARROW  # noqa: E402
from d2f.published.stages import published_stages  # noqa: E402


@pytest.fixture(scope="module")
def place(tmp_path_factory, photo_srgb) -> Path:
    """A pair, its table, and weights."""
    folder = tmp_path_factory.mktemp("published")
    Image.fromarray(photo_srgb).save(folder / "a.png")
    Image.fromarray(photo_srgb // 2).save(folder / "b.png")
    (folder / "pairs.csv").write_text("photo,target\na.png,b.png\n", encoding="utf-8")
    torch.manual_seed(1)
    safetensors.save_file(D2F2023(**NARROW).state_dict(), folder / "narrow.safetensors")
    return folder


def test_its_output_is_that_of_the_published_inference(place):
    """Not rounded, and with no choices to fit."""
    (pair,) = csv_pairs(place / "pairs.csv")
    method = published_from(place / "narrow.safetensors")
    opened = method.open(pair, read_photo(pair.all_in_focus))
    pixels = np.asarray(Image.open(pair.all_in_focus), np.float32) / np.float32(255)
    image = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())
    expected = published_stages(method.model, image).output[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(opened.draw(), expected)
    assert opened.focus_count == 0


def test_it_is_a_row_of_the_table(place):
    """Method and weights are given together."""
    plan = PairsPlan(
        table=place / "pairs.csv", methods=("d2f2023",), weights=place / "narrow.safetensors"
    )
    assert "\nd2f2023 " in run_pairs(plan, on_progress=lambda _: None)
