"""The thin lens, against hand-worked figures and its own inverse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2f.errors import UsageError
from d2f.optics import (
    ThinLens,
    defocus_from_disparity,
    f_number_from_blur,
    untilted_disparity,
)


def test_hand_worked_lens():
    """50 mm f/2 focused at 2 m: infinity blurs to 0.641 mm on the sensor, 1 m to the same size."""
    lens = ThinLens(f_number=2, focal_length_mm=50, sensor_width_mm=36)
    disparity_per_m = np.array([[0.0, 0.5, 1.0]], np.float32)
    defocus_px = defocus_from_disparity(disparity_per_m, 0.5, lens, long_side_px=3600)
    # c = f^2/N * z_f/(z_f - f) * |1/z - 1/z_f| = 0.0025/2 * 2/1.95 * 0.5 m = 0.64103 mm
    expected = 0.64103 / 2 * 100  # radius, at 100 px per mm
    np.testing.assert_allclose(defocus_px, [[-expected, 0, expected]], rtol=1e-4)


def test_defocus_agrees_with_the_lens_formula_in_distances():
    """The linear form in disparity equals the textbook form in distances."""
    lens = ThinLens(f_number=1.4, focal_length_mm=85, sensor_width_mm=24)
    z_focus, f = 3.0, 0.085
    for z in (0.7, 1.5, 3.0, 8.0, 100.0):
        diameter_m = f * f / (1.4 * (z_focus - f)) * abs(z - z_focus) / z
        expected_px = 6000 / (2 * 0.024) * diameter_m
        got = defocus_from_disparity(
            np.array([1 / z], np.float32), 1 / z_focus, lens, long_side_px=6000
        )
        assert abs(got[0]) == pytest.approx(expected_px, rel=1e-4, abs=1e-3)
        assert np.sign(got[0]) == np.sign(z_focus - z) or abs(got[0]) < 1e-3


@given(
    radius_px=st.floats(0.5, 200),
    span=st.floats(0.01, 2),
    focus=st.floats(0, 5),
)
def test_f_number_from_blur_is_the_inverse(radius_px, span, focus):
    """The f-number found for a radius gives that radius."""
    lens = ThinLens()
    f_number = f_number_from_blur(radius_px, span, focus, lens, long_side_px=4000)
    disparity = np.array([focus + span], np.float32)
    wide = ThinLens(f_number=f_number)
    got = defocus_from_disparity(disparity, focus, wide, long_side_px=4000)[0]
    assert got == pytest.approx(radius_px, rel=2e-3)


def test_no_wanted_blur_is_a_pinhole():
    """No radius, or nothing off the plane of focus, closes the aperture."""
    assert f_number_from_blur(0, 1, 0.5, ThinLens(), long_side_px=100) == math.inf
    assert f_number_from_blur(5, 0, 0.5, ThinLens(), long_side_px=100) == math.inf
    pinhole = ThinLens(f_number=math.inf)
    assert not defocus_from_disparity(np.ones((2, 2), np.float32), 0, pinhole, long_side_px=9).any()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"f_number": 0}, "f_number=0"),
        ({"f_number": -1}, "f_number=-1"),
        ({"focal_length_mm": 0}, "focal_length_mm=0"),
        ({"sensor_width_mm": math.inf}, "sensor_width_mm=inf"),
    ],
)
def test_impossible_lenses_are_refused(values, words):
    """A lens that cannot be built names the value."""
    with pytest.raises(UsageError, match=words):
        ThinLens(**values)


def test_focus_inside_the_focal_length_is_refused():
    """A 50 mm lens cannot focus at 4 cm."""
    with pytest.raises(UsageError, match="inside the focal length"):
        defocus_from_disparity(np.zeros((1, 1), np.float32), 25.0, ThinLens(), long_side_px=100)


def test_a_tilted_plane_of_focus_lies_on_a_slanted_ground():
    """A ground whose disparity grows downwards is in focus everywhere under the fitting tilt."""
    rows = (np.arange(40, dtype=np.float32) + 0.5) / 40
    ground = np.repeat(0.2 + 0.6 * rows[:, None], 30, axis=1)
    upright = untilted_disparity(ground, tilt=(0, 0.6), point=(0.5, 0.5))
    np.testing.assert_allclose(upright, 0.5, atol=1e-6)
    wall = np.full((4, 6), 0.3, np.float32)
    assert untilted_disparity(wall, tilt=(0, 0), point=(0.5, 0.5)) is wall
    assert (np.diff(untilted_disparity(wall, tilt=(1, 0), point=(0, 0)), axis=1) < 0).all()
