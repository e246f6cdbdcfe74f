"""Candidates for the focus, and focus on a face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.scene import choose_focus, subjects_of
from d2f.settings import FocusSettings

ROWS, COLS = 90, 120
FACE = FocusSettings(mode="face")


@dataclass(frozen=True)
class Face:
    """A face as a detector gives it."""

    box: tuple[float, float, float, float]
    score: float
    eyes: tuple[tuple[float, float], tuple[float, float]]


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Disparity and focus map of a person on the left, a dog on the right, before a far wall."""
    rows, cols = np.mgrid[:ROWS, :COLS]
    person = (np.hypot(rows - 20, cols - 30) < 10) | ((rows > 28) & (abs(cols - 30) < 14))
    dog = np.hypot(rows - 70, cols - 90) < 12
    disparity = np.where(person, 0.6, np.where(dog, 0.8, 0.1)) + 0.001 * cols / COLS
    focus_map = np.where(person, 1.0, np.where(dog, 0.7, 0.0)).astype(np.float32)
    return disparity.repeat(4, 0).repeat(4, 1).astype(np.float32), focus_map


HEAD = Face((0.17, 0.11, 0.16, 0.22), 0.9, ((0.22, 0.2), (0.28, 0.2)))
BYSTANDER = Face((0.8, 0.1, 0.04, 0.06), 0.95, ((0.81, 0.12), (0.83, 0.12)))


def test_every_region_is_a_candidate_best_first():
    """The person, then the dog, each with its box, a point on it and its disparity."""
    disparity, focus_map = scene()
    person, dog = subjects_of(disparity, focus_map)
    assert person.kind == dog.kind == "subject"
    assert person.score > dog.score
    np.testing.assert_allclose(dog.box, (79 / COLS, 59 / ROWS, 23 / COLS, 23 / ROWS), atol=0.01)
    assert (person.disparity, dog.disparity) == pytest.approx((0.6, 0.8), abs=0.002)
    for subject in (person, dog):
        x, y = subject.point
        assert focus_map[int(y * ROWS), int(x * COLS)] > 0


def test_faces_are_candidates_by_their_score():
    """With the nearer eye as their point, their box cut at the border."""
    disparity, focus_map = scene()
    cut = Face((-0.05, 0.11, 0.16, 0.22), 0.9, ((-0.01, 0.2), (0.28, 0.2)))
    found = subjects_of(disparity, focus_map, [cut])
    assert [subject.kind for subject in found] == ["subject", "face", "subject"]
    assert found[1].box == pytest.approx((0, 0.11, 0.11, 0.22))
    assert found[1].point == (0.28, 0.2)


def test_an_empty_focus_map_has_no_candidates():
    """Nor has a map of specks."""
    disparity, focus_map = scene()
    assert subjects_of(disparity, np.zeros_like(focus_map)) == ()
    speck = np.zeros_like(focus_map)
    speck[40, 40] = 1
    assert subjects_of(disparity, speck) == ()


def test_what_is_no_map_has_none():
    """A batch of maps, or an empty one."""
    disparity, focus_map = scene()
    for maps in ((disparity[None], focus_map), (disparity, focus_map[:0])):
        with pytest.raises(UsageError, match=r"give float32 \(H, W\)"):
            subjects_of(*maps)


def test_a_candidate_is_ready_for_json():
    """Lists and rounded numbers."""
    summary = subjects_of(*scene())[0].summary()
    assert summary["kind"] == "subject"
    assert [type(value) for value in (summary["box"], summary["point"])] == [list, list]


def test_focus_on_a_face_lies_on_its_nearer_eye_and_keeps_the_person_sharp():
    """The plane is the eye's, the range the whole subject's that the face belongs to."""
    disparity, focus_map = scene()
    disparity[60:90, 120:150] += 0.05
    focus = choose_focus(disparity, focus_map, wish=FACE, faces=[BYSTANDER, HEAD])
    assert focus.point == (0.28, 0.2)
    assert focus.disparity == pytest.approx(0.65, abs=0.002)
    near, far = focus.subject_range
    assert near >= focus.disparity
    assert far == pytest.approx(0.6, abs=0.002)
    assert focus.on_subject
    assert "of 2" in focus.reason


def test_a_face_beside_the_subject_is_in_focus_alone():
    """Someone before the far wall: the person in front is not held in focus with it."""
    disparity, focus_map = scene()
    focus = choose_focus(disparity, focus_map, wish=FACE, faces=[BYSTANDER])
    assert not focus.on_subject
    assert focus.subject_range == pytest.approx((0.1, 0.1), abs=0.002)


def test_no_face_is_told():
    """One sentence, with other ways to focus."""
    disparity, focus_map = scene()
    with pytest.raises(UsageError, match=r"no face was found.*X,Y"):
        choose_focus(disparity, focus_map, wish=FACE)
