"""The figures have the values that a hand calculation gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from d2f.evaluate import metrics


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


def test_depth_edges_must_lie_within_two_pixels():
    """A step moved by two pixels agrees wholly, by eight not at all."""
    truth = np.full((40, 60), 0.2, np.float32)
    truth[:, 30:] = 0.9
    assert metrics.boundary_f1(truth, truth) == pytest.approx(1.0)
    assert metrics.boundary_f1(np.roll(truth, 1, axis=1)[:, :], truth) > 0.6
    assert metrics.boundary_f1(np.roll(truth, 8, axis=1), truth) < 0.5


def test_focus_point_ignores_specks():
    """A wide subject wins over a brighter single pixel."""
    focus_map = np.zeros((100, 100), np.float32)
    focus_map[60:80, 20:40] = 0.9
    focus_map[10, 90] = 1.0
    row, column = metrics.focus_point(focus_map)
    assert 60 <= row < 80
    assert 20 <= column < 40
    mask = focus_map == np.float32(0.9)
    assert metrics.focus_hit(focus_map, mask)


def test_best_f_of_known_maps():
    """The mask itself scores 1; everything at once scores the F of its area."""
    mask = np.zeros((50, 50), bool)
    mask[:25, :25] = True
    perfect = metrics.precision_recall(mask.astype(np.float32), mask)
    assert metrics.best_f([perfect]) == pytest.approx(1.0)
    everything = metrics.precision_recall(np.ones((50, 50), np.float32), mask)
    precision = 0.25
    assert metrics.best_f([everything]) == pytest.approx(1.3 * precision / (0.3 * precision + 1.0))


def test_the_split_is_by_the_name_of_the_scene():
    """One scene in ten is kept back, always the same ones."""
    kept = [scene for scene in map(str, range(1000)) if metrics.is_validation(scene)]
    assert 70 < len(kept) < 130
    assert metrics.is_validation(kept[0])
    assert not metrics.is_validation("aims_lab")
