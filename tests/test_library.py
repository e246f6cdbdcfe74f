"""The library's door: any kind of photo, one analysis for many renders, equal pixels everywhere."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

import d2f
from d2f.errors import PhotoError, UsageError


@pytest.fixture
def photo_file(tmp_path, photo_srgb):
    """The small photo as a lossless file."""
    path = tmp_path / "photo.png"
    Image.fromarray(photo_srgb).save(path)
    return path


def test_every_kind_gives_the_same_pixels_and_its_own_kind(photo_file, photo_srgb):
    """Path, string, bytes, PIL image, array and Photo are rendered alike."""
    expected = d2f.render(photo_srgb, f_number=2)
    assert expected.dtype == np.uint8
    image = d2f.render(Image.fromarray(photo_srgb), f_number=2)
    content = d2f.render(photo_file.read_bytes(), f_number=2)
    photo = d2f.render(photo_file, f_number=2)
    assert isinstance(image, Image.Image)
    assert isinstance(content, bytes)
    assert isinstance(photo, d2f.Photo)
    for pixels in (
        np.asarray(image),
        np.asarray(Image.open(io.BytesIO(content))),
        photo.pixels,
        d2f.render(str(photo_file), f_number=2).pixels,
        d2f.render(photo, f_number=float("inf")).pixels,
    ):
        np.testing.assert_array_equal(pixels, expected)


def test_library_and_command_line_give_the_same_bytes(photo_file, tmp_path, monkeypatch):
    """One way of a photo: `d2f render` and `d2f.render(output=)` write the same file."""
    from d2f.cli.app import main

    d2f.render(photo_file, output=tmp_path / "library.png", focus=(0.5, 0.6), f_number=1.2)
    choices = ["--focus", "0.5,0.6", "--aperture", "f/1.2"]
    command = ["d2f", "render", str(photo_file), "-o", str(tmp_path / "shell.png"), *choices]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    assert (tmp_path / "library.png").read_bytes() == (tmp_path / "shell.png").read_bytes()


def test_a_session_renders_many_times_what_render_renders_once(photo_srgb):
    """Renders of one session do not influence each other."""
    session = d2f.open(photo_srgb)
    first = session.render(focus=(0.5, 0.6), f_number=1.4)
    session.render(focus=(0.1, 0.1), blur_percent=4, highlights=0)
    np.testing.assert_array_equal(session.render(focus=(0.5, 0.6), f_number=1.4), first)
    np.testing.assert_array_equal(d2f.render(photo_srgb, focus=(0.5, 0.6), f_number=1.4), first)


def test_a_larger_f_number_never_blurs_more(photo_srgb):
    """Contrast outside the plane of focus rises with the f-number."""
    session = d2f.open(photo_srgb)
    contrast = [
        session.render(focus=(0.5, 0.6), f_number=number, grain=0).astype(float)[:20].std()
        for number in (1, 2, 4, 8, 16)
    ]
    assert contrast == sorted(contrast)


def test_where_nothing_is_blurred_pixels_are_the_originals(photo_srgb):
    """The in-focus mask keeps codes exactly."""
    rendered = d2f.open(photo_srgb).render_with_maps(f_number=2)
    kept = rendered.in_focus == 1
    assert kept.any()
    np.testing.assert_array_equal(rendered.photo.pixels[kept], photo_srgb[kept])


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_every_depth_of_pixels_is_rendered(dtype, photo_srgb):
    """8 bit, 16 bit and linear floats give the same picture within rounding."""
    expected = d2f.render(photo_srgb, focus=(0.5, 0.6), highlights=0, grain=0)
    if dtype is np.uint16:
        deep = photo_srgb.astype(np.uint16) * 257
        out = d2f.render(deep, focus=(0.5, 0.6), highlights=0, grain=0)
        assert np.abs(out / 257 - expected).max() <= 1.01
    else:
        from d2f.optics import SRGB, codes_from_light, light_from_codes

        linear = light_from_codes(photo_srgb, SRGB)
        out = d2f.render(linear, focus=(0.5, 0.6), highlights=0, grain=0)
        assert out.dtype == np.float32
        codes = codes_from_light(out, SRGB, np.uint8)
        opened = d2f.open(photo_srgb)
        maps = opened.render_with_maps(focus=(0.5, 0.6), highlights=0, grain=0).maps
        mixed = (maps["mask"] > 0) & (maps["mask"] < 1)
        error = np.abs(codes.astype(int) - expected)
        assert error[~mixed].max() <= 1
        # Sharp and blurred are mixed in the file's own codes, which here are light.
        assert mixed.mean() < 0.01
        assert error[mixed].max() <= 3


def test_grey_photos_stay_grey():
    """One channel in, one channel out."""
    rows, cols = np.mgrid[:64, :80]
    grey = ((rows * 5 + cols * 3) % 200).astype(np.uint8)
    assert d2f.render(grey, blur_percent=5).shape == (64, 80)


@pytest.mark.parametrize("shape", [(16, 16), (17, 400), (300, 19), (33, 47)])
def test_small_and_long_photos_are_rendered(shape):
    """From 16 x 16 on, panoramas included."""
    photo = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert d2f.render(photo).shape == photo.shape


@pytest.mark.parametrize(
    ("photo", "choices", "error", "words"),
    [
        (3.5, {}, UsageError, "float is no photo"),
        (np.zeros((4, 4, 3)), {}, UsageError, "float64"),
        (np.zeros((4, 4, 3), np.uint8), {}, PhotoError, "array has 4 x 4"),
        (np.zeros((40, 40, 5), np.uint8), {}, UsageError, r"\(40, 40, 5\)"),
        (np.full((40, 40, 3), np.nan, np.float32), {}, UsageError, "NaN"),
        (b"nonsense", {}, PhotoError, "no photo"),
        ("nowhere.jpg", {}, PhotoError, "does not exist"),
        (np.zeros((40, 40, 3), np.uint8), {"focus": (2, 0)}, UsageError, "focus"),
        (np.zeros((40, 40, 3), np.uint8), {"f_number": -1}, UsageError, "f_number=-1"),
        (np.zeros((40, 40, 3), np.uint8), {"wide": 1}, UsageError, "'wide'"),
        (np.zeros((40, 40, 3), np.uint8), {"focus": np.array([0.5, 2])}, UsageError, "focus"),
        (np.zeros((40, 40, 3), np.uint8), {"focus": "10"}, UsageError, "focus='10'"),
        (np.zeros((40, 40, 3), np.uint8), {"settings": {}}, UsageError, "dict"),
        (np.zeros((40, 40, 3), np.uint8), {"f_number": 1e-9}, UsageError, "f_number"),
        (np.zeros((40, 40, 3), np.uint8), {"rotation_deg": 1e300}, UsageError, "rotation_deg"),
        (np.zeros((40, 40, 3), np.uint8), {"output": 3}, UsageError, "output=3 is no path"),
        (np.zeros((40, 40, 3), np.uint8), {"output": "a\0.png"}, PhotoError, "null byte"),
        ("a\0.png", {"output": "b.png"}, PhotoError, "null byte"),
        (np.zeros((40, 40, 3), np.uint8), {"depth": 3}, UsageError, "depth.source=3"),
        (Image.new("F", (40, 40)), {}, UsageError, "mode F"),
        (Image.fromarray(np.full((40, 40), 70000, np.int32)), {}, UsageError, "16 bits"),
    ],
)
def test_what_is_no_photo_or_choice_is_named(photo, choices, error, words):
    """Errors of the library are those of the command line."""
    with pytest.raises(error, match=words):
        d2f.render(photo, **choices)


def test_depth_is_settled_when_a_photo_is_opened(photo_srgb):
    """A render cannot change what the analysis rests on."""
    with pytest.raises(UsageError, match="settled"):
        d2f.open(photo_srgb).render(depth="other.png")


def test_highlights_are_given_back_to_small_lamps_only():
    """A clipped dot in the dark gains light, a white page does not."""
    night = np.full((200, 200, 3), 8, np.uint8)
    night[100:103, 100:103] = 255
    assert d2f.recover_highlights(night).max() > 3
    page = np.full((200, 200, 3), 255, np.uint8)
    assert d2f.recover_highlights(page).max() <= 1.0001


def test_a_photo_is_not_written_over_by_its_render(photo_file):
    """The library refuses what the command line refuses."""
    before = photo_file.read_bytes()
    with pytest.raises(UsageError, match="is the photo itself"):
        d2f.render(photo_file, output=photo_file, overwrite=True)
    assert photo_file.read_bytes() == before


def test_deep_grey_images_keep_their_depth():
    """PIL images of 16-bit grey are not cut to 8 bits."""
    ramp = np.linspace(0, 60000, 64 * 64).reshape(64, 64)
    image = Image.fromarray(ramp.astype(np.int32))
    session = d2f.open(image)
    assert session.photo.pixels.dtype == np.uint16
    assert session.photo.pixels.max() == 60000


def test_settings_of_another_kind_are_refused_by_a_session(photo_srgb):
    """A dictionary is no settings object, in a session either."""
    with pytest.raises(UsageError, match="dict"):
        d2f.open(photo_srgb).render(settings={})


def test_a_matte_lets_the_background_through_the_hair(tmp_path, photo_srgb):
    """Grey pixels of the matte are rendered; a matte of the wrong shape is refused."""
    rows, cols = photo_srgb.shape[:2]
    matte = np.zeros((rows, cols), np.float32)
    matte[:, cols // 3 : 2 * cols // 3] = 1
    matte[:, cols // 3 - 6 : cols // 3] = 0.5
    np.save(tmp_path / "matte.npy", matte)
    depth = 0.2 + 0.6 * (matte > 0)
    np.save(tmp_path / "depth.npy", depth.astype(np.float32))
    choices = {"depth": tmp_path / "depth.npy", "focus": (0.5, 0.5), "f_number": 0.5}
    plain = d2f.render(photo_srgb, **choices)
    soft = d2f.render(photo_srgb, matte=tmp_path / "matte.npy", **choices)
    changed = np.flatnonzero((soft != plain).any(axis=(0, 2)))
    assert changed.size
    np.testing.assert_array_equal(soft[:, cols // 2], photo_srgb[:, cols // 2])
    np.save(tmp_path / "matte.npy", np.ones((rows, rows * 3)))
    with pytest.raises(PhotoError, match="aspect"):
        d2f.render(photo_srgb, matte=tmp_path / "matte.npy", **choices)


def test_an_aperture_picture_shapes_the_blur(tmp_path, photo_srgb):
    """A file's picture is the opening; with blades beside it, it is refused."""
    Image.fromarray(np.tri(32, dtype=np.uint8) * 255).save(tmp_path / "heart.png")
    round_opening = d2f.render(photo_srgb, f_number=0.5)
    own = d2f.render(photo_srgb, f_number=0.5, aperture_picture=tmp_path / "heart.png")
    assert (own != round_opening).any()
    with pytest.raises(UsageError, match="leave out blades"):
        d2f.render(photo_srgb, aperture_picture=tmp_path / "heart.png", blades=6)
    with pytest.raises(PhotoError, match="does not exist"):
        d2f.render(photo_srgb, aperture_picture=tmp_path / "none.png")


def test_subjects_and_faces_of_a_real_portrait_can_be_focused_on():
    """The astronaut: her face and herself; focus on the face keeps it, and says why."""
    data = pytest.importorskip("skimage.data", reason="needs scikit-image's astronaut")
    opened = d2f.open(data.astronaut())
    assert {subject.kind for subject in opened.subjects} == {"face", "subject"}
    face = next(subject for subject in opened.subjects if subject.kind == "face")
    rendered = opened.render_with_maps(focus="face")
    assert rendered.focus.point == face.point
    assert "eye" in rendered.summary()["focus"]["reason"]
    x, y, width, height = (round(512 * side) for side in face.box)
    middle = rendered.in_focus[y + height // 4 : y + height, x + width // 4 : x + 3 * width // 4]
    assert middle.mean() > 0.95


def test_a_photo_without_a_face_says_so(photo_srgb):
    """One sentence with another way."""
    with pytest.raises(UsageError, match=r"no face was found.*auto"):
        d2f.render(photo_srgb, focus="face")


def test_what_a_box_shows_is_sharp_and_the_rest_is_not(photo_srgb):
    """The box on the disc; its range is kept, the wall is blurred."""
    rendered = d2f.open(photo_srgb).render_with_maps(focus=(0.4, 0.5, 0.2, 0.2), f_number=1)
    assert rendered.in_focus[48:67, 52:76].min() == 1
    assert rendered.in_focus.min() == 0


@pytest.mark.parametrize("name", ["f_number", "focus", "depth", "tilt", "blades", "format"])
def test_an_array_for_a_choice_is_told_in_one_line(name, photo_srgb):
    """A value is quoted so that the message stays a sentence."""
    with pytest.raises(UsageError) as refused:
        d2f.render(photo_srgb, **{name: np.ones((30, 30))})
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300
