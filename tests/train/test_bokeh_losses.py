"""The losses of learning from pairs: zero where all is well, and what each of them forbids."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.train.bokeh_losses import (  # noqa: E402
    initial_mask_loss,
    photometric_loss,
    poisson_loss,
    range_loss,
    smoothness_loss,
    structural_similarity,
)

FLOAT_TOL = 1e-6  # worst seen 6e-8: one rounding of a mean


def pictures(count: int = 2) -> torch.Tensor:
    """Random codes, count x 3 x 24 x 32."""
    return torch.rand(count, 3, 24, 32, generator=torch.Generator().manual_seed(4))


def test_a_picture_is_no_distance_from_itself():
    """Photometric and structural terms vanish on equal pictures."""
    codes = pictures()
    assert float(photometric_loss(codes, codes)) == pytest.approx(0.0, abs=FLOAT_TOL)
    assert torch.allclose(structural_similarity(codes, codes), torch.ones_like(codes))


def test_structural_similarity_of_two_plain_greys_is_known():
    """On flat pictures only the term of light is left: (2ab + c) / (a^2 + b^2 + c)."""
    dark, bright = torch.full((1, 3, 8, 8), 0.25), torch.full((1, 3, 8, 8), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    found = structural_similarity(dark, bright)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4)  # worst seen 1e-6


def test_photometric_loss_rises_with_blur_that_is_wrong():
    """More of a blur that is not in the target costs more: the slope that teaches focus."""
    codes = pictures()
    costs = [
        float(
            photometric_loss(
                torch.nn.functional.avg_pool2d(codes, side, stride=1, padding=side // 2), codes
            )
        )
        for side in (1, 3, 5, 7)
    ]
    assert costs == sorted(costs)


def test_a_step_of_the_map_is_cheaper_on_an_edge_of_the_photo():
    """The same step costs less than a tenth where the photo has one too."""
    defocus = torch.zeros(1, 1, 8, 8)
    defocus[..., 4:] = 1.0
    flat, edged = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    edged[..., 4:] = 0.5
    assert float(smoothness_loss(defocus, edged)) < 0.1 * float(smoothness_loss(defocus, flat))
    assert float(smoothness_loss(torch.ones_like(defocus), flat)) == 0.0


def test_range_loss_is_zero_within_and_leads_back_from_without():
    """D in 0..1 costs nothing; beyond, the slope points inwards."""
    assert float(range_loss(torch.tensor([[[[0.0, 0.5, 1.0]]]]))) == 0.0
    outside = torch.tensor([[[[-0.5, 1.5]]]], requires_grad=True)
    range_loss(outside).backward()
    assert outside.grad[0, 0, 0, 0] < 0 < outside.grad[0, 0, 0, 1]


def test_the_mask_is_pulled_back_from_beyond_its_clamp():
    """A raw mask of 3 where 1 is wanted still has a slope."""
    raw = torch.full((1, 1, 4, 4), 3.0, requires_grad=True)
    initial_mask_loss(raw, torch.ones(1, 1, 4, 4)).backward()
    assert bool((raw.grad > 0).all())


def test_poisson_loss_wants_the_photo_inside_and_the_bokeh_outside():
    """It is zero for a picture that is either one wholly, up to a constant, and not for the other.

    Gradients know no constant: adding 0.1 everywhere changes nothing.
    """
    photo, bokeh = pictures(), pictures(2).flip(3)
    inside, outside = torch.ones(2, 1, 24, 32), torch.zeros(2, 1, 24, 32)
    assert float(poisson_loss(photo + 0.1, photo, bokeh, inside)) < FLOAT_TOL
    assert float(poisson_loss(bokeh + 0.1, photo, bokeh, outside)) < FLOAT_TOL
    assert float(poisson_loss(bokeh, photo, bokeh, inside)) > 0.1


def test_poisson_loss_punishes_a_seam():
    """A hard change from photo to bokeh costs more than the guide's own soft one."""
    photo, bokeh = torch.full((1, 3, 8, 8), 0.8), torch.full((1, 3, 8, 8), 0.2)
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1.0
    seam = mask * photo + (1 - mask) * bokeh
    assert float(poisson_loss(seam, photo, bokeh, mask)) > 0.05
    assert float(poisson_loss(photo, photo, bokeh, mask)) == 0.0
