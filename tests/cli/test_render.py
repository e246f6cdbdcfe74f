"""`d2f render` from the shell: what it writes, prints, refuses."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2f.files import write_disparity_map


def files_in(folder: Path) -> set[str]:
    """Names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_default_output_lies_beside_the_photo(d2f_command, photo_file):
    """Without -o the picture is NAME.bokeh.EXT, and its name is printed."""
    outcome = d2f_command("render", photo_file)
    output = photo_file.with_name("photo.bokeh.png")
    assert outcome.code == 0, outcome.err
    assert str(output) in outcome.out
    with Image.open(output) as picture:
        assert picture.size == (128, 96)


def test_focus_point_is_in_focus(d2f_command, photo_file, tmp_path):
    """The saved defocus map is 0 within half a pixel at the point of focus."""
    saved = tmp_path / "defocus.npy"
    outcome = d2f_command("render", photo_file, "--focus", "0.2,0.8", "--save-defocus", saved)
    assert outcome.code == 0, outcome.err
    defocus_px = np.load(saved)
    assert defocus_px.shape == (96, 128)
    assert abs(defocus_px[int(0.8 * 96), int(0.2 * 128)]) < 0.5
    assert np.abs(defocus_px).max() > 1


def test_blur_percent_sets_the_largest_radius(d2f_command, photo_file, tmp_path):
    """--blur 4 gives the most blurred pixel a radius of 4 % of the long side."""
    saved = tmp_path / "defocus.npy"
    outcome = d2f_command("render", photo_file, "--blur", "4", "--save-defocus", saved)
    assert outcome.code == 0, outcome.err
    assert np.abs(np.load(saved)).max() == pytest.approx(0.04 * 128, rel=1e-3)


def test_a_pinhole_changes_nothing(d2f_command, photo_file, photo_srgb):
    """At f/inf every pixel is the original's."""
    outcome = d2f_command("render", photo_file, "--aperture", "f/inf")
    assert outcome.code == 0, outcome.err
    with Image.open(photo_file.with_name("photo.bokeh.png")) as picture:
        np.testing.assert_array_equal(np.asarray(picture), photo_srgb)


def test_json_line_tells_the_result(d2f_command, photo_file):
    """--json prints one object with output, focus, f-number and times."""
    outcome = d2f_command("render", photo_file, "--json", "--aperture", "f/2.8")
    result = json.loads(outcome.out)
    assert result["output"].endswith("photo.bokeh.png")
    assert result["f_number"] == 2.8
    assert 0 <= result["focus"]["x"] <= 1
    assert result["seconds"]["blurring"] >= 0


def test_quiet_prints_nothing(d2f_command, photo_file):
    """-q is silent when all goes well."""
    outcome = d2f_command("render", photo_file, "-q")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_a_depth_map_replaces_the_model(d2f_command, photo_file, tmp_path):
    """With --depth the plane of focus lies at the map's own disparity."""
    metres = np.tile(np.linspace(1, 4, 128, dtype=np.float32), (96, 1))
    np.save(tmp_path / "depth.npy", metres)
    outcome = d2f_command(
        "render", photo_file, "--depth", tmp_path / "depth.npy", "--depth-unit", "m",
        "--focus", "0.5,0.5", "--json",
    )  # fmt: skip
    result = json.loads(outcome.out)
    assert result["depth_source"] == "file"
    assert result["focus"]["disparity"] == pytest.approx(1 / metres[48, 64], rel=1e-3)


def test_a_folder_goes_on_past_a_bad_photo(d2f_command, photo_file, tmp_path):
    """A batch renders what it can, tells what failed, and exits with 1."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(photo_file, folder / "a.png")
    (folder / "b.jpg").write_text("not a photo")
    shutil.copy(photo_file, folder / "c.png")
    outcome = d2f_command("render", folder, "-o", tmp_path / "out")
    assert outcome.code == 1
    assert "b.jpg" in outcome.err
    assert "2 of 3 done, 1 failed" in outcome.err
    assert files_in(tmp_path / "out") == {"a.bokeh.png", "c.bokeh.png"}


def test_an_existing_output_is_kept(d2f_command, photo_file):
    """A file that exists is replaced only on request."""
    output = photo_file.with_name("photo.bokeh.png")
    output.write_bytes(b"precious")
    outcome = d2f_command("render", photo_file)
    assert outcome.code == 1
    assert "--overwrite" in outcome.err
    assert output.read_bytes() == b"precious"
    assert d2f_command("render", photo_file, "--overwrite").code == 0


def test_environment_gives_way_to_flags(d2f_command, photo_file, monkeypatch):
    """D2F_APERTURE holds where no flag is given."""
    monkeypatch.setenv("D2F_APERTURE", "f/4")
    assert json.loads(d2f_command("render", photo_file, "--json").out)["f_number"] == 4
    flagged = d2f_command("render", photo_file, "--json", "--overwrite", "--aperture", "f/8")
    assert json.loads(flagged.out)["f_number"] == 8


def bad_input_cases() -> dict[str, tuple[list[str], int, str]]:
    """Arguments (after `render`), exit code, and a word of the message."""
    return {
        "missing file": (["nowhere.jpg"], 1, "nowhere.jpg"),
        "text named jpg": (["text.jpg"], 1, "text.jpg"),
        "empty file": (["empty.jpg"], 1, "empty.jpg"),
        "truncated jpeg": (["truncated.jpg"], 1, "truncated.jpg"),
        "folder without -o": (["."], 2, "-o FOLDER"),
        "folder without photos": (["hollow", "-o", "out"], 1, "holds no photos"),
        "focus outside": (["photo.png", "--focus", "1.2,0.5"], 2, "1.2,0.5"),
        "focus in words": (["photo.png", "--focus", "nose"], 2, "nose"),
        "focus nan": (["photo.png", "--focus", "nan,0.5"], 2, "nan,0.5"),
        "aperture zero": (["photo.png", "--aperture", "f/0"], 2, "f/0"),
        "aperture in words": (["photo.png", "--aperture", "wide"], 2, "wide"),
        "negative blur": (["photo.png", "--blur", "-3"], 2, "--blur -3: "),
        "blur and aperture": (["photo.png", "--blur", "3", "--aperture", "f/2"], 2, "one of them"),
        "depth of other aspect": (["photo.png", "--depth", "square.npy"], 1, "square.npy"),
        "depth all nan": (["photo.png", "--depth", "nan.npy"], 1, "nan.npy"),
        "depth missing": (["photo.png", "--depth", "nowhere.npy"], 1, "nowhere.npy"),
        "depth is text": (["photo.png", "--depth", "text.jpg"], 1, "text.jpg"),
        "unit unknown": (["photo.png", "--depth", "nan.npy", "--depth-unit", "feet"], 2, "feet"),
        "unit of nothing": (["photo.png", "--depth-unit", "m"], 2, "--depth FILE"),
        "roundness of nothing": (["photo.png", "--roundness", "1"], 2, "blades"),
        "several into a file": (["photo.png", "whole.jpg", "-o", "out.jpg"], 2, "a folder for 2"),
        "gif": (["picture.gif"], 1, "no photo that d2f reads"),
        "output below a file": (["photo.png", "-o", "text.jpg/out.png"], 1, "text.jpg"),
        "output in no format": (["photo.png", "-o", "out.xyz"], 1, ".xyz"),
        "output is the input": (["photo.png", "-o", "photo.png", "--overwrite"], 2, "input"),
        "map is the input": (["photo.png", "--save-mask", "photo.png", "--overwrite"], 2, "input"),
        "map in no format": (["photo.png", "--save-mask", "mask.xyz"], 1, ".xyz"),
        "link to itself": (["loop.png"], 1, "loop.png"),
        "output into a link to itself": (["photo.png", "-o", "loop.png/o.png"], 1, "loop.png"),
        "name too long": (["y" * 300 + ".jpg"], 1, "File name too long"),
        "output name too long": (
            ["photo.png", "-o", "z" * 300 + ".png"],
            1,
            "zzz.png cannot be made",
        ),
        "output is a hard link of the input": (["photo.png", "-o", "hard.png"], 2, "input"),
        "picture and json in one": (["photo.png", "-o", "-", "--json"], 2, "-o -"),
        "turned beyond measure": (["photo.png", "--rotation", "1e308"], 2, "--rotation 1e308"),
        "aperture beyond measure": (
            ["photo.png", "--aperture", "f/0.0001"],
            2,
            "f/0.0001: should be",
        ),
        "too small": (["tiny.png"], 1, "tiny.png has 12 x 12"),
        "unknown option": (["photo.png", "--sharp"], 2, "--sharp"),
        "folder behind a photo": (["photo.png", "."], 2, "-o FOLDER"),
        "several with one map": (["photo.png", "b.png", "--save-mask", "m.png"], 2, "one photo"),
        "two outputs in one": (["photo.png", "hollow/../photo.png", "-o", "out"], 2, "two outputs"),
    }


@pytest.mark.parametrize("case", bad_input_cases())
def test_bad_input_gets_a_sentence_and_leaves_nothing(case, d2f_command, photo_file, monkeypatch):
    """Each mistake gives its exit code and one sentence, and no file appears or changes."""
    arguments, code, word = bad_input_cases()[case]
    folder = photo_file.parent
    monkeypatch.chdir(folder)
    (folder / "text.jpg").write_text("This is no photo.")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "hollow").mkdir()
    with Image.open(photo_file) as picture:
        picture.save("whole.jpg")
        picture.save("picture.gif")
        picture.resize((12, 12)).save("tiny.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "hard.png").hardlink_to(photo_file)
    (folder / "truncated.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:900])
    np.save("square.npy", np.ones((64, 64), np.float32))
    np.save("nan.npy", np.full((96, 128), np.nan, np.float32))
    before = files_in(folder)
    outcome = d2f_command("render", *arguments)
    assert outcome.code == code, outcome.err
    assert word in outcome.err
    assert "Traceback" not in outcome.err
    assert files_in(folder) == before


def test_an_output_that_is_a_folder_takes_the_default_name(d2f_command, photo_file, tmp_path):
    """-o FOLDER works for one photo, too."""
    (tmp_path / "out").mkdir()
    assert d2f_command("render", photo_file, "-o", tmp_path / "out").code == 0
    assert files_in(tmp_path / "out") == {"photo.bokeh.png"}


def test_an_output_folder_that_cannot_be_made(d2f_command, photo_file, tmp_path, monkeypatch):
    """A folder without permission is told before any work is done."""
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    outcome = d2f_command("render", photo_file, "-o", tmp_path / "locked" / "out.png")
    assert outcome.code == 1
    assert "permission" in outcome.err
    assert not (tmp_path / "locked").exists()


def test_inspect_tells_about_a_file(d2f_command, photo_file):
    """`d2f inspect` names format, size and depth, also as JSON."""
    outcome = d2f_command("inspect", photo_file)
    assert outcome.code == 0, outcome.err
    assert "PNG" in outcome.out
    facts = json.loads(d2f_command("inspect", photo_file, "--json").out)
    assert (facts["width"], facts["height"]) == (128, 96)
    assert facts["focus"]["reason"].startswith("on ")
    assert all(len(subject["box"]) == 4 for subject in facts["subjects"])
    assert isinstance(facts["warnings"], list)


def test_depth_writes_a_map_that_render_takes_back(d2f_command, photo_file, tmp_path):
    """`d2f depth` writes the disparity that `d2f render` would use."""
    saved = tmp_path / "disparity.tif"
    assert d2f_command("depth", photo_file, "-o", saved).code == 0
    own = d2f_command("render", photo_file, "-o", tmp_path / "own.png")
    given = d2f_command("render", photo_file, "-o", tmp_path / "given.png", "--depth", saved)
    assert (own.code, given.code) == (0, 0), given.err
    with Image.open(tmp_path / "own.png") as first, Image.open(tmp_path / "given.png") as second:
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


def test_saved_disparity_is_the_map_itself(tmp_path):
    """A float map comes back as it was written."""
    disparity = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    write_disparity_map(disparity, tmp_path / "d.npy", overwrite=False)
    np.testing.assert_array_equal(np.load(tmp_path / "d.npy"), disparity)


def test_help_starts_quickly():
    """`d2f --help` loads neither numpy nor pydantic nor Pillow (their import is the wait)."""
    import subprocess

    program = (
        "import sys; sys.argv = ['d2f', '--help']\n"
        "from d2f.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pydantic', 'PIL', 'onnxruntime', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "render" in result.stdout


def test_one_failed_map_takes_the_photo_with_it(d2f_command, photo_file, tmp_path, monkeypatch):
    """Nothing new stays when one of several outputs cannot be written."""
    from d2f import outputs
    from d2f.errors import PhotoError

    def refuse(*_values: object, **_options: object) -> None:
        raise PhotoError("the disc is full: make room.")

    monkeypatch.setattr(outputs, "write_picture", refuse)
    out = tmp_path / "out.png"
    outcome = d2f_command("render", photo_file, "-o", out, "--save-mask", tmp_path / "mask.png")
    assert outcome.code == 1
    assert files_in(tmp_path) == {"photo.png"}


def test_a_lone_failure_is_told_in_json_too(d2f_command, tmp_path):
    """With --json a program finds the error on stdout, a person on stderr."""
    outcome = d2f_command("render", tmp_path / "none.jpg", "--json")
    assert outcome.code == 1
    assert "does not exist" in json.loads(outcome.out)["error"]
    assert "does not exist" in outcome.err


def test_a_flag_beats_the_environment_of_the_other_strength(d2f_command, photo_file, monkeypatch):
    """--aperture wins over D2F_BLUR, since a flag is nearer than the environment."""
    monkeypatch.setenv("D2F_BLUR", "3")
    outcome = d2f_command("render", photo_file, "--aperture", "f/5", "--json")
    assert json.loads(outcome.out)["f_number"] == 5


def test_memory_that_runs_out_is_told_in_a_sentence(d2f_command, photo_file, monkeypatch):
    """No traceback where the system refuses memory."""

    def refuse(*_values: object, **_options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("d2f.scene.analyse", refuse)
    outcome = d2f_command("render", photo_file)
    assert outcome.code == 1
    assert "needs more memory" in outcome.err


def test_a_reader_that_goes_away_stops_nothing(photo_file, tmp_path):
    """A closed pipe ends neither the render nor with noise."""
    import subprocess

    program = Path(sys.executable).with_name("d2f")
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = subprocess.run(
        [program, "render", photo_file, "-o", tmp_path / "o.png", "--focus", "0.5,0.5"],
        stdout=write_end, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(write_end)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "o.png").is_file()


def test_a_missing_extra_names_its_install_line(d2f_command, photo_file, tmp_path, monkeypatch):
    """EXR without its extra: exit code 3, the exact command, and nothing left behind."""
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    saved = tmp_path / "defocus.exr"
    outcome = d2f_command("render", photo_file, "--save-defocus", saved)
    assert outcome.code == 3
    assert 'pip install "d2f[vfx]"' in outcome.err
    assert files_in(tmp_path) == {"photo.png"}


def test_doubts_are_told_beside_the_result(d2f_command, photo_file, tmp_path):
    """A distance on relative depth is a note on stderr; --json has it, --quiet does not."""
    wish = ("render", photo_file, "--focus", "2m", "--overwrite", "-o", tmp_path / "out.png")
    outcome = d2f_command(*wish)
    assert outcome.code == 0
    assert "note: 2 m is measured on relative depth" in outcome.err
    assert "2 m is measured" in json.loads(d2f_command(*wish, "--json").out)["warnings"][0]
    assert d2f_command(*wish, "-q").err == ""


@pytest.mark.parametrize("word", ["0.5,0.5,0.6,0.1", "0.5,0.5,0,0.1", "-1m", "0m", "1e9m", "eye"])
def test_a_focus_that_makes_no_sense_is_told(d2f_command, photo_file, word):
    """Exit code 2, with option and word."""
    outcome = d2f_command("render", photo_file, f"--focus={word}")
    assert outcome.code == 2
    assert f"--focus {word}: " in outcome.err
