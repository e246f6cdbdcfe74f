"""Previews: the full picture made smaller, at the cost of a small one."""

from __future__ import annotations

import numpy as np
import pytest

from d2f import files
from d2f.pipeline import Session
from d2f.preview import PreviewSession
from d2f.settings import Settings

MEAN_TOL = 1.5  # codes of 255; worst seen 0.95: edges of single pixels differ
WIDE = Settings.model_validate({"lens": {"f_number": 2.0}})


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A bright disc before a striped wall, 480 x 640."""
    rows, cols = np.mgrid[:480, :640]
    wall = 90 + 40 * np.sin(cols / 15)[..., None] * np.array([1, 0.8, 0.6])
    near = ((rows - 280) ** 2 + (cols - 320) ** 2 < 130**2)[..., None]
    return np.where(near, np.array([210.0, 180.0, 150.0]), wall).astype(np.uint8)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_a_preview_is_the_full_picture_made_smaller(picture, kind):
    """Of photos of every depth; focus and f-number are the same."""
    if kind == "uint16":
        picture = picture.astype(np.uint16) * 257
    if kind == "float32":
        picture = ((picture / 255) ** 2.2).astype(np.float32)
    whole = Session(files.photo_from_array(picture))
    full, small = whole.render_with_maps(WIDE), PreviewSession(whole, 320).render_with_maps(WIDE)
    assert small.photo.pixels.shape == (240, 320, 3)
    assert small.photo.pixels.dtype == picture.dtype
    assert (small.focus, small.f_number) == (full.focus, full.f_number)
    scale = {"uint8": 1.0, "uint16": 257.0, "float32": 1 / 255}[kind]
    reduced = full.photo.pixels.reshape(240, 2, 320, 2, 3).mean(axis=(1, 3))
    assert np.abs(reduced - small.photo.pixels).mean() / scale < MEAN_TOL


def test_a_small_photo_keeps_its_size_and_every_pixel(picture):
    """A preview larger than the photo is the full render."""
    whole = Session(files.photo_from_array(picture))
    preview = PreviewSession(whole, 4000).render_with_maps(WIDE)
    assert np.array_equal(preview.photo.pixels, whole.render_with_maps(WIDE).photo.pixels)


def test_blur_radii_follow_the_size(picture):
    """Half the size, half the radius in pixels."""
    whole = Session(files.photo_from_array(picture))
    full, small = whole.render_with_maps(WIDE), PreviewSession(whole, 320).render_with_maps(WIDE)
    assert float(small.defocus_px.min()) == pytest.approx(float(full.defocus_px.min()) / 2, rel=0.1)


def test_a_preview_leaves_the_full_session_as_it_was(picture):
    """The same bytes before and after."""
    whole = Session(files.photo_from_array(picture))
    before = whole.render_with_maps(WIDE).photo.pixels
    PreviewSession(whole, 100).render_with_maps(WIDE)
    assert np.array_equal(before, whole.render_with_maps(WIDE).photo.pixels)
