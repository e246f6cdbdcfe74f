"""The choice of focus: subjects, rings, points, and pictures without a subject."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.scene import choose_focus
from d2f.settings import FocusSettings
from d2f.settings.choices import settings_from_choices

ROWS, COLS = 90, 120


def disc(row: float, col: float, radius: float) -> np.ndarray:
    """A mask of a disc on the small map."""
    rows, cols = np.mgrid[:ROWS, :COLS]
    return np.hypot(rows - row, cols - col) < radius


def wish(choice: object) -> FocusSettings:
    """What a user's word for the focus means."""
    return settings_from_choices(focus=choice).focus


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
    focus = choose_focus(disparity, np.zeros((9, 9), np.float32), wish=wish(point))
    row, col = min(int(point[1] * 61), 60), min(int(point[0] * 83), 82)
    assert focus.disparity == disparity[row, col]
    assert focus.point == point
    assert focus.certainty == "sure"


@pytest.mark.parametrize("box", [(0.25, 0.25, 0.5, 0.5), (0, 0, 1, 1), (0.99, 0.99, 0.01, 0.01)])
def test_the_range_of_a_box_is_kept_sharp(box):
    """All disparities in the box lie in the range, its median is the plane; specks are left out."""
    disparity = np.tile(np.linspace(0, 1, 400, dtype=np.float32), (300, 1))
    disparity[150, 200] = 7
    focus = choose_focus(disparity, np.zeros((30, 40), np.float32), wish=wish(box))
    near, far = focus.subject_range
    assert near == pytest.approx(min(box[0] + box[2], 1), abs=0.03)
    assert far == pytest.approx(box[0], abs=0.03)
    assert focus.disparity == pytest.approx(box[0] + box[2] / 2, abs=0.01)
    assert focus.point == (box[0] + box[2] / 2, box[1] + box[3] / 2)


def test_nearest_and_farthest_are_no_specks():
    """A wrong cell in a hundred is passed over, a post of three in a hundred is not."""
    small = np.full((ROWS, COLS), 0.5, np.float32)
    small[:30], small[40:44, 10:80] = 0.1, 0.9
    small[0, :60], small[89, :60] = 0, 1
    disparity, focus_map = full(small), np.zeros((ROWS, COLS), np.float32)
    nearest = choose_focus(disparity, focus_map, wish=wish("nearest"))
    farthest = choose_focus(disparity, focus_map, wish=wish("farthest"))
    assert nearest.disparity == np.float32(0.9)
    assert nearest.subject_range == (1.0, np.float32(0.9))
    assert farthest.disparity == np.float32(0.1)
    assert farthest.subject_range == (np.float32(0.1), 0.0)


def test_a_distance_is_its_disparity():
    """On metric depth without a note; told where nothing lies so far away."""
    disparity = np.tile(np.linspace(0.2, 1, 40, dtype=np.float32), (30, 1))
    focus_map = np.zeros((30, 40), np.float32)
    focus = choose_focus(disparity, focus_map, wish=wish("2.5m"), metric=True)
    assert (focus.disparity, focus.note) == (0.4, None)
    assert disparity[0, int(focus.point[0] * 40)] == pytest.approx(0.4, abs=0.02)
    beyond = choose_focus(disparity, focus_map, wish=wish("8 m"), metric=True)
    assert beyond.note == "nothing lies 8 m away: the photo goes from 1 m to 5 m"


def test_a_distance_on_relative_depth_is_an_assumption_that_is_told():
    """The nearest thing counts as 1 m away, and nothing is nearer."""
    disparity = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (30, 1))
    focus_map = np.zeros((30, 40), np.float32)
    focus = choose_focus(disparity, focus_map, wish=wish("4m"))
    assert focus.disparity == 0.25
    assert "counts as 1 m" in focus.note
    with pytest.raises(UsageError, match=r"0\.5 m needs metric depth"):
        choose_focus(disparity, focus_map, wish=wish("0.5m"))


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ((1.2, 0.5), "point lies outside"),
        ((0.5, -0.1), "point lies outside"),
        ("nan,0.5", "point lies outside"),
        ((0.5, 0.5, 0.6, 0.1), "reaches beyond"),
        ((-0.1, 0.5, 0.6, 0.1), "box lies outside"),
        ("0.5,0.5,nan,0.1", "box lies outside"),
        ((0.5, 0.5, 0, 0.1), "box is empty"),
        ("0.5,0.5,0.1,-0.1", "box is empty"),
        ("-2m", "above 0"),
        ("0m", "above 0"),
        ("nanm", "above 0"),
        ("1e9m", "up to 10000m"),
        ("twom", "give auto, face"),
        ("nose", "give auto, face"),
        ("1,2,3", "give auto, face"),
        (3, "give auto, face"),
        ({}, "give auto, face"),
    ],
)
def test_a_focus_that_makes_no_sense_is_refused(choice, words):
    """One sentence with the choice and the way out."""
    with pytest.raises(UsageError, match=words):
        wish(choice)


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "box"},
        {"mode": "auto", "point": (0.5, 0.5)},
        {"mode": "distance", "box": (0, 0, 1, 1)},
        {"mode": "box", "box": (0.5, 0.5, 0.6, 0.1)},
        {"mode": "distance", "distance_m": 0},
    ],
)
def test_fields_that_do_not_belong_together_are_refused(fields):
    """As they may stand in a file of settings."""
    with pytest.raises(ValueError, match=r"together|reaches beyond|greater than 0"):
        FocusSettings(**fields)


@pytest.mark.parametrize(
    ("disparity", "focus_map", "sharpness", "words"),
    [
        (np.zeros((0, 9), "f4"), np.zeros((4, 4), "f4"), None, r"disparity is .*\(0, 9\)"),
        (np.zeros((9, 9, 1), "f4"), np.zeros((4, 4), "f4"), None, r"disparity is .*\(9, 9, 1\)"),
        (np.full((9, 9), np.nan, "f4"), np.zeros((4, 4), "f4"), None, "disparity holds NaN"),
        (np.zeros((9, 9), "f4"), np.zeros((4, 4), bool), None, "focus_map is bool"),
        (np.zeros((9, 9), "f4"), np.full((4, 4), np.nan, "f4"), None, "focus_map holds NaN"),
        (np.zeros((9, 9), "f4"), np.zeros((4, 4), "f4"), np.zeros((3, 4), "f4"), "in one size"),
    ],
)
def test_what_is_no_map_is_refused(disparity, focus_map, sharpness, words):
    """Nothing, another type, NaN, another size."""
    with pytest.raises(UsageError, match=words):
        choose_focus(disparity, focus_map, sharpness=sharpness)
