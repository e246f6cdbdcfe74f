"""The figures have the values that a hand calculation gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from d2f.measures import metrics


@pytest.fixture
def slope() -> np.ndarray:
    """Disparity that grows downwards from 0.1 to 1, 60 x 80."""
    return np.repeat(np.linspace(0.1, 1.0, 60, dtype=np.float32)[:, None], 80, axis=1)


def test_scale_and_shift_cost_nothing(slope):
    """An affine copy of the truth is perfect in every figure."""
    copy = 3.0 * slope - 7.0
    assert metrics.delta1(copy, slope, affine=False) == 1.0
    assert metrics.ordinal_error(copy, slope, affine=False) == 0.0
    np.testing.assert_allclose(metrics.aligned(copy, slope), slope, atol=1e-5)


def test_unknown_pixels_do_not_count(slope):
    """Whatever is predicted where the truth is 0 changes nothing."""
    truth, copy = slope.copy(), slope.copy()
    truth[:, :40] = 0.0
    copy[:, :40] = 99.0
    assert metrics.delta1(copy, truth, affine=False) == 1.0
    assert metrics.ordinal_error(copy, truth, affine=False) == 0.0


def test_alignment_forgives_a_tenth_of_outliers(slope):
    """The second fit leaves the worst tenth out: outliers do not tilt the rest."""
    spoilt = slope.copy()
    spoilt[:, :6] = 30.0
    fitted = metrics.aligned(spoilt, slope)
    assert np.abs(fitted - slope)[:, 6:].mean() < np.abs(slope - slope.mean()).mean()


def test_opposite_order_is_wholly_wrong(slope):
    """A map upside down puts every clear pair in the wrong order; a flat one, too."""
    assert metrics.ordinal_error(-slope, slope, affine=False) == 1.0
    assert metrics.ordinal_error(np.zeros_like(slope), slope, affine=False) == 1.0


def test_a_wall_has_no_order_and_no_edge(slope):
    """Where the truth is flat, order and edges are undefined, not zero."""
    wall = np.full_like(slope, 0.5)
    assert math.isnan(metrics.ordinal_error(slope, wall, affine=False))
    assert math.isnan(metrics.boundary_f1(slope, wall))


def test_affine_truth_is_judged_more_gently():
    """Where zero is arbitrary, ratios near zero are not believed: a tenth is added."""
    truth = np.linspace(0.02, 1.0, 4096, dtype=np.float32).reshape(64, 64)
    noise = np.random.default_rng(0).normal(0, 0.02, truth.shape).astype(np.float32)
    strict = metrics.delta1(truth + noise, truth, affine=False)
    assert strict < metrics.delta1(truth + noise, truth, affine=True)


def wall_before(column: int) -> np.ndarray:
    """A near wall right of a column, 40 x 60: its step makes the four columns around it edges."""
    return np.where(np.arange(60) < column, 0.2, 0.9).astype(np.float32) * np.ones((40, 1), "f4")


@pytest.mark.parametrize(("column", "agreement"), [(30, 1.0), (32, 1.0), (33, 0.75), (36, 0.0)])
def test_depth_edges_must_lie_within_two_pixels(column, agreement):
    """A step moved by two pixels agrees wholly, by three in three of four columns, by six in none.

    It is moved by less than a tenth of the picture, which alignment forgives.
    """
    assert metrics.boundary_f1(wall_before(column), wall_before(30)) == pytest.approx(agreement)


def test_a_focus_hit_ignores_specks():
    """A wide subject wins over a brighter single pixel."""
    focus_map = np.zeros((100, 100), np.float32)
    focus_map[60:80, 20:40] = 0.9
    focus_map[10, 90] = 1.0
    assert metrics.focus_hit(focus_map, focus_map == np.float32(0.9))
    assert not metrics.focus_hit(focus_map, focus_map == np.float32(1.0))


def test_best_f_of_known_maps():
    """The mask itself scores 1; everything at once scores the F of its area."""
    mask = np.zeros((50, 50), bool)
    mask[:25, :25] = True
    perfect = metrics.precision_recall(mask.astype(np.float32), mask)
    assert metrics.best_f([perfect]) == pytest.approx(1.0)
    everything = metrics.precision_recall(np.ones((50, 50), np.float32), mask)
    precision = 0.25
    assert metrics.best_f([everything]) == pytest.approx(1.3 * precision / (0.3 * precision + 1.0))
