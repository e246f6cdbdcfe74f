"""`d2f inspect`: all that a file says, and what is seen in it."""

from __future__ import annotations

import io
import json
import sys

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from d2f.files.embed_depth import embed_depth
from d2f.files.xmp import with_edit


@pytest.fixture
def shot(tmp_path, photo_srgb):
    """A JPEG as a camera writes it: turned, with lens data and a colour profile."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", "Maker X1"
    exif[ExifTags.Base.Orientation] = 6
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.FocalLength], details[ExifTags.Base.FNumber] = 35.0, 2.8
    details[ExifTags.Base.LensModel] = "X 35 mm"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "shot.jpg"
    Image.fromarray(photo_srgb).save(
        path, exif=exif, icc_profile=profile, subsampling=2, progressive=True
    )
    return path


def facts_of(d2f_command, *arguments: object) -> dict[str, object]:
    """The one JSON object that `d2f inspect ARGUMENTS --json` prints."""
    outcome = d2f_command("inspect", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_everything_that_a_camera_wrote_is_told(d2f_command, shot):
    """Format, coding, upright size, turn, colour, lens and the size of every block."""
    facts = facts_of(d2f_command, shot, "--no-analyse")
    assert (facts["format"], facts["coding"]) == ("JPEG", "progressive, 4:2:0")
    assert (facts["width"], facts["height"], facts["stored_orientation"]) == (96, 128, 6)
    assert (facts["bit_depth"], facts["channels"]) == ("8 bit", "RGB")
    assert (facts["camera"], facts["lens"]) == ("Maker X1", "X 35 mm")
    assert (facts["focal_length_mm"], facts["f_number"]) == (35, 2.8)
    assert "sRGB" in facts["icc_profile"]
    assert facts["file_bytes"] == shot.stat().st_size
    assert min(facts["icc_bytes"], facts["exif_bytes"]) > 0
    assert facts["xmp_bytes"] is facts["gain_map"] is facts["depth_container"] is None


@pytest.mark.parametrize("container", ["gdepth", "dynamic"])
def test_depth_inside_is_told(container, d2f_command, photo_file, tmp_path, photo_srgb):
    """Kind, unit, size and range of embedded depth, and the original that lies beside it."""
    plain = io.BytesIO()
    Image.fromarray(photo_srgb).save(plain, "JPEG")
    disparity = np.tile(np.linspace(0.25, 1, 128, dtype=np.float32), (96, 1))
    content = embed_depth(
        plain.getvalue(), disparity, container=container, metric=True, original=plain.getvalue()
    )
    (tmp_path / "deep.jpg").write_bytes(content)
    facts = facts_of(d2f_command, tmp_path / "deep.jpg", "--no-analyse")
    assert (facts["depth_container"], facts["depth_unit"]) == (container, "1/m")
    assert (facts["depth_width"], facts["depth_height"]) == (128, 96)
    assert facts["depth_range"] == pytest.approx([0.25, 1], rel=1e-3)
    assert facts["original_bytes"] == len(plain.getvalue())


def test_a_gain_map_is_told(d2f_command, photo_srgb, tmp_path):
    """A JPEG that announces light above white is named as such."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:hdrgm='
        b'"http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/></rdf:RDF></x:xmpmeta>'
    )
    Image.fromarray(photo_srgb).save(tmp_path / "bright.jpg", xmp=packet)
    facts = facts_of(d2f_command, tmp_path / "bright.jpg", "--no-analyse")
    assert facts["gain_map"] == "Ultra HDR"
    assert facts["xmp_bytes"] == len(packet)


def test_focus_and_subjects_are_looked_for_unless_told_not_to(d2f_command, photo_file):
    """The analysis is what takes time; `--no-analyse` reads the file alone."""
    facts = facts_of(d2f_command, photo_file)
    assert 0 <= facts["focus"]["confidence"] <= 1
    assert facts["focus"]["reason"]
    assert isinstance(facts["subjects"], list)
    assert "focus" not in facts_of(d2f_command, photo_file, "--no-analyse")


def test_a_person_reads_the_same_facts(d2f_command, shot):
    """Without --json each fact is a line, under the file's name; what is not there has none."""
    outcome = d2f_command("inspect", shot, "--no-analyse")
    lines = outcome.out.splitlines()
    assert lines[0] == str(shot)
    told = facts_of(d2f_command, shot, "--no-analyse")
    assert [line.split("  ")[1] for line in lines[1:]] == [
        name.replace("_", " ")
        for name, value in told.items()
        if name != "photo" and value is not None
    ]
    assert told["gain_map"] is None
    assert "gain map" not in outcome.out


def test_of_several_files_a_bad_one_stops_nothing(d2f_command, shot, tmp_path):
    """Each gets its object; the exit code tells that one failed."""
    (tmp_path / "bad.jpg").write_text("no photo")
    outcome = d2f_command("inspect", tmp_path / "bad.jpg", shot, "--json", "--no-analyse")
    first, second = map(json.loads, outcome.out.splitlines())
    assert outcome.code == 1
    assert "no photo" in first["error"]
    assert second["photo"] == str(shot)


def test_a_piped_photo_is_inspected(d2f_command, shot, monkeypatch):
    """`-` is standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(shot.read_bytes())))
    assert facts_of(d2f_command, "-", "--no-analyse")["camera"] == "Maker X1"


def test_an_earlier_edit_is_told(d2f_command, photo_srgb, tmp_path):
    """What d2f wrote into the file's XMP comes back by name."""
    packet = with_edit(None, {"focus": "0.3,0.6", "aperture": "f/1.8"})
    Image.fromarray(photo_srgb).save(tmp_path / "edited.jpg", xmp=packet)
    facts = facts_of(d2f_command, tmp_path / "edited.jpg", "--no-analyse")
    assert facts["edit"] == {"focus": "0.3,0.6", "aperture": "f/1.8"}
    told = d2f_command("inspect", tmp_path / "edited.jpg", "--no-analyse").out
    assert "focus 0.3,0.6, aperture f/1.8" in told
