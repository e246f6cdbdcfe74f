"""Settings: what a user may choose, and the words for what not."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import pytest
from pydantic import ValidationError

from d2f.errors import UsageError
from d2f.settings import Settings
from d2f.settings.choices import CHOICES, settings_from_choices

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_defaults_are_the_documented_ones():
    """f/1.8 on a 50 mm lens, automatic focus, highlights given back."""
    settings = Settings()
    assert settings.lens.f_number == 1.8
    assert settings.lens.thin_lens().focal_length_mm == 50
    assert settings.depth.source == "auto"
    assert settings.focus.mode == "auto"
    assert settings.light.highlights == 1


def test_choices_land_in_their_groups():
    """Flat choices reach the group they belong to, None leaves the base as it is."""
    base = settings_from_choices(f_number=4)
    chosen = settings_from_choices(base, focus=(0.2, 0.8), highlights=0.5, f_number=None)
    assert chosen.focus.point == (0.2, 0.8)
    assert chosen.light.highlights == 0.5
    assert chosen.lens.f_number == 4


def test_an_f_number_replaces_a_radius():
    """Choosing an aperture after a blur radius drops the radius."""
    base = settings_from_choices(blur_percent=2)
    assert settings_from_choices(base, f_number=2).lens.blur_percent is None


def test_settings_cannot_be_changed():
    """Settings are values."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().lens.f_number = 2


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"f_number": 0}, "lens.f_number=0"),
        ({"f_number": math.nan}, "lens.f_number=nan"),
        ({"blur_percent": -1}, "lens.blur_percent=-1"),
        ({"blades": 2}, "blades=2 is no iris"),
        ({"focus": (0.5, 1.2)}, r"focus=\(0.5, 1.2\): the point lies outside"),
        ({"focus": "nose"}, "focus='nose'"),
        ({"focus": 0.5}, "focus=0.5"),
        ({"depth_unit": "feet"}, "depth.unit='feet'"),
        ({"highlights": 2}, "light.highlights=2"),
        ({"sharpness": 1}, "no setting 'sharpness'"),
    ],
)
def test_wrong_choices_are_named(choices, words):
    """The message names the setting, its value and what is allowed."""
    with pytest.raises(UsageError, match=words):
        settings_from_choices(**choices)


def test_the_settings_page_is_up_to_date():
    """docs/settings.md is what docs/make_settings.py writes."""
    script = runpy.run_path(str(DOCS / "make_settings.py"))
    assert (DOCS / "settings.md").read_text() == script["page"]()


def test_every_field_is_a_choice_with_names_of_its_own():
    """Each field is set by one choice; keyword, option and variable are unique and told."""
    fields = {
        (group, field)
        for group, info in Settings.model_fields.items()
        for field in info.annotation.model_fields
    }
    whole = {choice.group for choice in CHOICES.values() if choice.field is None}
    covered = {(choice.group, choice.field) for choice in CHOICES.values()}
    assert {pair for pair in fields if pair[0] not in whole} == {
        pair for pair in covered if pair[1] is not None
    }
    assert len({choice.flag for choice in CHOICES.values()}) == len(CHOICES)
    assert all(choice.description.endswith(".") for choice in CHOICES.values())
