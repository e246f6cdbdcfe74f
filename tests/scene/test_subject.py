"""The subject is held in focus as a whole, and stands on its ground."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.scene.subject import ground_contact, held_disparity, subject_of

ROWS, COLS = 96, 128


def standing_subject(foot: int = 70) -> tuple[np.ndarray, np.ndarray]:
    """A ground that comes nearer downwards, and a subject on it that pops out."""
    ground = np.repeat(np.linspace(0, 1, ROWS, dtype=np.float32)[:, None], COLS, axis=1)
    subject = np.zeros((ROWS, COLS), np.float32)
    subject[20:foot, 50:70] = 1
    return np.where(subject > 0, np.float32(0.95), ground), subject


def test_the_ground_at_the_foot_is_found():
    """Its disparity is the ground's a little below the subject's lowest rows."""
    disparity, subject = standing_subject()
    contact = ground_contact(disparity, subject, far=0.95)
    assert contact == pytest.approx(70 / ROWS, abs=0.05)


CASES = ["cut by the border", "in the air", "on a wall", "among bushes", "nothing"]


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_ground_is_no_contact(case):
    """A bust, a bird before a far sky, a picture on a wall have none."""
    disparity, subject = standing_subject(ROWS if case == "cut by the border" else 70)
    if case == "in the air":
        disparity = np.where(subject > 0, disparity, disparity * np.float32(0.3))
    if case == "on a wall":
        disparity = np.where(subject > 0, disparity, disparity[::-1])
    if case == "among bushes":
        disparity[:70, :40] = 0.8
    if case == "nothing":
        subject = np.zeros_like(subject)
    assert ground_contact(disparity, subject, far=0.95) is None


def test_the_whole_subject_is_on_the_plane_of_focus():
    """Within its range, and under its map even outside of it."""
    disparity = np.array([[0.2, 0.7, 0.8, 0.9, 1.0]], np.float32)
    subject = np.array([[0.0, 1.0, 0.0, 0.0, 0.0]], np.float32)
    held = held_disparity(disparity, subject, at=0.85, subject_range=(0.9, 0.8))
    np.testing.assert_allclose(held, [[0.25, 0.85, 0.85, 0.85, 0.95]], atol=1e-6)


def test_the_ground_at_the_foot_is_in_focus_and_the_farthest_keeps_its_blur():
    """Beyond the contact the scene is stretched to the subject's own distance from the far."""
    disparity = np.array([[0.0, 0.2, 0.4, 0.6, 0.9, 1.0]], np.float32)
    held = held_disparity(disparity, None, at=0.85, subject_range=(0.9, 0.8), contact=0.4)
    np.testing.assert_allclose(held, [[0.05, 0.45, 0.85, 0.85, 0.85, 0.95]], atol=1e-6)


def test_the_subject_is_the_part_around_the_peak():
    """A second, smaller thing elsewhere is left out."""
    focus_map = np.zeros((ROWS, COLS), np.float32)
    focus_map[30:60, 30:60] = 1
    focus_map[70:76, 100:106] = 0.9
    subject, cell = subject_of(focus_map)
    assert subject[70:76, 100:106].max() == 0
    assert subject[30:60, 30:60].min() == 1
    assert 30 <= cell[0] < 60


def test_a_subject_of_another_size_is_refused():
    """Both sizes are told."""
    disparity = np.zeros((6, 8), np.float32)
    with pytest.raises(UsageError, match=r"\(3, 8\), disparity \(6, 8\)"):
        held_disparity(disparity, disparity[:3], at=0.5, subject_range=(0.6, 0.4))
