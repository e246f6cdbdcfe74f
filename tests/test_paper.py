"""docs/paper.md names only what exists: every module, class and function is looked up."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "paper.md"
NAMES = sorted(set(re.findall(r"`(d2f(?:\.\w+)+)`", PAGE.read_text(encoding="utf-8"))))
NEEDS_TORCH = ("published", "models.d2f2023", "renderer.paper", "renderer.layered", "train")


def test_the_page_names_enough_to_be_worth_checking():
    """A changed way of writing names would leave nothing to look up."""
    assert len(NAMES) > 40


@pytest.mark.parametrize("name", NAMES)
def test_what_the_page_names_exists(name):
    """A module by itself, or something in one."""
    if name.removeprefix("d2f.").startswith(NEEDS_TORCH) or "conformance" in name:
        pytest.importorskip("torch")
    parts = name.split(".")
    modules = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    module = max((module for module in modules if is_module(module)), key=len)
    found: object = import_module(module)
    for attribute in parts[module.count(".") + 1 :]:
        found = getattr(found, attribute)


def is_module(name: str) -> bool:
    """Whether a dotted name is a module, and not something in one."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what stands before the last dot is none
        return False


def test_pages_that_the_page_links_to_exist():
    """Links are relative to docs/."""
    links = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (PAGE.parent / link).is_file(), link
