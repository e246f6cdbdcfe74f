"""The face detector on a real portrait, on pictures without faces, and on bad files."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from d2f.errors import MissingPartError, PhotoError
from d2f.models.faces import WEIGHTS, FaceDetector

data = pytest.importorskip("skimage.data", reason="needs scikit-image's astronaut and cat")

FACE = (0.335, 0.129, 0.215, 0.215)  # of the astronaut, by hand within 0.02
EYES = ((0.40, 0.198), (0.485, 0.204))


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    """The detector in the package."""
    return FaceDetector.load()


def test_one_face_is_found_where_it_is(detector):
    """The astronaut's: box and eyes within 2 % of the picture."""
    (face,) = detector.detect(data.astronaut())
    np.testing.assert_allclose(face.box, FACE, atol=0.02)
    np.testing.assert_allclose(face.eyes, EYES, atol=0.02)
    assert face.score > 0.9


def test_a_small_face_in_a_wide_picture_is_found(detector):
    """Fifteen per cent of the width, at the right of a black panorama."""
    picture = np.zeros((512, 1600, 3), np.uint8)
    picture[:, 1088:] = data.astronaut()
    (face,) = detector.detect(picture)
    centre = (1088 + 512 * (FACE[0] + FACE[2] / 2)) / 1600
    assert face.box[0] + face.box[2] / 2 == pytest.approx(centre, abs=0.01)


def test_two_people_are_two_faces(detector):
    """Side by side; each is found once."""
    faces = detector.detect(np.hstack([data.astronaut(), data.astronaut()[:, ::-1]]))
    assert [face.box[0] > 0.5 for face in sorted(faces, key=lambda f: f.box[0])] == [False, True]


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_a_cat_and_a_cup_have_no_face(detector, name):
    """What looks at us, or is round, is no person."""
    assert detector.detect(getattr(data, name)()) == []


def test_the_smallest_photo_has_no_face(detector):
    """16 x 16 px work, smaller ones are refused in words."""
    assert detector.detect(np.zeros((16, 16, 3), np.uint8)) == []
    with pytest.raises(PhotoError, match="16 x 16"):
        detector.detect(np.zeros((8, 16, 3), np.uint8))


def test_damaged_weights_are_refused(tmp_path):
    """A flipped byte is told, with the way out."""
    for name in (WEIGHTS.name, "register.json"):
        shutil.copy(WEIGHTS.with_name(name), tmp_path)
    weights = tmp_path / WEIGHTS.name
    content = bytearray(weights.read_bytes())
    content[5000] ^= 1
    weights.write_bytes(content)
    with pytest.raises(MissingPartError, match=r"damaged.*reinstall"):
        FaceDetector.load(weights)
