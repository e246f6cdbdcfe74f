"""Golden pictures: what the renderer makes of small scenes stays as it was looked at."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

_spec = importlib.util.spec_from_file_location("scenes", Path(__file__).with_name("scenes.py"))
scenes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scenes)

# Relative to 1 + the stored radiance; float16 holds 11 bits. Worst seen 0: same bytes here.
WORST, NEARLY_ALL, LIMIT, SHARE_BEYOND = 0.02, 0.004, 0.002, 0.002


@pytest.mark.parametrize("name", scenes.SCENES)
def test_golden_picture(name):
    """Worst pixel, 99.9th percentile, and share of pixels beyond a limit."""
    golden = np.load(scenes.GOLDENS)[name].astype(np.float32)
    actual = scenes.render(name).astype(np.float32)
    difference = np.abs(actual - golden) / (1 + golden)
    assert difference.max() <= WORST
    assert np.quantile(difference, 0.999) <= NEARLY_ALL
    assert (difference > LIMIT).mean() <= SHARE_BEYOND


def test_every_golden_has_a_scene():
    """Nothing is stored that nobody draws."""
    assert set(np.load(scenes.GOLDENS).files) == set(scenes.SCENES)
