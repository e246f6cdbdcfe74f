"""What a user's words become in a message."""

from __future__ import annotations

from d2f.errors import shortened, told


def test_what_is_short_is_repeated_as_it_is():
    """As a value with its quotes, as words without."""
    assert told("f/2") == "'f/2'"
    assert shortened("f/2") == "f/2"


def test_what_is_long_or_has_lines_becomes_one_short_line():
    """A message stays readable whatever was typed."""
    assert shortened("one\ntwo\t three") == "one two three"
    assert len(shortened("x" * 5000)) == len(told("x" * 5000)) == 60
    assert shortened("x" * 5000).endswith("...")
