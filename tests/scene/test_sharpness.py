"""Where a photo is sharp already."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.scene import choose_focus
from d2f.scene.sharpness import sharp_parts


def half_sharp(rows: int = 120, cols: int = 160) -> np.ndarray:
    """Fine texture on the left, the same texture blurred on the right."""
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (rows, cols)).astype(np.float64)
    blurred = texture.copy()
    for axis in (0, 1):
        blurred = sum(np.roll(blurred, step, axis) for step in range(-4, 5)) / 9
    picture = np.where(np.arange(cols) < cols / 2, texture, blurred)
    return np.repeat(picture.astype(np.uint8)[..., None], 3, axis=2)


def test_fine_texture_is_sharp_and_blurred_texture_is_not():
    """The map is high on the left, zero on the right."""
    sharpness = sharp_parts(half_sharp(), (30, 40))
    assert sharpness.shape == (30, 40)
    assert sharpness[:, :15].min() > 0.3
    assert sharpness[:, 25:].max() == 0


@pytest.mark.parametrize("size", [(16, 16), (17, 301), (1300, 40)])
def test_any_size_gives_finite_shares(size):
    """Tiny and long photos, flat ones included."""
    flat = np.full((*size, 3), 77, np.uint8)
    sharpness = sharp_parts(flat, (8, 8))
    assert np.isfinite(sharpness).all()
    assert (sharpness >= 0).all()
    assert (sharpness <= 1).all()


def test_without_a_subject_what_is_sharp_stays_sharp():
    """The near limit of focus lies at what is sharp already, and all beyond it is in focus."""
    disparity = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (30, 1))
    dim = np.zeros((30, 40), np.float32)
    sharpness = np.zeros((30, 40), np.float32)
    sharpness[:, 10:14] = 1
    focus = choose_focus(disparity, dim, sharpness=sharpness)
    assert focus.certainty == "no subject"
    near, far = focus.subject_range
    assert disparity[0, 12] <= near <= disparity[0, 15]
    assert far == disparity.min()
