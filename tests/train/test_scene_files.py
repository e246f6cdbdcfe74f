"""Ray-traced scenes as files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2f.errors import PhotoError
from d2f.train.scene_files import RayTracedScene, read_scenes, write_scene, written_names

ABOUT = {"seed": "1", "kind": "outdoors", "subject": "", "assets": "fox", "licences": "CC0-1.0"}


def a_scene(name: str, *, has_subject: bool = True) -> RayTracedScene:
    """A small smooth scene."""
    ramp = np.linspace(0.0, 1.0, 24 * 32, dtype=np.float32).reshape(24, 32)
    photo = np.repeat(np.rint(ramp * 255.0).astype(np.uint8)[..., None], 3, axis=2)
    subject = np.where(ramp > 0.5, 255, 0).astype(np.uint8)
    return RayTracedScene(
        name=name, photo=photo, disparity=ramp, subject=subject, has_subject=has_subject
    )


def test_scenes_survive_a_round_trip(tmp_path: Path) -> None:
    """Depth to half a code, coverage exactly, the photo but for JPEG."""
    scenes = [a_scene("s1_00000"), a_scene("s1_00001", has_subject=False)]
    for scene in scenes:
        write_scene(tmp_path, scene, ABOUT)
    read = read_scenes(tmp_path)
    assert [scene.name for scene in read] == ["s1_00000", "s1_00001"]
    assert [scene.has_subject for scene in read] == [True, False]
    for before, after in zip(scenes, read, strict=True):
        np.testing.assert_allclose(after.disparity, before.disparity, atol=0.5 / 65535)
        np.testing.assert_array_equal(after.subject, before.subject)
        assert np.abs(after.photo.astype(int) - before.photo).max() <= 6  # JPEG
        assert (after.photo.dtype, after.disparity.dtype) == (np.uint8, np.float32)


def test_a_scene_whose_files_are_not_all_there_is_left_out(tmp_path: Path) -> None:
    """A generator may be at work in the folder."""
    for name in ("s1_00000", "s1_00001"):
        write_scene(tmp_path, a_scene(name), ABOUT)
    (tmp_path / "s1_00000_subject.png").unlink()
    with (tmp_path / "index.csv").open("a") as index:
        index.write("s1_00002,1,outd")  # a row that is being written
    assert [scene.name for scene in read_scenes(tmp_path)] == ["s1_00001"]
    assert written_names(tmp_path) == {"s1_00001"}


def test_a_folder_without_an_index_has_no_scenes_yet(tmp_path: Path) -> None:
    """Nothing is written, and that is no error."""
    assert read_scenes(tmp_path) == ()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The message says how to make one."""
    with pytest.raises(PhotoError, match=r"nowhere is no folder of scenes"):
        read_scenes(tmp_path / "nowhere")


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    """Not left out in silence."""
    write_scene(tmp_path, a_scene("s1_00000"), ABOUT)
    (tmp_path / "s1_00000.jpg").write_bytes(b"no picture")
    with pytest.raises(PhotoError, match=r"s1_00000\.jpg"):
        read_scenes(tmp_path)


def test_files_of_different_sizes_are_refused(tmp_path: Path) -> None:
    """All three sizes are told."""
    write_scene(tmp_path, a_scene("s1_00000"), ABOUT)
    Image.fromarray(np.zeros((12, 32), np.uint8)).save(tmp_path / "s1_00000_subject.png")
    with pytest.raises(PhotoError, match=r"s1_00000\.jpg.*\(24, 32\).*subject of \(12, 32\)"):
        read_scenes(tmp_path)


def test_a_row_that_was_broken_off_spoils_no_other(tmp_path: Path) -> None:
    """As a full disc leaves it."""
    write_scene(tmp_path, a_scene("s1_00000"), ABOUT)
    with (tmp_path / "index.csv").open("a") as index:
        index.write("s1_00001,1,outd")
    write_scene(tmp_path, a_scene("s1_00002"), ABOUT)
    assert written_names(tmp_path) == {"s1_00000", "s1_00002"}


def test_nothing_unfinished_is_left_behind(tmp_path: Path) -> None:
    """Each file is written under another name first."""
    write_scene(tmp_path, a_scene("s1_00000"), ABOUT)
    assert not list(tmp_path.glob(".*"))
    with Image.open(tmp_path / "s1_00000_disparity16.png") as image:
        assert image.mode == "I;16"
