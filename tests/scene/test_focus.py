"""The choice of focus: subjects, rings, points, and pictures without a subject."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.scene import choose_focus

ROWS, COLS = 90, 120


def disc(row: float, col: float, radius: float) -> np.ndarray:
    """A mask of a disc on the small map."""
    rows, cols = np.mgrid[:ROWS, :COLS]
    return np.hypot(rows - row, cols - col) < radius


def full(small: np.ndarray) -> np.ndarray:
    """The same map four times as large."""
    return small.repeat(4, 0).repeat(4, 1).astype(np.float32)


def test_focus_lies_on_the_subject():
    """One clear subject before a far wall: its disparity, its place, and no doubt."""
    subject = disc(40, 80, 15)
    focus = choose_focus(full(np.where(subject, 0.7, 0.1)), subject.astype(np.float32))
    assert focus.disparity == np.float32(0.7)
    assert subject[int(focus.point[1] * ROWS), int(focus.point[0] * COLS)]
    assert focus.certainty == "sure"
    assert focus.subject_range == (np.float32(0.7), np.float32(0.7))


def test_of_two_subjects_the_stronger_is_in_focus_not_their_middle():
    """Two people at two distances: the plane of focus goes through one of them."""
    strong, weak = disc(45, 30, 14), disc(45, 90, 12)
    focus_map = np.where(strong, 1.0, np.where(weak, 0.8, 0.0)).astype(np.float32)
    disparity = full(np.where(strong, 0.4, np.where(weak, 0.9, 0.0)))
    focus = choose_focus(disparity, focus_map)
    assert focus.disparity == np.float32(0.4)
    assert focus.point[0] < 0.5


def test_focus_on_a_ring_is_not_in_its_hole():
    """A wreath: its middle shows the wall behind it, which is not in focus."""
    ring = disc(45, 60, 20) & ~disc(45, 60, 7)
    focus_map = ring.astype(np.float32)
    focus = choose_focus(full(np.where(ring, 0.6, 0.05)), focus_map)
    assert ring[int(focus.point[1] * ROWS), int(focus.point[0] * COLS)]
    assert focus.disparity == np.float32(0.6)


def test_soft_borders_of_the_focus_map_do_not_pull_the_focus_off_the_subject():
    """A blurred focus map covers some of the wall; the weighted median stays on the subject."""
    subject = disc(45, 60, 18)
    rows, cols = np.mgrid[:ROWS, :COLS]
    soft = np.clip((26 - np.hypot(rows - 45, cols - 60)) / 12, 0, 1).astype(np.float32)
    focus = choose_focus(full(np.where(subject, 0.8, 0.2)), soft)
    assert focus.disparity == np.float32(0.8)


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_without_a_subject_only_the_foreground_softens(level):
    """An empty or an evenly dim map is no subject; the middle and all beyond it is in focus."""
    ground = np.linspace(0, 1, ROWS)[:, None] * np.ones((1, COLS))
    focus = choose_focus(full(ground), np.full((ROWS, COLS), level, np.float32))
    assert focus.certainty == "no subject"
    assert focus.disparity == pytest.approx(0.5, abs=0.02)
    assert focus.subject_range == (focus.disparity, 0.0)


def test_a_dim_map_tells_what_the_picture_is_about():
    """Faint hills are in focus, though sky fills the picture and a post at its border shines."""
    hills, post = np.zeros((ROWS, COLS), bool), np.zeros((ROWS, COLS), bool)
    hills[30:50], post[40:50, :3] = True, True
    focus_map = np.where(post, 0.9, np.where(hills, 0.1, 0)).astype(np.float32)
    focus = choose_focus(full(np.where(post, 0.9, np.where(hills, 0.3, 0))), focus_map)
    assert focus.certainty == "no subject"
    assert focus.disparity == np.float32(0.3)


@pytest.mark.parametrize("point", [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0.3337, 0.72)])
def test_a_point_gives_the_disparity_of_that_very_pixel(point):
    """At edges too: the defocus there is 0, not that of a mean of two sides."""
    disparity = np.random.default_rng(0).random((61, 83), np.float32)
    focus = choose_focus(disparity, np.zeros((9, 9), np.float32), point=point)
    row, col = min(int(point[1] * 61), 60), min(int(point[0] * 83), 82)
    assert focus.disparity == disparity[row, col]
    assert focus.point == point
    assert focus.certainty == "sure"


@pytest.mark.parametrize("point", [(1.2, 0.5), (0.5, -0.1), (float("nan"), 0.5)])
def test_a_point_outside_the_photo_is_refused(point):
    """The message tells the point and the range."""
    with pytest.raises(UsageError, match=r"outside.*0\.\.1"):
        choose_focus(np.zeros((8, 8), np.float32), np.zeros((4, 4), np.float32), point=point)
