"""Lamps regain their light; white things do not."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from d2f.errors import UsageError
from d2f.light import radiance_from_codes, recover_highlights
from d2f.light.lamp_model import FEATURES
from d2f.optics import SRGB, light_from_codes

LETTERS_RAISED = 1e-4  # share of pixels; none seen
SNOW_RAISED = 1e-4  # none seen


def street_at_night(rows=240, cols=320):
    """A dark picture with three small clipped lamps."""
    photo = np.full((rows, cols, 3), 20, np.uint8)
    for y, x in [(60, 50), (100, 200), (180, 120)]:
        photo[y : y + 3, x : x + 3] = 255
    return photo


def test_small_lamps_on_a_dark_ground_become_bright():
    """Each lamp gains at least eight times the light, and nothing else changes."""
    photo = street_at_night()
    plain, radiance = light_from_codes(photo, SRGB), recover_highlights(photo)
    lamps = photo[..., 0] == 255
    assert (radiance[lamps] > 8).all()
    np.testing.assert_array_equal(radiance[~lamps], plain[~lamps])


@pytest.mark.parametrize("radius_px", [2, 3, 4])
def test_a_warm_lamp_keeps_its_colour(radius_px):
    """Where red alone was clipped, it rises to no more than four times the green beside it."""
    photo = np.full((480, 640, 3), 12, np.uint8)
    y, x = np.mgrid[:480, :640]
    photo[np.hypot(y - 240, x - 320) <= radius_px] = (255, 217, 115)
    red, green, blue = recover_highlights(photo)[240, 320]
    assert 1 < red <= 4.001 * green
    seen = light_from_codes(np.array([[[255, 217, 115]]], np.uint8), SRGB)[0, 0]
    np.testing.assert_array_equal((green, blue), seen[1:])


def test_strength_zero_is_plain_linear_light():
    """To the byte."""
    photo = street_at_night()
    assert (
        recover_highlights(photo, strength=0).tobytes() == light_from_codes(photo, SRGB).tobytes()
    )


def test_recovered_highlights_are_the_radiance_of_srgb_codes():
    """One way to recover light, under two names."""
    photo = street_at_night()
    expected = radiance_from_codes(photo, SRGB, highlights=0.7)
    np.testing.assert_array_equal(recover_highlights(photo, strength=0.7), expected)


def test_strength_scales_the_recovery_in_log_light():
    """Half the strength gives the square root of the gain."""
    photo = street_at_night()
    whole = np.log2(recover_highlights(photo)[61, 51])
    half = np.log2(recover_highlights(photo, strength=0.5)[61, 51])
    np.testing.assert_allclose(half, whole / 2, rtol=1e-5)


def white_things(kind, ground, rng):
    """An 8-bit picture of small white things on a ground, as cameras and drawings show them."""
    picture = Image.new("RGB", (640, 480), ground)
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = rng.uniform(0, 600), rng.uniform(0, 450)
        if kind == "letters":
            draw.text((x, y), "Bokeh, i.e. blur", fill=(255, 255, 255))
        else:
            draw.rectangle((x, y, x + 40, y + 30), fill=(255, 255, 250))
    return np.asarray(picture)


def clouds(rng, low, high):
    """Smooth random brightness that clips here and there, with a little noise."""
    coarse = rng.uniform(low, high, (13, 17)).astype(np.float32)
    smooth = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC))
    noisy = smooth + rng.normal(0, 1.5, smooth.shape)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("kind", ["letters", "paper"])
@pytest.mark.parametrize("ground", [(20, 20, 25), (120, 110, 100)], ids=["dark", "mid grey"])
def test_white_letters_and_paper_stay_white(kind, ground):
    """At most one pixel in ten thousand is taken for a lamp."""
    photo = white_things(kind, ground, np.random.default_rng(0))
    raised = recover_highlights(photo).max(axis=2) > 1.5
    assert raised.mean() < LETTERS_RAISED


@pytest.mark.parametrize(("low", "high"), [(180, 275), (215, 300), (90, 290)])
def test_skies_and_snow_stay_white(low, high):
    """Where brightness rises gently to white, no light was lost that we could know of."""
    photo = clouds(np.random.default_rng(1), low, high)
    raised = recover_highlights(photo).max(axis=2) > 1.5
    assert raised.mean() < SNOW_RAISED


def true_and_seen(name):
    """The all-in-focus radiance and the photo of a scene of the ground truth."""
    folder = Path(__file__).resolve().parents[2].parent / "shared/groundtruth/dev"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    radiance = np.load(folder / f"{name}.npz")["aif"].astype(np.float32)
    return radiance, np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))


@pytest.mark.parametrize("name", ["night_both", "night_back", "glints"])
def test_half_of_the_lost_light_is_found_in_log_light(name):
    """On clipped pixels of the lamps of rendered scenes, the mean error in log2 halves."""
    truth, photo = true_and_seen(name)
    plain, recovered = light_from_codes(photo, SRGB), recover_highlights(photo)
    lamps = truth.max(axis=2) > 4
    errors = [
        np.abs(np.log2(light[lamps].max(axis=1) / truth[lamps].max(axis=1))).mean()
        for light in (plain, recovered)
    ]
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("name", ["portrait", "layers", "checks_text", "slanted_brick", "macro"])
def test_scenes_without_lamps_stay_what_they_are(name):
    """Nothing gains light where nothing shines."""
    _, photo = true_and_seen(name)
    raised = recover_highlights(photo).max(axis=2) > 1.5
    assert raised.mean() < 1e-4


def test_the_features_are_those_of_the_fit():
    """A model fitted on other features must not be read."""
    text = resources.files("d2f.light").joinpath("lamp_model.json").read_text("utf-8")
    assert tuple(json.loads(text)["features"]) == FEATURES


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_no_byte(threads):
    """Blobs are joined in reading order whatever finds them."""
    photo = street_at_night()
    expected = recover_highlights(photo, threads=3).tobytes()
    assert recover_highlights(photo, threads=threads).tobytes() == expected


def test_a_strength_outside_0_to_1_is_refused():
    """The message names the value."""
    with pytest.raises(UsageError, match=r"strength=1.5"):
        recover_highlights(street_at_night(), strength=1.5)


def test_a_photo_of_another_kind_is_refused():
    """The message names type and shape."""
    with pytest.raises(UsageError, match="float64"):
        recover_highlights(np.zeros((4, 4, 3)))
    with pytest.raises(UsageError, match=r"\(4, 4\)"):
        recover_highlights(np.zeros((4, 4), np.uint8))
