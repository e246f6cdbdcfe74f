"""What training asks for: zero where it should be, finite always, pulling the right way."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.train.losses import (  # noqa: E402
    Target,
    coarser,
    depth_loss,
    focus_loss,
    outline_loss,
    sharpness_loss,
)


def target_of(disparity=None, focus=None, outline=None, sharp=None, order_only=False) -> Target:
    """A batch of one picture of 32 x 32 with the truths that are given."""
    empty = torch.zeros(1, 32, 32)
    return Target(
        disparity=empty if disparity is None else disparity,
        depth_weight=torch.tensor([0.0 if disparity is None else 1.0]),
        order_only=torch.tensor([order_only]),
        focus=empty if focus is None else focus,
        focus_weight=torch.tensor([0.0 if focus is None else 1.0]),
        outline=torch.full((1, 4, 4), -1) if outline is None else outline,
        sharp=empty if sharp is None else sharp,
        sharp_weight=torch.tensor([0.0 if sharp is None else 1.0]),
    )


SLOPE = torch.linspace(0.1, 1.0, 32)[None, :, None].repeat(1, 1, 32)


def test_depth_is_asked_for_up_to_scale_and_shift():
    """An affine copy of the truth costs nothing, noise does."""
    absolute, gradient = depth_loss(5.0 * SLOPE - 2.0, target_of(SLOPE))
    assert float(absolute) == pytest.approx(0.0, abs=1e-5)
    assert float(gradient) == pytest.approx(0.0, abs=1e-5)
    absolute, gradient = depth_loss(torch.rand(1, 32, 32), target_of(SLOPE))
    assert float(absolute) > 0.3
    assert float(gradient) > 0.1


def test_where_only_order_is_known_any_bend_of_depth_is_as_good():
    """A bent copy of the truth costs no more than a straight one, an upside-down one much more."""
    target = target_of(SLOPE, order_only=True)
    straight, bent, inverted = (
        float(depth_loss(map_, target)[0]) for map_ in (SLOPE, SLOPE**4, -SLOPE)
    )
    assert bent == pytest.approx(straight, abs=0.1)
    assert inverted > 2 * straight
    assert float(depth_loss(SLOPE**4, target_of(SLOPE))[0]) > 0.1


def test_a_wall_has_no_order_to_learn():
    """Zero, not NaN."""
    wall = target_of(torch.full((1, 32, 32), 0.5), order_only=True)
    assert float(depth_loss(SLOPE, wall)[0]) == 0.0


def test_a_batch_without_truth_costs_nothing_and_has_a_gradient():
    """Zero, not NaN, and backward works."""
    predicted = torch.rand(1, 32, 32, requires_grad=True)
    target = target_of()
    total = sum(depth_loss(predicted, target)) + focus_loss(predicted, target)
    total = total + outline_loss(predicted, target) + sharpness_loss(predicted, target)
    total.backward()
    assert float(total.detach()) == 0.0
    assert torch.isfinite(predicted.grad).all()


def test_sharpness_is_asked_for_where_it_is_known():
    """The right answer costs nearly nothing, its opposite much."""
    sharp = (SLOPE > 0.5).float()
    logit = 20.0 * (2.0 * sharp - 1.0)
    assert float(sharpness_loss(logit, target_of(sharp=sharp))) < 1e-6
    assert float(sharpness_loss(-logit, target_of(sharp=sharp))) > 10.0


def test_a_wall_gives_no_infinite_loss():
    """A truth without any depth is divided by a floor, not by zero."""
    predicted = torch.rand(1, 32, 32, requires_grad=True)
    total = sum(depth_loss(predicted, target_of(torch.full((1, 32, 32), 0.5))))
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(predicted.grad).all()


def test_focus_prefers_the_subject():
    """The right map costs less than a flat one, a flat one less than the wrong one."""
    mask = (torch.arange(32)[None, :, None] < 12).float().repeat(1, 1, 32)
    logit = 8.0 * (mask - 0.5)
    right, flat, wrong = (
        float(focus_loss(map_, target_of(focus=mask))) for map_ in (logit, 0 * logit, -logit)
    )
    assert right < 0.15 < flat < wrong


def test_outline_pairs_pull_the_inside_nearer():
    """The loss falls as the inside comes nearer; pairs marked -1 are left out."""
    pairs = torch.tensor([[[4, 4, 20, 4], [5, 5, 21, 5], [-1, -1, -1, -1], [6, 6, 22, 6]]])
    down, up = (
        outline_loss(SLOPE, target_of(outline=pairs)),
        outline_loss(-SLOPE, target_of(outline=pairs)),
    )
    assert float(up) < float(down)


def test_coarser_truth_keeps_its_meaning():
    """A quarter of the size, the same values, no pairs."""
    small = coarser(target_of(SLOPE, focus=SLOPE), 4)
    assert small.disparity.shape == small.focus.shape == (1, 8, 8)
    assert float(small.focus.mean()) == pytest.approx(float(SLOPE.mean()), abs=1e-4)
    assert small.outline.shape[1] == 0
