"""Depth mended by hand: where strokes act, where they end, what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.scene import Stroke, View, brushed

FAR, NEAR = 0.2, 0.8
TOL = 1e-3  # nothing was seen beyond rounding
LEAK = 0.02  # of a stroke of 0.4 across the edge that it should keep to; seen 0


@pytest.fixture
def photo() -> np.ndarray:
    """Two plain halves, blue left and orange right, 300 x 400."""
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[:, :200], picture[:, 200:] = (30, 60, 160), (220, 140, 40)
    return picture


@pytest.fixture
def view(photo) -> View:
    """All at middle depth, but for a near and a far corner that give the range."""
    disparity = np.full(photo.shape[:2], 0.5, np.float32)
    disparity[-10:, :10], disparity[-10:, -10:] = FAR, NEAR
    subject = np.ones(photo.shape[:2], np.float32)
    return View(
        disparity=disparity,
        focus_map=np.ones((48, 64), np.float32),
        sharpness=None,
        subject=subject,
        metric=False,
        source="model",
    )


def test_without_strokes_the_view_stays_the_same(view, photo):
    """The very same object."""
    assert brushed(view, photo, ()) is view


@pytest.mark.parametrize("edge_aware", [True, False])
def test_a_stroke_adds_its_share_of_the_range_under_its_middle(view, photo, edge_aware):
    """0.4 of a range of 0.6 is 0.24; far from it nothing changes."""
    stroke = Stroke(points=((0.2, 0.3), (0.3, 0.3)), radius=0.1, amount=0.4, edge_aware=edge_aware)
    disparity = brushed(view, photo, [stroke]).disparity
    assert disparity[90, 100] == pytest.approx(0.5 + 0.4 * (NEAR - FAR), abs=TOL)
    assert np.allclose(disparity[200:, 300:], view.disparity[200:, 300:], atol=TOL)
    assert disparity.dtype == np.float32


def test_an_edge_aware_stroke_ends_at_the_photos_edge(view, photo):
    """Drawn on the blue side over the border, it leaves the orange one as it was."""
    points = ((0.46, 0.2), (0.46, 0.6))
    soft = {"points": points, "radius": 0.1, "amount": 0.4, "softness": 0.1}
    kept = brushed(view, photo, [Stroke(**soft, edge_aware=True)]).disparity
    over = brushed(view, photo, [Stroke(**soft, edge_aware=False)]).disparity
    assert kept[120, 195] > 0.5 + 0.2
    assert abs(kept[120, 204] - 0.5) < LEAK
    assert over[120, 204] > 0.5 + 0.2


def test_strokes_end_at_the_ends_of_the_range(view, photo):
    """However often one draws, nothing becomes nearer than the nearest."""
    stroke = Stroke(points=((0.2, 0.3),), radius=0.1, amount=1.0)
    disparity = brushed(view, photo, [stroke] * 5).disparity
    assert disparity.max() == np.float32(NEAR)
    farther = brushed(view, photo, [Stroke(points=((0.2, 0.3),), radius=0.1, amount=-1.0)])
    assert farther.disparity[90, 80] == np.float32(FAR)


def test_the_order_of_strokes_does_not_matter(view, photo):
    """Two that cross give the same map either way."""
    one = Stroke(points=((0.2, 0.3), (0.4, 0.3)), radius=0.05, amount=0.3)
    other = Stroke(points=((0.3, 0.2), (0.3, 0.4)), radius=0.05, amount=-0.2, edge_aware=False)
    first = brushed(view, photo, [one, other]).disparity
    second = brushed(view, photo, [other, one]).disparity
    assert np.array_equal(first, second)


def test_what_is_brushed_is_no_longer_held_with_the_subject(view, photo):
    """Else the subject's own distance would undo the stroke."""
    stroke = Stroke(points=((0.2, 0.3),), radius=0.1, amount=0.4)
    subject = brushed(view, photo, [stroke]).subject
    assert subject[90, 80] == 0
    assert subject[250, 350] == 1
