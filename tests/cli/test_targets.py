"""Which photo goes into which file."""

from __future__ import annotations

import pytest

from d2f.cli.targets import plan_jobs
from d2f.errors import UsageError
from d2f.settings import Settings
from d2f.settings.choices import settings_from_choices

NO_MAPS = {"defocus": None, "disparity": None, "mask": None}


def names(tmp_path, photos, output=None, *, settings=None, sidecar=False):
    """Photo and output names of the jobs that are planned."""
    jobs = plan_jobs(
        [str(tmp_path / photo) for photo in photos],
        None if output is None else str(tmp_path / output),
        maps=NO_MAPS,
        settings=settings or Settings(),
        sidecar=sidecar,
    )
    return [(job.photo.name, *(path.name for path in job.targets)) for job in jobs]


def test_names_follow_photo_and_format(tmp_path):
    """The photo's ending, that of the format in use, or for camera files TIFF's."""
    assert names(tmp_path, ["a.JPG"]) == [("a.JPG", "a.bokeh.JPG")]
    assert names(tmp_path, ["a.heic"]) == [("a.heic", "a.bokeh.heic")]
    assert names(tmp_path, ["a.dng"]) == [("a.dng", "a.bokeh.tif")]
    avif = settings_from_choices(format="avif")
    assert names(tmp_path, ["a.dng"], settings=avif) == [("a.dng", "a.bokeh.avif")]
    assert names(tmp_path, ["a.png"], "b.webp", settings=avif) == [("a.png", "b.webp")]
    assert names(tmp_path, ["a.png"], "b.c.webp", sidecar=True) == [
        ("a.png", "b.c.webp", "b.c.d2f.json")
    ]


def test_a_folder_gives_its_photos_alone(tmp_path):
    """Photos of every format; not maps, hidden files, folders, or what d2f wrote."""
    for name in ("a.jpg", "b.avif", "c.NEF", "d.exr", "a.bokeh.jpg", "a.depth.png", "e.pfm",
                 ".f.jpg", "a.d2f.json", "notes.txt"):  # fmt: skip
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    assert [photo for photo, _ in names(tmp_path, ["."], "out")] == [
        "a.jpg", "b.avif", "c.NEF", "d.exr"
    ]  # fmt: skip


def test_a_link_that_leads_nowhere_is_no_folder(tmp_path):
    """A loop is told as what it is, before any work."""
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="loop is a link that leads nowhere"):
        names(tmp_path, ["a.jpg"], "loop")


def test_files_in_use_are_not_written_over(tmp_path):
    """A matte or a depth map is an input like the photo; each belongs to one photo."""
    for choices in ({"matte": tmp_path / "m.png"}, {"depth": tmp_path / "m.png"}):
        settings = settings_from_choices(**choices)
        with pytest.raises(UsageError, match="is an input"):
            names(tmp_path, ["a.png"], "m.png", settings=settings)
        with pytest.raises(UsageError, match="belong to one photo"):
            names(tmp_path, ["a.png", "b.png"], "out", settings=settings)
