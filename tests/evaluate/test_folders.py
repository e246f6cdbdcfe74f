"""Evaluation of a folder: what it reads, what it answers, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from d2f.cli import evaluate as commands
from d2f.errors import PhotoError, UsageError
from d2f.evaluate.depth import evaluate_depth
from d2f.evaluate.guesses import centre_map, row_map
from d2f.evaluate.subjects import evaluate_subjects


def write_scene(folder: Path, name: str, *, column: int) -> None:
    """A grey photo with a bright square, its mask, and disparity that grows downwards."""
    photo = np.full((60, 80, 3), 90, np.uint8)
    photo[20:44, column : column + 20] = 230
    mask = np.where(photo[..., 0] == 230, 255, 0).astype(np.uint8)
    disparity = (row_map((60, 80)) * 60000 + 2000).astype(np.uint16)
    Image.fromarray(photo).save(folder / f"{name}.jpg", quality=95)
    Image.fromarray(mask).save(folder / f"{name}.png")
    Image.fromarray(disparity).save(folder / f"{name}_invdepth16.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three scenes without index.csv."""
    for number, column in enumerate((5, 30, 55)):
        write_scene(tmp_path, f"scene{number}", column=column)
    return tmp_path


def test_a_map_that_is_the_mask_is_perfect(folder):
    """Brightness finds these subjects; the centre misses two of three."""
    report = evaluate_subjects(
        folder, predict=lambda photo: (photo[..., 0] > 160).astype(np.float32)
    )
    assert report["count"] == 3
    assert report["focus_hit"] == 1.0
    assert report["max_f"] > 0.99
    assert report["mae"] < 0.01
    assert report["baselines"]["centre"]["focus_hit"] == pytest.approx(1 / 3)


def test_row_as_depth_is_perfect_on_a_slope(folder):
    """The row baseline and a prediction of the same kind agree."""
    report = evaluate_depth(folder, predict=lambda photo: row_map(photo.shape) * 5 + 1)
    assert report["delta1"] == 1.0
    assert report["ordinal_error"] == 0.0
    assert report["boundary_f1"] is None
    assert report["baselines"]["row"]["ordinal_error"] == 0.0


def test_index_tells_scaling_kind_and_split(folder):
    """Real and pseudo truth are reported apart, and scenes can be chosen by split."""
    (folder / "index.csv").write_text(
        "name,scene,kind,scaling\n"
        "scene0,aims_lab,sensor depth,scale\n"
        "scene1,aims_lab,pseudo (network prediction),affine\n"
        "scene2,middlebury_Wood2,sensor depth,scale\n",
        encoding="utf-8",
    )
    report = evaluate_depth(folder, predict=lambda photo: row_map(photo.shape))
    assert report["real"]["count"] == 2
    assert report["pseudo"]["count"] == 1
    training = evaluate_depth(folder, split="training", predict=lambda photo: row_map(photo.shape))
    assert training["count"] == 2


def test_what_cannot_be_judged_is_refused(folder, tmp_path_factory):
    """An empty folder, an unknown split, and a split without scenes are wrong use."""
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(UsageError, match=r"holds no NAME\.jpg"):
        evaluate_subjects(empty, predict=lambda photo: centre_map(photo.shape))
    with pytest.raises(UsageError, match="split is 'half'"):
        evaluate_subjects(folder, split="half", predict=lambda photo: centre_map(photo.shape))
    with pytest.raises(UsageError, match="no scene"):
        evaluate_depth(folder, split="training", predict=lambda photo: row_map(photo.shape))


def test_truth_that_knows_nothing_is_refused(folder):
    """Where every code is 0, unknown, nothing can be judged."""
    for path in folder.glob("*_invdepth16.png"):
        Image.fromarray(np.zeros((60, 80), np.uint16)).save(path)
    with pytest.raises(UsageError, match="no truth above 0"):
        evaluate_depth(folder, predict=lambda photo: row_map(photo.shape))


def test_pictures_of_the_wrong_kind_are_named(folder):
    """A map in 8 bit, a mask in 16, a photo too small for any network; a mask may have alpha."""
    name = folder / "scene1"
    Image.fromarray(np.zeros((60, 80, 2), np.uint8)).save(f"{name}.png")
    assert evaluate_subjects(folder, predict=lambda photo: centre_map(photo.shape))["count"] == 3
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(f"{name}_invdepth16.png")
    with pytest.raises(PhotoError, match=r"scene1_invdepth16\.png.*16 bit grey"):
        evaluate_depth(folder, predict=lambda photo: row_map(photo.shape))
    Image.fromarray(np.zeros((60, 80), np.uint16)).save(f"{name}.png")
    with pytest.raises(PhotoError, match=r"scene1\.png.*8 bit grey"):
        evaluate_subjects(folder, predict=lambda photo: centre_map(photo.shape))
    Image.fromarray(np.zeros((1, 9, 3), np.uint8)).save(f"{name}.jpg")
    with pytest.raises(PhotoError, match=r"scene1\.jpg.*9 x 1 px"):
        evaluate_subjects(folder, predict=lambda photo: centre_map(photo.shape))


def test_commands_print_one_json_object(folder):
    """`d2f evaluate subjects|depth --json` answers with the promised keys."""
    runner = CliRunner()
    result = runner.invoke(commands.app, ["subjects", "--root", str(folder), "--json"])
    assert result.exit_code == 0, result.output
    assert {"focus_hit", "max_f", "mae"} <= set(json.loads(result.stdout))
    result = runner.invoke(commands.app, ["depth", "--root", str(folder), "--json"])
    assert result.exit_code == 0, result.output
    assert {"delta1", "ordinal_error", "boundary_f1"} <= set(json.loads(result.stdout))
    result = runner.invoke(commands.app, ["depth", "--root", str(folder)])
    assert "network: delta1 " in result.stdout
