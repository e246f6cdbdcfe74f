"""Sidecars: how a picture was made, made again, and its look lent to another photo."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from d2f import Settings


@pytest.fixture
def made(d2f_command, photo_file, tmp_path):
    """A picture with a look of its own, and its sidecar."""
    np.save(tmp_path / "depth.npy", np.tile(np.linspace(1, 4, 128, dtype=np.float32), (96, 1)))
    outcome = d2f_command(
        "render", photo_file, "-o", tmp_path / "out" / "picture.png", "--sidecar",
        "--focus", "0.3,0.6", "--aperture", "f/2.8", "--blades", "7", "--grain", "0.5",
        "--depth", tmp_path / "depth.npy", "--depth-unit", "m", "--json",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["sidecar"] == str(tmp_path / "out" / "picture.d2f.json")
    return tmp_path / "out" / "picture.d2f.json"


def test_a_sidecar_tells_how_the_picture_was_made(made, photo_file):
    """Settings, the focus that was found, versions, weights and the photo's hash."""
    told = json.loads(made.read_text())
    assert told["photo"]["sha256"] == hashlib.sha256(photo_file.read_bytes()).hexdigest()
    assert (told["photo"]["name"], told["output"]) == ("photo.png", "picture.png")
    assert told["settings"]["lens"]["f_number"] == 2.8
    assert told["found"]["focus"]["x"] == pytest.approx(0.3, abs=0.01)
    assert 0 <= told["found"]["focus"]["confidence"] <= 1
    assert {"d2f", "numpy", "weights_sha256"} <= told["made_with"].keys()
    depth = photo_file.with_name("depth.npy")
    used = hashlib.sha256(depth.read_bytes()).hexdigest()
    assert told["made_with"]["files_sha256"] == {"depth.source": used}


def test_redone_from_its_sidecar_a_picture_has_the_same_bytes(made, d2f_command, photo_file):
    """`--settings` alone repeats every choice, its depth map included."""
    again = made.with_name("again.png")
    outcome = d2f_command("render", photo_file, "-o", again, "--settings", made, "--sidecar")
    assert outcome.code == 0, outcome.err
    assert again.read_bytes() == made.with_name("picture.png").read_bytes()
    first, second = (
        json.loads(made.read_text()),
        json.loads(again.with_suffix(".d2f.json").read_text()),
    )
    assert second.pop("output") != first.pop("output")
    assert second == first


def test_a_picture_and_its_files_may_move_together(made, d2f_command, tmp_path):
    """The depth map is named from the sidecar's folder."""
    shutil.copytree(tmp_path, tmp_path.with_name("moved"))
    shutil.rmtree(made.parent)
    moved = tmp_path.with_name("moved")
    settings = Settings.load(moved / "out" / "picture.d2f.json")
    assert settings.depth.file is not None
    assert settings.depth.file.resolve() == (moved / "depth.npy").resolve()


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".webp"])
def test_automatic_pictures_are_redone_in_every_format(suffix, d2f_command, photo_file, tmp_path):
    """Automatic focus finds the same plane again, and files are coded alike."""
    with Image.open(photo_file) as picture:
        picture.save(tmp_path / f"photo{suffix}")
    photo = tmp_path / f"photo{suffix}"
    assert d2f_command("render", photo, "--sidecar", "--blur", "3").code == 0
    look = tmp_path / "photo.bokeh.d2f.json"
    again = tmp_path / f"again{suffix}"
    assert d2f_command("render", photo, "-o", again, "--settings", look).code == 0
    assert again.read_bytes() == (tmp_path / f"photo.bokeh{suffix}").read_bytes()


def test_a_look_is_lent_to_another_photo(d2f_command, photo_file, tmp_path, photo_srgb):
    """Another photo gets the settings as they are; options win over them."""
    d2f_command("render", photo_file, "--sidecar", "--aperture", "f/4", "--squeeze", "1.5")
    look = photo_file.with_name("photo.bokeh.d2f.json")
    Image.fromarray(photo_srgb[:, ::-1]).save(tmp_path / "other.png")
    lent = d2f_command("render", tmp_path / "other.png", "--settings", look, "--sidecar", "--json")
    assert json.loads(lent.out)["f_number"] == 4
    assert (
        json.loads((tmp_path / "other.bokeh.d2f.json").read_text())["settings"]["lens"]["squeeze"]
        == 1.5
    )
    flagged = d2f_command(
        "render", tmp_path / "other.png", "--settings", look, "--aperture", "f/8", "--json",
        "--overwrite",
    )  # fmt: skip
    assert json.loads(flagged.out)["f_number"] == 8


def test_the_library_takes_a_sidecar(made, photo_file):
    """`Settings.load` gives the library what the command line used."""
    import d2f

    photo = d2f.render(photo_file, settings=Settings.load(made))
    with Image.open(made.with_name("picture.png")) as picture:
        np.testing.assert_array_equal(photo.pixels, np.asarray(picture))


def test_a_sidecar_is_kept_unless_it_may_be_replaced(made, d2f_command, photo_file):
    """An existing sidecar stops the render like an existing picture does."""
    made.with_name("picture.png").unlink()
    before = made.read_bytes()
    outcome = d2f_command("render", photo_file, "-o", made.with_name("picture.png"), "--sidecar")
    assert (outcome.code, made.read_bytes()) == (1, before)
    assert "picture.d2f.json exists already" in outcome.err
    assert not made.with_name("picture.png").exists()


def test_two_pictures_cannot_share_a_sidecar(d2f_command, photo_file, tmp_path):
    """Names that differ in their ending alone are refused before any work."""
    with Image.open(photo_file) as picture:
        picture.save(tmp_path / "photo.jpg")
    outcome = d2f_command(
        "render", photo_file, tmp_path / "photo.jpg", "-o", tmp_path / "out", "--sidecar"
    )
    assert outcome.code == 2
    assert "photo.bokeh.d2f.json" in outcome.err


def test_the_environment_names_a_settings_file(made, d2f_command, photo_file, monkeypatch):
    """D2F_SETTINGS lends a look to every render."""
    monkeypatch.setenv("D2F_SETTINGS", str(made))
    outcome = d2f_command("render", photo_file, "--json")
    assert json.loads(outcome.out)["f_number"] == 2.8


def test_a_settings_file_that_is_none_is_told(d2f_command, photo_file):
    """A photo is no settings file: exit code 2; a missing one: exit code 1."""
    wrong = d2f_command("render", photo_file, "--settings", photo_file)
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    missing = d2f_command("render", photo_file, "--settings", "none.json")
    assert (missing.code, missing.err.count("\n")) == (1, 1)


def test_names_that_are_no_utf8_come_back(d2f_command, photo_file, tmp_path):
    """File names may hold any bytes; sidecars keep them, and stay JSON."""
    odd = tmp_path / os.fsdecode(b"d\xff\xe4.npy")
    np.save(odd, np.tile(np.linspace(0, 1, 128, dtype=np.float32), (96, 1)))
    first = d2f_command("render", photo_file, "--depth", odd, "--sidecar", "--aperture", "f/inf")
    assert first.code == 0, first.err
    sidecar = tmp_path / "photo.bokeh.d2f.json"
    assert json.loads(sidecar.read_bytes())["settings"]["lens"]["f_number"] == "Infinity"
    settings = Settings.load(sidecar)
    assert settings.depth.file == odd
    assert settings.lens.f_number == float("inf")
