"""Settings from files: what is written comes back, and what is no settings file is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from d2f import Settings
from d2f.errors import D2FError, PhotoError, UsageError
from d2f.settings.choices import settings_from_choices

LOOK = settings_from_choices(f_number=2.8, focus=(0.25, 0.5), blades=7, highlights=0.5)


def test_settings_come_back_from_json(tmp_path):
    """What `model_dump_json` writes is loaded again, an infinite f-number included."""
    for settings in (Settings(), LOOK, settings_from_choices(f_number=float("inf"))):
        path = tmp_path / "look.json"
        path.write_text(settings.model_dump_json())
        assert Settings.load(path) == settings
        assert Settings.load(str(path)) == settings


def test_a_part_of_the_settings_is_enough(tmp_path):
    """JSON and TOML by hand hold what differs from the defaults."""
    (tmp_path / "look.json").write_text('\ufeff{"lens": {"f_number": 2.8, "blades": 7}}')
    (tmp_path / "look.toml").write_text("[lens]\nf_number = 2.8\nblades = 7\n")
    (tmp_path / "pinhole.toml").write_text("[lens]\nf_number = inf\n")
    expected = settings_from_choices(f_number=2.8, blades=7)
    assert Settings.load(tmp_path / "look.json") == expected
    assert Settings.load(tmp_path / "look.toml") == expected
    assert Settings.load(tmp_path / "pinhole.toml").lens.f_number == float("inf")


def test_paths_are_taken_from_the_files_own_folder(tmp_path, monkeypatch):
    """A depth map beside the settings file is found from everywhere."""
    (tmp_path / "look.toml").write_text('[depth]\nsource = "maps/depth.npy"\n')
    monkeypatch.chdir("/")
    assert Settings.load(tmp_path / "look.toml").depth.file == tmp_path / "maps" / "depth.npy"


BAD_CONTENT = {
    "empty.json": (b"", "is no JSON"),
    "words.json": (b"f/2.8, please", "is no JSON"),
    "words.toml": (b"[lens\nf_number", "is no TOML"),
    "list.json": (b"[1, 2]", "holds a list"),
    "null.json": (b"null", "holds a NoneType"),
    "unknown.json": (b'{"lens": {"apperture": 2}}', r"lens\.apperture is no setting: lens has f_n"),
    "group.json": (b'{"lense": {}}', "lense is no setting: settings has .*focus, lens"),
    "no group.json": (b'{"lens": 3}', "lens=3"),
    "value.json": (b'{"lens": {"f_number": 0}}', r"lens\.f_number=0: should be"),
    "value.toml": (b"[lens]\nf_number = -1\n", r"lens\.f_number=-1: should be"),
    "nan.json": (b'{"lens": {"f_number": NaN}}', "NaN is no number"),
    "nan.toml": (b"[lens]\nf_number = nan\n", r"lens\.f_number=nan"),
    "infinite.json": (b'{"lens": {"focal_length_mm": Infinity}}', r"focal_length_mm=inf"),
    "twice.json": (b'{"lens": {"f_number": 2, "f_number": 4}}', "'f_number' is given twice"),
    "twice.toml": (b"[lens]\nf_number = 2\nf_number = 4\n", "is no TOML"),
    "deep.json": (b"[" * 100_000, "nested too deeply"),
    "deep.toml": (b"x = " + b"[" * 100_000, "(nested too deeply|is no TOML)"),
    "digits.json": (b'{"lens": {"f_number": 1' + b"0" * 5000 + b"}}", "is no JSON"),
    "bytes.json": (b"\xff\xfe\x00\x01", "no text in UTF-8"),
    "photo.json": (b"\x89PNG\r\n\x1a\n" + bytes(100), "no text in UTF-8"),
    "huge.json": (b" " * 2_000_000, "more than 1048576 bytes"),
    "newer.json": (b'{"d2f_sidecar": 2, "settings": {}}', "sidecar of version 2, this d2f reads 1"),
    "odd version.json": (b'{"d2f_sidecar": true, "settings": {}}', "sidecar of version True"),
    "hollow.json": (b'{"d2f_sidecar": 1}', "sidecar without settings"),
    "half.json": (b'{"focus": {"mode": "point"}}', "point"),
    "cross.json": (b'{"lens": {"roundness": 1}}', "blades"),
}


@pytest.mark.parametrize("name", BAD_CONTENT)
def test_what_is_no_settings_file_is_told_in_one_sentence(name, tmp_path):
    """The message names the file and what is wrong in it."""
    content, words = BAD_CONTENT[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words) as refused:
        Settings.load(tmp_path / name)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_files_that_cannot_be_read_are_told(tmp_path):
    """A missing file, a folder, a pipe, a link to itself, and what is no name."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop.json").symlink_to("loop.json")
    for name in ("none.json", ".", "pipe.json", "loop.json", "a\0b.json", "y" * 300):
        with pytest.raises(PhotoError):
            Settings.load(tmp_path / name)
    with pytest.raises(UsageError, match="3 is no path"):
        Settings.load(3)


def test_damaged_sidecars_give_settings_or_a_sentence(tmp_path):
    """Cut short or with a byte changed, a file is loaded or refused, never a crash."""
    path = tmp_path / "look.d2f.json"
    whole = json.dumps({"d2f_sidecar": 1, "settings": json.loads(LOOK.model_dump_json())}).encode()
    damaged = [whole[:end] for end in range(0, len(whole), 7)]
    damaged += [whole[:at] + b"\x7b" + whole[at + 1 :] for at in range(0, len(whole), 5)]
    damaged += [whole[:at] + b"9" + whole[at:] for at in range(0, len(whole), 5)]
    refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            Settings.load(path)
        except D2FError:
            refused += 1
    assert refused > len(damaged) / 2


def test_plain_python_settings_survive_their_own_dump(tmp_path):
    """`json.dumps(settings.model_dump(mode="json"))` is a settings file, too."""
    path = Path(tmp_path / "look.json")
    path.write_text(json.dumps(LOOK.model_dump(mode="json")))
    assert Settings.load(path) == LOOK
