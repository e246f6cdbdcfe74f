"""Depth that a photo brings along, from the shell: used, respected, and written back."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import IFDRational

from d2f.files import embedded_depth, embedded_original
from d2f.files.embed_depth import embed_depth

# Middlebury 2014, "Motorcycle" at the size of scikit-image: focal length and offset of the
# principal points in pixels, distance of the cameras in metres.
FOCAL_PX, OFFSET_PX, BASELINE_M = 994.978, 31.086, 0.193001
POINTS = {  # row, column
    "tank": (190, 420),
    "front tyre": (390, 668),
    "headlamp": (150, 540),
    "bench": (117, 150),
    "floor": (480, 300),
}
RADIUS_ERROR_PX = 0.5  # as promised; worst seen 4.2e-5
STORED_ERROR = 1e-4  # of the range of disparity, after a JPEG with 16-bit depth


def depth_of_motorcycle() -> tuple[np.ndarray, np.ndarray]:
    """Photo and depth in metres, infinity where the data set knows nothing."""
    data = pytest.importorskip("skimage.data", reason="needs scikit-image's stereo_motorcycle")
    try:
        photo, _, disparity_px = data.stereo_motorcycle()
    except Exception as error:  # some builds fetch it
        pytest.skip(f"stereo_motorcycle cannot be had here: {error}")
    return photo, FOCAL_PX * BASELINE_M / (disparity_px + OFFSET_PX)


def depth_of_ramp() -> tuple[np.ndarray, np.ndarray]:
    """The same geometry without the data set: a slope in stereo disparity behind a box."""
    rows, cols = np.mgrid[:500, :741]
    disparity_px = 8 + 45 * rows / 500 + 3 * cols / 741
    disparity_px[150:300, 300:560] = 50
    picture = np.stack([rows % 256, cols % 256, (rows + cols) % 256], -1).astype(np.uint8)
    return picture, FOCAL_PX * BASELINE_M / (disparity_px + OFFSET_PX)


def jpeg_of(pixels: np.ndarray, **exif: float) -> bytes:
    """A JPEG whose EXIF says these things."""
    block = Image.Exif()
    names = {"f_number": 0x829D, "focal_mm": 0x920A, "equivalent_mm": 0xA405, "distance_m": 0x9206}
    block[0x0112] = 1
    for name, value in exif.items():
        block.get_ifd(0x8769)[names[name]] = (
            IFDRational(value) if name != "equivalent_mm" else value
        )
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92, exif=block)
    return file.getvalue()


def thin_lens_radius_px(depth_m: float, focus_m: float, *, focal_mm: float, f_number: float,
                        sensor_mm: float = 36, width_px: int = 741) -> float:  # fmt: skip
    """The circle of confusion as textbooks have it, signed, as a radius in pixels."""
    focal_m = focal_mm / 1000
    diameter_m = focal_m**2 / (f_number * (focus_m - focal_m)) * (focus_m - depth_m) / depth_m
    return diameter_m / 2 / (sensor_mm / 1000) * width_px


@pytest.mark.parametrize("scene", [depth_of_motorcycle, depth_of_ramp])
def test_metric_depth_gives_the_blur_of_a_thin_lens(scene, d2f_command, tmp_path):
    """f/2, 50 mm, focused on 2.4 m: radii at five named points are the formula's."""
    photo, depth_m = scene()
    path, saved = tmp_path / "moto.jpg", tmp_path / "defocus.npy"
    disparity = np.zeros(depth_m.shape, np.float32)
    known = np.isfinite(depth_m) & (depth_m > 0)
    disparity[known] = 1 / depth_m[known]
    path.write_bytes(embed_depth(jpeg_of(photo), disparity, container="gdepth", metric=True))
    options = ["--aperture", "f/2", "--focal-length", "50", "--focus", "2.4m"]
    outcome = d2f_command("render", path, *options, "--save-defocus", saved, "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["depth_source"] == "embedded"
    radii = np.load(saved)
    for name, point in POINTS.items():
        expected = thin_lens_radius_px(depth_m[point], 2.4, focal_mm=50, f_number=2)
        assert abs(expected) > 0.02, name
        assert radii[point] == pytest.approx(expected, abs=RADIUS_ERROR_PX), name
        assert radii[point] == pytest.approx(expected, rel=0.02, abs=2e-3), name


@pytest.fixture
def phone_photo(tmp_path: Path, photo_srgb: np.ndarray) -> Path:
    """A phone's photo with Dynamic Depth: 6 mm f/1.8, 26 mm on full frame."""
    disparity = np.full((48, 64), 0.3, np.float32)
    disparity[14:42, 18:46] = 0.8
    jpeg = jpeg_of(photo_srgb, f_number=1.8, focal_mm=6.0, equivalent_mm=26)
    path = tmp_path / "phone.jpg"
    path.write_bytes(embed_depth(jpeg, disparity, container="dynamic", metric=True))
    return path


def defocus(d2f_command, photo: Path, *options: str) -> np.ndarray:
    """The defocus map of a render focused on the subject."""
    saved = photo.with_name("saved.npy")
    asked = ["--focus", "0.5,0.58", *options, "--save-defocus", saved, "--overwrite"]
    outcome = d2f_command("render", photo, *asked)
    assert outcome.code == 0, outcome.err
    return np.load(saved)


def test_the_f_number_is_that_of_a_full_frame_lens_of_the_same_view(d2f_command, phone_photo):
    """Where the shot tells its lens, f/1.4 is f/1.4 at its own angle of view; its blur counts."""
    found = defocus(d2f_command, phone_photo, "--aperture", "f/1.4")[0, 0]
    sides = 26 / np.hypot(36, 24) * np.hypot(128, 96) / 128
    wanted = thin_lens_radius_px(1 / 0.3, 1 / 0.8, focal_mm=36 * sides, f_number=1.4, width_px=128)
    own = thin_lens_radius_px(
        1 / 0.3, 1 / 0.8, focal_mm=6, f_number=1.8, sensor_mm=6 / sides, width_px=128
    )
    assert 0 < abs(own) < abs(wanted)
    assert found == pytest.approx(-np.sqrt(wanted**2 - own**2), rel=2e-3)


def test_a_shot_that_is_blurred_enough_stays_as_it_is(d2f_command, phone_photo, tmp_path):
    """f/16 of full frame is less than the phone's own lens does: nothing is added."""
    assert not defocus(d2f_command, phone_photo, "--aperture", "f/16").any()
    with Image.open(phone_photo) as before, Image.open(tmp_path / "phone.bokeh.jpg") as after:
        difference = np.abs(np.asarray(before).astype(int) - np.asarray(after))
    assert difference.mean() < 1


def test_the_shot_s_own_focus_counts(d2f_command, tmp_path, photo_srgb):
    """A lens that focused on the wall has blurred the subject, and nothing can take that away."""
    disparity = np.full((48, 64), 0.5, np.float32)
    disparity[14:42, 18:46] = 2.0
    jpeg = jpeg_of(photo_srgb, f_number=2.0, focal_mm=50.0, equivalent_mm=50, distance_m=2.0)
    path = tmp_path / "photo.jpg"
    path.write_bytes(embed_depth(jpeg, disparity, container="gdepth", metric=True))
    radii = defocus(d2f_command, path, "--aperture", "f/2.1", "--focus", "2m")
    assert not radii.any()  # 36 mm are a little wider than a 4:3 sensor of that diagonal
    on_subject = defocus(d2f_command, path, "--aperture", "f/2", "--focus", "0.5m")
    sides = 50 / np.hypot(36, 24) * np.hypot(128, 96) / 128
    assert on_subject[56, 64] == 0
    assert on_subject[0, 0] == pytest.approx(
        thin_lens_radius_px(2, 0.5, focal_mm=36 * sides, f_number=2, width_px=128), rel=1e-2
    )


def test_depth_can_be_left_to_the_model_or_demanded(d2f_command, phone_photo, photo_file):
    """auto takes the file's depth, model does not, embedded insists."""
    for wish, source in (("auto", "embedded"), ("embedded", "embedded"), ("model", "model")):
        outcome = d2f_command("render", phone_photo, "--depth", wish, "--json", "--overwrite")
        assert json.loads(outcome.out)["depth_source"] == source
    outcome = d2f_command("render", photo_file, "--depth", "embedded")
    assert outcome.code == 1
    assert "holds no depth" in outcome.err


def test_a_map_beside_the_photo_is_its_own(d2f_command, photo_file, photo_srgb):
    """NAME.depth.npy belongs to NAME.png, and is no photo of its folder."""
    beside = photo_file.with_name("photo.depth.npy")
    np.save(beside, np.linspace(0, 1, 128 * 96, dtype=np.float32).reshape(96, 128))
    outcome = d2f_command("render", photo_file, "--json")
    assert json.loads(outcome.out)["depth_source"] == "file"
    png = photo_file.with_name("photo.depth.png")
    Image.fromarray(photo_srgb[..., 0]).save(png)
    outcome = d2f_command("render", photo_file.parent, "-o", photo_file.parent / "out", "--quiet")
    assert outcome.code == 0, outcome.err
    assert [path.name for path in (photo_file.parent / "out").iterdir()] == ["photo.bokeh.png"]


def test_damaged_depth_is_passed_over_with_a_word(d2f_command, phone_photo):
    """The photo is rendered with the model's depth, and the reason is told; embedded insists."""
    phone_photo.write_bytes(phone_photo.read_bytes()[:-20])
    outcome = d2f_command("render", phone_photo, "--json")
    assert outcome.code == 0, outcome.err
    told = json.loads(outcome.out)
    assert told["depth_source"] == "model"
    assert any("passed over" in words for words in told["warnings"])
    assert d2f_command("render", phone_photo, "--depth", "embedded", "--overwrite").code == 1


def test_hostile_depth_is_refused(d2f_command, phone_photo):
    """A path in the container's directory is no mere damage."""
    content = phone_photo.read_bytes().replace(b"android/depthmap", b"../../../depthma")
    phone_photo.write_bytes(content)
    outcome = d2f_command("render", phone_photo)
    assert outcome.code == 1
    assert "a path or an address" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("container", ["gdepth", "dynamic"])
def test_what_was_rendered_with_goes_into_the_file(container, d2f_command, phone_photo, tmp_path):
    """Disparity reads back the same, in 1/m; the untouched photo is in it, byte for byte."""
    out, saved = tmp_path / "out.jpg", tmp_path / "disparity.npy"
    asked = ["--embed-depth", container, "--embed-original", "--save-disparity", saved]
    outcome = d2f_command("render", phone_photo, "-o", out, *asked)
    assert outcome.code == 0, outcome.err
    found = embedded_depth(out)
    used = np.load(saved)
    assert (found.container, found.metric) == (container, True)
    assert np.abs(found.disparity - used).max() < STORED_ERROR * np.ptp(used)
    assert embedded_original(out) == phone_photo.read_bytes()
    outcome = d2f_command("render", out, "--json")
    assert json.loads(outcome.out)["depth_source"] == "embedded"


def test_the_model_s_depth_goes_into_the_file(d2f_command, photo_file, tmp_path):
    """Depth made from one photo, relative as it is, is read back as relative."""
    out, saved = tmp_path / "out.jpg", tmp_path / "disparity.npy"
    asked = ["--embed-depth", "gdepth", "--save-disparity", saved]
    outcome = d2f_command("render", photo_file, "-o", out, *asked)
    assert outcome.code == 0, outcome.err
    found = embedded_depth(out)
    assert not found.metric
    assert found.disparity == pytest.approx(np.load(saved), abs=2e-4)


def test_names_that_cannot_hold_depth_are_refused_early(d2f_command, photo_file, tmp_path):
    """PNG holds none; an original alone makes no sense."""
    outcome = d2f_command("render", photo_file, "--embed-depth", "gdepth")
    assert outcome.code == 2
    assert "ends in .jpg" in outcome.err
    outcome = d2f_command("render", photo_file, "-o", tmp_path / "o.jpg", "--embed-original")
    assert outcome.code == 2
    assert "embed_depth" in outcome.err


def test_a_heic_carries_depth_and_original(d2f_command, phone_photo, tmp_path):
    """In 8 bits: within half a code of the range; rendered again, its own depth is used."""
    pytest.importorskip("pillow_heif", reason='needs pip install "d2f[heic-write]"')
    out, saved = tmp_path / "out.heic", tmp_path / "disparity.npy"
    asked = ["--embed-depth", "heic", "--embed-original", "--save-disparity", saved]
    outcome = d2f_command("render", phone_photo, "-o", out, *asked)
    assert outcome.code == 0, outcome.err
    found, used = embedded_depth(out), np.load(saved)
    assert (found.container, found.metric) == ("heic", True)
    assert np.abs(found.disparity - used).max() < 0.51 / 255 * np.ptp(used)
    assert embedded_original(out) == phone_photo.read_bytes()
    outcome = d2f_command("render", out, "-o", tmp_path / "again.jpg", "--json")
    assert json.loads(outcome.out)["depth_source"] == "embedded"


@pytest.mark.parametrize(
    ("container", "suffix"), [("gdepth", ".jpg"), ("dynamic", ".jpg"), ("heic", ".heic")]
)
def test_a_new_focus_starts_from_the_original(
    container, suffix, d2f_command, phone_photo, tmp_path
):
    """Blurred once with the original inside, then not at all: the original's pixels, and a word."""
    if suffix == ".heic":
        pytest.importorskip("pillow_heif", reason='needs pip install "d2f[heic-write]"')
    out, again = tmp_path / f"out{suffix}", tmp_path / "again.png"
    asked = ["--embed-depth", container, "--embed-original", "--aperture", "f/0.5"]
    outcome = d2f_command("render", phone_photo, "-o", out, *asked)
    assert outcome.code == 0, outcome.err
    outcome = d2f_command("render", out, "-o", again, "--aperture", "inf")
    assert "untouched original" in outcome.err
    with Image.open(phone_photo) as photo, Image.open(again) as found:
        wanted = np.asarray(ImageOps.exif_transpose(photo))
        np.testing.assert_array_equal(np.asarray(found), wanted)
    twice = tmp_path / f"twice{suffix}"
    outcome = d2f_command("render", out, "-o", twice, *asked)
    assert embedded_original(twice) == phone_photo.read_bytes()


def test_an_original_of_another_size_is_passed_over(d2f_command, phone_photo, tmp_path):
    """A picture that was cut since is rendered as it is, and that is told."""
    out = tmp_path / "out.jpg"
    asked = ["--embed-depth", "gdepth", "--embed-original"]
    assert d2f_command("render", phone_photo, "-o", out, *asked).code == 0
    other = io.BytesIO()
    Image.new("RGB", (64, 32)).save(other, "JPEG")
    found = embedded_depth(out)
    out.write_bytes(
        embed_depth(
            out.read_bytes(), found.disparity, container="gdepth", metric=found.metric,
            original=other.getvalue(),
        )
    )  # fmt: skip
    outcome = d2f_command("render", out)
    assert outcome.code == 0, outcome.err
    assert "another size" in outcome.err


def test_a_phones_portrait_stays_as_it_is(d2f_command, phone_photo, tmp_path):
    """Blur that d2f has not made is the photographer's."""
    portrait = phone_photo.with_name("portrait.jpg")
    depth = np.tile(np.linspace(0.1, 1, 64, dtype=np.float32), (48, 1))
    plain = jpeg_of(np.full((96, 128, 3), 90, np.uint8))
    portrait.write_bytes(
        embed_depth(
            plain,
            depth,
            container="gdepth",
            metric=True,
            original=jpeg_of(np.zeros((96, 128, 3), np.uint8)),
        )
    )
    outcome = d2f_command("render", portrait, "-o", tmp_path / "a.png", "--aperture", "inf")
    assert outcome.code == 0, outcome.err
    assert np.asarray(Image.open(tmp_path / "a.png")).min() > 80
