"""Shapes of the opening: area, symmetry, and agreement of their three descriptions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2f.errors import UsageError
from d2f.optics import Aperture
from d2f.optics.aperture import aperture_kernel, column_profile, column_spans, row_profile
from d2f.optics.point_image import LAYER_RADII, LIGHT_RADII, discs, point_image

AREA_TOL = 0.02  # relative; worst seen 0.0105: six blades with an upright edge, radius 2
PROFILE_TOL = 2e-4  # relative; worst seen 1.8e-4, the width of five blades
SPAN_TOL = 1e-6  # a column's share of the kernel; worst seen 1.6e-8, spans are float32
SECOND_MOMENT_TOL_PX2 = 0.03  # worst seen 0.022, radius 5

apertures = st.builds(
    Aperture,
    blades=st.sampled_from([0, *range(3, 17)]),
    roundness=st.floats(0, 1),
    rotation_deg=st.floats(-360, 360),
    squeeze=st.floats(0.5, 2),
)


@given(aperture=apertures, radius=st.floats(2, 60))
@settings(max_examples=60, deadline=None)
def test_every_shape_has_the_area_of_its_disc(aperture, radius):
    """An iris closed to f/1.8 gathers the light of a round f/1.8."""
    top, bottom = column_spans(aperture, radius)
    area = float((bottom.astype(float) - top).sum())
    assert area == pytest.approx(math.pi * radius**2, rel=AREA_TOL)


@given(aperture=apertures, radius=st.floats(0.5, 30))
@settings(max_examples=40, deadline=None)
def test_spans_and_kernel_describe_one_shape(aperture, radius):
    """Column by column, the kernel's sum is the length of the column's run."""
    top, bottom = column_spans(aperture, radius)
    length = bottom.astype(float) - top
    kernel = aperture_kernel(aperture, radius)
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(kernel.sum(axis=0), length / length.sum(), atol=SPAN_TOL)


@pytest.mark.parametrize("radius", [5.0, 20.0])
def test_a_disc_has_the_second_moment_of_a_disc(radius):
    """A quarter of the squared radius per axis, plus the pixel's own twelfth."""
    kernel = aperture_kernel(Aperture(), radius)
    offset = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    for sums in (kernel.sum(axis=0), kernel.sum(axis=1)):
        moment = float((sums * offset**2).sum())
        assert moment == pytest.approx(radius**2 / 4 + 1 / 12, abs=SECOND_MOMENT_TOL_PX2)


def test_a_full_round_iris_is_the_disc():
    """Blades bent all the way leave no corners."""
    bent = aperture_kernel(Aperture(blades=6, roundness=1), 9.0)
    np.testing.assert_allclose(bent, aperture_kernel(Aperture(), 9.0), atol=1e-5)


def test_one_corner_points_right_and_turns_counter_clockwise():
    """A triangle at 0 degrees points right; at 90 it points up, as seen in the picture."""
    right = aperture_kernel(Aperture(blades=3), 12.0)
    up = aperture_kernel(Aperture(blades=3, rotation_deg=90), 12.0)
    cols, rows = right.sum(axis=0), up.sum(axis=1)
    assert np.flatnonzero(cols)[-1] - cols.size // 2 > cols.size // 2 - np.flatnonzero(cols)[0]
    assert rows.size // 2 - np.flatnonzero(rows)[0] > np.flatnonzero(rows)[-1] - rows.size // 2


@pytest.mark.parametrize("profile", [row_profile, column_profile])
@pytest.mark.parametrize("blades", [0, 5, 8])
def test_a_profile_has_the_shape_s_area(profile, blades):
    """Lights drawn one by one and cut shapes have the outline of everything else."""
    ends, reach = profile(Aperture(blades=blades, squeeze=1.33))
    widths = (ends[:, 1] - ends[:, 0]).astype(float)
    area = widths.sum() * 2 * reach / (len(widths) - 1)
    assert area == pytest.approx(math.pi, rel=PROFILE_TOL)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"blades": 2}, "blades=2"),
        ({"blades": 17}, "blades=17"),
        ({"roundness": 1.5}, "roundness=1.5"),
        ({"rotation_deg": math.nan}, "rotation_deg=nan"),
        ({"squeeze": 2.5}, "squeeze=2.5"),
        ({"squeeze": math.nan}, "squeeze=nan"),
        ({"rim": -1.5}, "rim=-1.5"),
        ({"cats_eye": 1.01}, "cats_eye=1.01"),
    ],
)
def test_impossible_shapes_are_refused(choice, words):
    """The message names the value."""
    with pytest.raises(UsageError, match=words):
        Aperture(**choice)


@given(rim=st.floats(-1, 1), nearer=st.booleans())
def test_rings_keep_the_light_and_none_is_dark(rim, nearer):
    """Weights of the discs sum to 1, and what lies on top of each other is never below 0."""
    for radii in (LAYER_RADII, LIGHT_RADII):
        scales, weights = np.transpose(discs(Aperture(rim=rim), radii, nearer=nearer))
        assert weights.sum() == pytest.approx(1)
        assert np.cumsum(weights / scales**2).min() > 0


def test_spherical_aberration_puts_its_density_where_the_formula_says():
    """Behind, at rim = 1, the rim is denser than the mean and the centre thinner, as derived."""
    scales, weights = np.transpose(discs(Aperture(rim=1), LIGHT_RADII, nearer=False))
    density = np.cumsum(weights / scales**2)
    assert density[0] == pytest.approx(2.6, abs=0.3)  # mean of the outermost ring, 7 at its edge
    assert density[-1] == pytest.approx(0.49, abs=0.05)  # (1 + k) squared


def test_what_the_cut_leaves_lies_within_the_shape_and_is_as_bright():
    """A cat's eye is a part of the whole shape, point-symmetric as that is, with all its light."""
    aperture = Aperture(cats_eye=1)
    whole = aperture_kernel(aperture, 12.0)
    cut = point_image(aperture, 12.0, nearer=False, place=(0.0, 1.0))
    assert cut.sum() == pytest.approx(1)
    columns = np.flatnonzero(cut.sum(axis=0) > 0)
    assert np.ptp(columns) + 1 == pytest.approx(12, abs=1.5)  # half of the diameter of 24
    up, left = ((a - b) // 2 for a, b in zip(whole.shape, cut.shape, strict=True))
    part = whole[up : up + cut.shape[0], left : left + cut.shape[1]]
    assert not np.any((cut > 0) & (part == 0))
    np.testing.assert_allclose(cut, cut[::-1, ::-1], atol=1e-12)


def test_nearer_points_show_the_cut_shape_turned_by_half_a_turn():
    """As they show the whole one."""
    aperture = Aperture(blades=5, cats_eye=0.8, squeeze=1.5)
    far = point_image(aperture, 9.0, nearer=False, place=(0.5, -0.6))
    near = point_image(aperture, 9.0, nearer=True, place=(0.5, -0.6))
    np.testing.assert_array_equal(near, far[::-1, ::-1])


@pytest.mark.parametrize(
    "values",
    [
        {"blades": "6"},
        {"blades": 5.5},
        {"blades": None},
        {"roundness": "x"},
        {"rotation_deg": 1e300},
    ],
)
def test_values_of_another_kind_are_named(values):
    """Strings, fractions of blades and turns beyond measure are refused in words."""
    with pytest.raises(UsageError, match=next(iter(values))):
        Aperture(**values)
