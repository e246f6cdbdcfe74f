"""The page's files, as far as no browser is needed to judge them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import d2f.web
from d2f.settings import LensSettings, LightSettings

PAGE = Path(d2f.web.__file__).parent / "page"
FILES = sorted(PAGE.iterdir())
NOT_SLIDERS = {  # settings of lens and light that have no slider, and why
    "f_number": "the aperture's own slider, in stops",
    "blur_percent": "another word for the f-number",
    "focal_length_mm": "a fact of the shot",
    "sensor_width_mm": "a fact of the shot",
    "aperture_picture": "a file of the server's, which it opens for nobody",
    "model": "how light is estimated; the published rule is for comparison",
}


class Tags(HTMLParser):
    """Every element's name and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed((PAGE / "index.html").read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.found.append((tag, dict(attrs)))


def test_nothing_is_written_into_the_page_that_its_policy_forbids():
    """No inline script, style or handler: `default-src 'self'` would drop them."""
    for tag, attributes in Tags().found:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_what_the_page_names_lies_beside_it():
    """Every src, href and import is a file of the folder; every file is named somewhere."""
    named = {"index.html"}
    for _, attributes in Tags().found:
        named |= {Path(attributes[key]).name for key in ("src", "href") if attributes.get(key)}
    for file in FILES:
        named |= set(re.findall(r'from "\./([\w-]+\.js)"', file.read_text()))
    assert named == {file.name for file in FILES}


def test_no_file_of_the_page_names_another_host():
    """The page speaks to its own server alone."""
    for file in FILES:
        words = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", words), file.name


def test_ids_are_given_once_and_scripts_ask_for_none_that_is_missing():
    """Labels and scripts find what they name."""
    tags = Tags().found
    given = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(given) == len(set(given))
    asked = {attributes["for"] for _, attributes in tags if "for" in attributes}
    for file in FILES:
        asked |= set(re.findall(r'\$\("([\w-]+)"\)', file.read_text()))
        asked |= set(re.findall(r'into: "([\w-]+)"', file.read_text()))
    assert asked <= set(given)


def test_every_setting_of_lens_and_light_has_its_slider():
    """A new setting is shown, or named here with the reason why not."""
    shown = set(re.findall(r'group: "(\w+)", field: "(\w+)"', (PAGE / "controls.js").read_text()))
    for group, model in (("lens", LensSettings), ("light", LightSettings)):
        fields = set(model.model_fields)
        assert {field for of, field in shown if of == group} == fields - set(NOT_SLIDERS)
