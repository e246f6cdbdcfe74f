"""What is told when focus, depth or the photo itself give reason to doubt."""

from __future__ import annotations

import re

import numpy as np
import pytest

from d2f.scene import View, choose_focus, warnings_of
from d2f.scene.doubts import depth_agreement, is_shallow
from d2f.settings import FocusSettings

ROWS, COLS = 90, 120


def disc(row: float, col: float, radius: float) -> np.ndarray:
    """A mask of a disc on the small map."""
    rows, cols = np.mgrid[:ROWS, :COLS]
    return (np.hypot(rows - row, cols - col) < radius).astype(np.float32)


def view_of(focus_map: np.ndarray, **fields: object) -> View:
    """A view of a flat scene with this focus map."""
    return View(
        disparity=np.full((ROWS * 2, COLS * 2), 0.5, np.float32),
        focus_map=focus_map,
        sharpness=None,
        subject=None,
        metric=False,
        source="model",
        **fields,
    )


def told(view: View, wish: FocusSettings | None = None) -> tuple[str, ...]:
    """The warnings about a view."""
    focus = choose_focus(view.disparity, view.focus_map, wish=wish)
    return warnings_of(view, focus, automatic=wish is None)


ONE = disc(45, 60, 15)


def test_a_clear_subject_gives_no_warning():
    """Also where the mirrored photo says the same."""
    assert told(view_of(ONE)) == ()
    assert told(view_of(ONE, mirrored_focus_map=ONE, depth_agreement=0.99)) == ()


@pytest.mark.parametrize(
    ("focus_map", "mirrored", "words"),
    [
        (0.9 * ONE, None, "only faintly"),
        (0.3 * ONE, None, "no subject stands out"),
        (ONE, disc(45, 20, 15), "mirrored and larger, has another"),
        (np.maximum(disc(45, 30, 15), 0.9 * disc(45, 95, 14)), None, r"0\.80,0\.51"),
    ],
    ids=["faint", "none", "mirrored", "two"],
)
def test_an_ambiguous_focus_is_told_with_its_reason(focus_map, mirrored, words):
    """But not where the user chose it."""
    view = view_of(focus_map.astype(np.float32), mirrored_focus_map=mirrored)
    (warning,) = told(view)
    assert warning.startswith("focus is ambiguous: ")
    assert re.search(words, warning)
    assert told(view, FocusSettings(mode="point", point=(0.5, 0.5))) == ()


def test_notes_of_the_focus_and_doubts_about_the_photo_are_told():
    """A distance on relative depth, a shallow photo, depth that changes with the mirror."""
    view = view_of(ONE, shallow=True, depth_agreement=0.8)
    note, shallow, depth = told(view, FocusSettings(mode="distance", distance_m=2))
    assert "counts as 1 m" in note
    assert "already shallow" in shallow
    assert "depth is unsure" in depth


def test_depth_that_agrees_up_to_scale_and_shift_agrees():
    """Flat maps agree, opposite ones do not."""
    ramp = np.tile(np.linspace(0, 1, COLS, dtype=np.float32), (ROWS, 1))
    assert depth_agreement(ramp, 0.5 * ramp + 0.2) == pytest.approx(1)
    assert depth_agreement(ramp, 1 - ramp) == pytest.approx(-1)
    assert depth_agreement(0 * ramp, ramp) == 1
    assert depth_agreement(ramp, None) is None


def test_a_sharp_subject_before_blur_is_shallow_and_a_sharp_scene_is_not():
    """Texture everywhere, or on the subject alone; one that fills the photo says nothing."""
    rng = np.random.default_rng(0)
    sharp = rng.integers(60, 200, (ROWS * 4, COLS * 4, 3), dtype=np.uint8)
    mask = (ONE > 0).repeat(4, 0).repeat(4, 1)[..., None]
    shallow = np.where(mask, sharp, 120).astype(np.uint8)
    assert is_shallow(shallow, ONE)
    assert not is_shallow(sharp, ONE)
    assert not is_shallow(shallow, np.ones_like(ONE))
    assert not is_shallow(shallow, np.zeros_like(ONE))


def test_a_model_that_sees_a_sharp_but_plain_background_is_believed():
    """No detail is no proof of blur."""
    rng = np.random.default_rng(0)
    inside = np.kron(ONE, np.ones((6, 6)))[..., None] > 0.5
    photo = np.where(inside, rng.integers(0, 256, (*inside.shape[:2], 3)), 128).astype(np.uint8)
    assert is_shallow(photo, ONE, ONE)
    assert not is_shallow(photo, ONE, np.ones_like(ONE))
