"""What was done, for a tool that signs it; and what the output cannot hold."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image


def test_actions_tell_what_was_done(d2f_command, tmp_path):
    """A manifest definition with the edit's own words; the same words stand in the XMP."""
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.jpg")
    actions, output = tmp_path / "c2pa.json", tmp_path / "b.jpg"
    outcome = d2f_command("render", tmp_path / "a.jpg", "-o", output, "--c2pa-actions", actions,
                  "--aperture", "f/2", "--json")  # fmt: skip
    assert outcome.code == 0, outcome
    definition = json.loads(actions.read_text(encoding="utf-8"))
    opened, edited = definition["assertions"][0]["data"]["actions"]
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["parameters"]["FNumber"] == "2"
    assert definition["format"] == "image/jpeg"
    assert b'd2f:FNumber="2"' in output.read_bytes()


def test_what_the_output_cannot_hold_is_told(d2f_command, tmp_path):
    """Alpha of a PNG on its way into a JPEG."""
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 4)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    outcome = d2f_command("render", tmp_path / "a.png", "-o", tmp_path / "b.jpg")
    assert outcome.code == 0, outcome
    assert "JPEG has no alpha" in outcome.err
