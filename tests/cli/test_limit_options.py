"""--max-megapixels and --max-side, of every command that reads a photo."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("limit", [("--max-megapixels", "0.001"), ("--max-side", "20")])
@pytest.mark.parametrize("command", ["render", "inspect", "depth"])
def test_a_photo_beyond_a_limit_is_refused(command, limit, d2f_command, photo_file, tmp_path):
    """The sentence names the options, and nothing is written."""
    words = [] if command == "inspect" else ["-o", tmp_path / "out.png"]
    outcome = d2f_command(command, photo_file, *words, *limit)
    assert outcome.code == 1
    assert "raise --max-megapixels and --max-side" in outcome.err
    assert not (tmp_path / "out.png").exists()


def test_a_flag_wins_over_the_variable(d2f_command, photo_file, monkeypatch):
    """The variable forbids what the flag allows."""
    monkeypatch.setenv("D2F_MAX_SIDE", "20")
    assert d2f_command("inspect", photo_file, "--no-analyse").code == 1
    outcome = d2f_command("inspect", photo_file, "--no-analyse", "--max-side", "5000")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("word", ["0", "-3", "nan", "inf"])
def test_a_limit_is_a_positive_number(word, d2f_command, photo_file):
    """Anything else is a sentence that names the flag."""
    outcome = d2f_command("inspect", photo_file, "--max-side", word)
    assert outcome.code == 2
    assert f"--max-side {word}: give a positive number" in outcome.err
