"""The published highlight rule as a light model, and why it is not the default."""

from __future__ import annotations

import numpy as np
import pytest

import d2f
from d2f import recover_highlights
from d2f.errors import UsageError


def pixel(*codes: int) -> np.ndarray:
    """A photo of one pixel."""
    return np.array(codes, np.uint8).reshape(1, 1, 3)


@pytest.mark.parametrize(
    ("codes", "gains"),
    [
        ((255, 255, 255), (3, 3, 3)),
        ((253, 240, 230), (3 * (253 / 255) ** 5, 3 * (240 / 255) ** 5, 3 * (230 / 255) ** 5)),
        ((255, 128, 10), (3, 1, 1)),
        ((252, 252, 252), (1, 1, 1)),
        ((10, 100, 200), (1, 1, 1)),
    ],
)
def test_highlights_get_the_published_weight_and_nothing_is_darkened(codes, gains):
    """3 x^5 where a channel reaches .99, at least 1, by hand; 252 of 255 is below .99."""
    photo = pixel(*codes)
    gain = recover_highlights(photo, model="d2f2023") / recover_highlights(photo, strength=0)
    np.testing.assert_allclose(gain.ravel(), gains, rtol=1e-4)


def test_its_weight_is_scaled_in_log_light():
    """Half the strength is the root of the weight."""
    light = recover_highlights(pixel(255, 255, 255), model="d2f2023", strength=0.5)
    np.testing.assert_allclose(light, np.sqrt(3), rtol=1e-5)


def test_light_beyond_white_is_taken_as_it_is():
    """A float photo that was not clipped."""
    photo = np.array([[[4.0, 1.0, 1.0]]], np.float32)
    np.testing.assert_array_equal(
        recover_highlights(photo, model="d2f2023"), recover_highlights(photo, strength=0)
    )


def test_white_paper_rises_by_the_rule_and_not_by_the_default():
    """The rule sees no neighbours, so it takes a page for a lamp."""
    paper = np.full((120, 160, 3), 120, np.uint8)
    paper[20:100, 20:140] = 255
    assert recover_highlights(paper, model="d2f2023").max() == pytest.approx(3)
    assert recover_highlights(paper).max() == 1


def test_an_unknown_model_is_refused():
    """The message tells the two there are."""
    with pytest.raises(UsageError, match=r"'hdr'.*'lamps' or 'd2f2023'"):
        recover_highlights(pixel(0, 0, 0), model="hdr")


def test_the_published_rule_is_a_choice_of_light(photo_srgb):
    """A photo with a white wall behind: brighter by the rule, as it is by the default."""
    photo = photo_srgb.copy()
    photo[:30] = 255
    opened = d2f.open(photo)
    default, rule = (
        opened.render(focus=(0.5, 0.6), f_number=1, grain=0, light=model).astype(float)
        for model in ("lamps", "d2f2023")
    )
    assert rule[30:40].mean() > default[30:40].mean() + 2
    plain = opened.render(focus=(0.5, 0.6), f_number=1, grain=0, highlights=0)
    np.testing.assert_array_equal(plain, default)
