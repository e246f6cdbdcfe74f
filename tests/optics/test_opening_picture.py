"""A picture as the opening: checked in words, upright, turned, squeezed, and all its light kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from d2f.errors import UsageError
from d2f.optics import Aperture
from d2f.optics.aperture import aperture_kernel
from d2f.optics.opening_picture import picture_runs
from d2f.optics.point_image import point_image

DISC_TOL = 2e-4  # share of a pixel; worst seen 4e-5, a disc of 200 x 200 values at radius 9
RUNS_TOL = 0.15  # relative, in root mean square; worst seen 0.128, noise at radius 8
MOMENT_TOL = 0.02  # relative; worst seen 0.003: cells of the picture beside its exact place


def disc(side: int = 200) -> np.ndarray:
    """A white disc that fills a square picture."""
    line = (np.arange(side) + 0.5) / side * 2 - 1
    return (np.hypot(line[:, None], line) < 1).astype(np.float64)


@given(
    picture=arrays.arrays(np.float32, (5, 7), elements=st.floats(0, 1, width=32)),
    rotation=st.floats(-360, 360),
    squeeze=st.floats(0.5, 2),
    rim=st.floats(-1, 1),
    radius=st.floats(0.3, 30),
)
@settings(max_examples=40, deadline=None)
def test_every_picture_keeps_all_light_at_every_radius(picture, rotation, squeeze, rim, radius):
    """Turned, squeezed, aberrated: the image of a point sums to 1, on both sides of the focus."""
    picture[2, 3] = 1
    aperture = Aperture(picture=picture, rotation_deg=rotation, squeeze=squeeze, rim=rim)
    for nearer in (False, True):
        image = point_image(aperture, radius, nearer=nearer)
        assert image.min() >= 0
        assert image.sum() == pytest.approx(1)
        assert sum(share for *_, share in picture_runs(aperture, radius, nearer=nearer)) == (
            pytest.approx(1)
        )


def test_a_picture_of_a_disc_is_the_disc():
    """Its longer side spans the diameter."""
    of_picture = point_image(Aperture(picture=disc()), 9.0, nearer=False)
    np.testing.assert_allclose(of_picture, aperture_kernel(Aperture(), 9.0), atol=DISC_TOL)


def test_a_picture_is_upright_behind_the_focus_and_upside_down_before_it():
    """What is at its top left is seen there by far points, at the bottom right by near ones."""
    picture = np.zeros((8, 8))
    picture[0, 0] = 1
    aperture = Aperture(picture=picture)
    far = point_image(aperture, 8.0, nearer=False)
    middle = far.shape[0] // 2
    assert far[:middle, :middle].sum() == pytest.approx(1)
    np.testing.assert_array_equal(point_image(aperture, 8.0, nearer=True), far[::-1, ::-1])


def test_a_picture_turns_counter_clockwise_and_squeezes_taller():
    """A bar at the right ends up at the top after 90 degrees; squeezing makes it taller."""
    picture = np.zeros((9, 9))
    picture[4, 6:] = 1
    turned = point_image(Aperture(picture=picture, rotation_deg=90), 9.0, nearer=False)
    rows, cols = np.nonzero(turned > turned.max() / 10)
    middle = turned.shape[0] // 2
    assert rows.max() < middle
    assert np.ptp(cols) < np.ptp(rows)
    tall = point_image(Aperture(picture=disc(), squeeze=2), 9.0, nearer=False)
    offsets = np.arange(tall.shape[0]) - tall.shape[0] // 2
    down, right = ((tall.sum(axis=axis) * offsets**2).sum() ** 0.5 for axis in (1, 0))
    assert down / right == pytest.approx(2, rel=MOMENT_TOL)


def test_a_bright_rim_moves_the_light_of_a_picture_outwards():
    """Beyond the focus at rim = 1, light gathers at the border; before it, in the middle."""
    plain = point_image(Aperture(picture=disc()), 20.0, nearer=False)
    offsets = np.arange(plain.shape[0]) - plain.shape[0] // 2
    squares = offsets[:, None] ** 2 + offsets**2
    aperture = Aperture(picture=disc(), rim=1)
    far, near = (point_image(aperture, 20.0, nearer=side) for side in (False, True))
    assert (far * squares).sum() > 1.15 * (plain * squares).sum()
    assert (near * squares).sum() < 0.9 * (plain * squares).sum()


@pytest.mark.parametrize("radius", [8.0, 11.0, 15.0])
@pytest.mark.parametrize("kind", ["disc", "slope", "noise"])
def test_runs_come_close_to_the_image(kind, radius):
    """Few tones stand for the picture; they nest, the largest first."""
    line = np.linspace(0, 1, 64)
    pictures = {
        "disc": disc(64),
        "slope": disc(64) * line,
        "noise": np.random.default_rng(3).random((16, 16)),
    }
    aperture = Aperture(picture=pictures[kind])
    image = point_image(aperture, radius, nearer=False)
    drawn, sizes = np.zeros_like(image), []
    middle = image.shape[0] // 2
    for columns, first, last, share in picture_runs(aperture, radius, nearer=False):
        part = np.zeros_like(image)
        for column, top, bottom in zip(columns, first, last, strict=True):
            part[middle + top : middle + bottom, middle + column] += 1
        assert part.max() == 1  # no pixel twice
        sizes.append(part.sum())
        drawn += share * part / part.sum()
    assert sizes == sorted(sizes, reverse=True)
    assert np.linalg.norm(drawn - image) < RUNS_TOL * np.linalg.norm(image)


def test_equal_pictures_are_equal_openings():
    """An aperture stays a value: it compares, hashes and says its picture's size."""
    one, other = (Aperture(picture=np.eye(4)) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Aperture(picture=np.eye(5))
    assert "4 x 4" in repr(one)
    assert not one.picture.values.flags.writeable


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 4)), "all black"),
        (np.ones((4, 4, 3)), r"shape \(4, 4, 3\)"),
        (np.ones((0, 4)), r"shape \(0, 4\)"),
        (np.ones((1, 5000)), "5000 x 1"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.full((4, 4), -1.0), "negative"),
        (np.ones((4, 4), complex), "no rows of numbers"),
        ("heart.png", "no rows of numbers"),
        ([[1, 2], [3]], "no rows of numbers"),
    ],
)
def test_impossible_pictures_are_refused(picture, words):
    """The message tells what came and what is wanted."""
    with pytest.raises(UsageError, match=words):
        Aperture(picture=picture)


@pytest.mark.parametrize("choice", [{"blades": 6}, {"cats_eye": 0.5}])
def test_a_picture_is_the_whole_shape(choice):
    """Blades and mechanical cuts have no meaning beside it."""
    with pytest.raises(UsageError, match="leave out blades"):
        Aperture(picture=np.eye(4), **choice)
