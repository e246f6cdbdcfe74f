"""The fit of the lamp model: what it learns, and what it writes down."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.light.lamp_model import FEATURES
from d2f.train import highlights
from d2f.train.lamps import lamp_scene


def lamps(count):
    """Blobs of generated scenes: lamps on a dim ground."""
    rng = np.random.default_rng(3)
    ground = np.full((120, 160, 3), 0.02, np.float32)
    return [highlights.gather_blobs(lamp_scene(ground, rng), rng) for _ in range(count)]


def test_the_fit_learns_how_bright_lamps_were():
    """On the scenes it has seen, it errs less than their mean does."""
    rows = lamps(12)
    model = highlights.fit(rows, seed=0, steps=150)
    features, light, _ = (np.concatenate(part) for part in zip(*rows, strict=True))
    lit = light.max(axis=1) > highlights.LAMP_LOG2
    assert lit.sum() > 50
    guess, lamp = model(features)
    error = np.abs(guess - light)[lit].mean()
    assert error < 0.8 * np.abs(light[lit] - light[lit].mean(axis=0)).mean()
    assert lamp[lit].mean() > lamp[~lit].mean()


def test_the_written_model_names_no_folder_and_has_short_numbers(tmp_path, monkeypatch):
    """Placeholders for where the pictures lay, and four decimals for every number."""
    oiio = pytest.importorskip("OpenImageIO", reason='EXR needs pip install "d2f[vfx]"')
    monkeypatch.setattr(highlights, "SCENES", 2)
    rng = np.random.default_rng(0)
    ground = rng.uniform(0.01, 0.05, (120, 160, 3)).astype(np.float32)
    buffer = oiio.ImageBuf(lamp_scene(ground, rng))
    assert buffer.write(str(tmp_path / "night.exr"))
    day = rng.integers(100, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(day).save(tmp_path / "day.jpg")
    written = tmp_path / "model.json"
    monkeypatch.setattr(sys, "argv", ["fit", str(tmp_path), str(tmp_path), "-o", str(written)])
    highlights.main()
    text = written.read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert "HDR_FOLDER DAYLIGHT_FOLDER --seed 0" in text
    assert tuple(json.loads(text)["features"]) == FEATURES
    assert not re.search(r"\d\.\d{5}", text)
