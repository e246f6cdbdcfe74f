"""Hair along an outline: told by colour where colours differ, left alone where they do not."""

import numpy as np
import pytest

import d2f
from d2f.errors import UsageError
from d2f.fusion import native, reference, soft_outline
from d2f.fusion.outline import TONES
from d2f.optics import SRGB, codes_from_light

ROWS, COLS, SAMPLE_PX = 240, 320, 10
FAR_PX = -15.0
HAIR, WALL = np.array([0.05, 0.03, 0.02]), np.array([0.5, 0.6, 0.4])


def drawn(seed=0):
    """Coverage of a head on the left, with a hair of 2 px out of it in every eighth row."""
    rng = np.random.default_rng(seed)
    cover = np.zeros((ROWS, COLS), np.float32)
    cover[:, : COLS // 2] = 1
    for row in range(4, ROWS - 4, 8):
        cover[row : row + 2, COLS // 2 : COLS // 2 + 18] = rng.uniform(0.3, 0.9)
    return cover


def photo_of(cover, *, wall=WALL, seed=1):
    """Codes of that coverage before a wall, with a little noise."""
    noise = np.random.default_rng(seed).normal(1, 0.05, (*cover.shape, 1))
    light = (cover[..., None] * HAIR + (1 - cover[..., None]) * wall) * noise
    return codes_from_light(np.clip(light, 0, 1).astype(np.float32), SRGB, np.uint8)


def map_of(moved_px=0):
    """Defocus whose outline lies where the head's is, or some pixels beside."""
    defocus_px = np.full((ROWS, COLS), FAR_PX, np.float32)
    defocus_px[:, : COLS // 2 + moved_px] = 0
    return defocus_px


def test_hair_gets_its_coverage():
    """Within 0.15 (seen 0.12), on the mean of the hairs that stand out from the head."""
    cover = drawn()
    found = soft_outline(photo_of(cover), map_of(), sample_px=SAMPLE_PX)
    hair = (cover > 0) & (cover < 1)
    assert np.abs(found.matte[hair] - cover[hair]).mean() < 0.15
    assert (found.defocus_px[hair] == 0).all()
    bare = (cover == 0) & (found.defocus_px == FAR_PX)
    assert bare.sum() > 0.999 * (cover == 0).sum()
    assert (found.matte[cover == 1] == 1).mean() > 0.999


@pytest.mark.parametrize("moved_px", [-12, 9])
def test_an_outline_goes_where_the_colours_change(moved_px):
    """A map that is a sample off is mended, pixel by pixel."""
    cover = (drawn() == 1).astype(np.float32)
    found = soft_outline(photo_of(cover), map_of(moved_px), sample_px=SAMPLE_PX)
    near = np.where(found.defocus_px == 0, found.matte, 0)
    assert np.abs(near - cover)[2:-2].mean() < 0.2 * abs(moved_px) / COLS


def test_the_picture_comes_closer_to_the_truth():
    """Sharp hair over a blurred background, by two decibels."""
    cover, rng = drawn(), np.random.default_rng(3)
    wall = np.kron(rng.uniform(0.2, 0.9, (ROWS // 20, COLS // 20, 3)), np.ones((20, 20, 1)))
    radiance = (cover[..., None] * HAIR + (1 - cover[..., None]) * wall).astype(np.float32)
    behind = d2f.blur(wall.astype(np.float32), np.full((ROWS, COLS), FAR_PX, np.float32))
    truth = cover[..., None] * HAIR + (1 - cover[..., None]) * behind
    codes = codes_from_light(radiance, SRGB, np.uint8)
    found = soft_outline(codes, map_of(), sample_px=SAMPLE_PX)
    region = np.s_[20:-20, COLS // 2 : COLS // 2 + 20]

    def error(picture):
        return np.square(picture[region] - truth[region]).mean()

    plain = d2f.blur(radiance, map_of())
    soft = d2f.blur(radiance, found.defocus_px, matte=found.matte)
    assert error(soft) < 0.65 * error(plain)  # seen 0.55


@pytest.mark.parametrize(
    ("wall", "defocus_px", "sample_px"),
    [
        (HAIR * 1.1, map_of(), SAMPLE_PX),  # colours do not differ
        (WALL, np.zeros((ROWS, COLS), np.float32), SAMPLE_PX),  # nothing is blurred
        (WALL, map_of() * np.float32(0.1), SAMPLE_PX),  # hardly blurred
        (WALL, -map_of(), SAMPLE_PX),  # what is blurred lies in front
        (WALL, map_of(), 1.0),  # the map is as fine as the photo
    ],
)
def test_where_nothing_can_be_told_nothing_is(wall, defocus_px, sample_px):
    """The outline of the map stays."""
    assert soft_outline(photo_of(drawn(), wall=wall), defocus_px, sample_px=sample_px) is None


@pytest.mark.parametrize(
    ("photo", "defocus_px", "threads", "words"),
    [
        (photo_of(drawn())[:20], map_of(), 1, "resize the map first"),
        (photo_of(drawn())[..., 0], map_of(), 1, "the photo is uint8"),
        (photo_of(drawn()) / 255, map_of(), 1, "the photo is float64"),
        (photo_of(drawn()), map_of()[..., None], 1, "defocus_px is float32"),
        (photo_of(drawn()), map_of() * np.float32(np.nan), 1, "defocus_px holds NaN"),
        (photo_of(drawn()), map_of(), -1, "threads=-1"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(photo, defocus_px, threads, words):
    """Other sizes, types and numbers, before a kernel sees them."""
    with pytest.raises(UsageError, match=words):
        soft_outline(photo, defocus_px, sample_px=SAMPLE_PX, threads=threads)


def test_pixels_far_from_an_outline_keep_their_defocus():
    """A band of a few samples is all that changes."""
    found = soft_outline(photo_of(drawn()), map_of(), sample_px=SAMPLE_PX)
    away = np.abs(np.arange(COLS) - COLS // 2) > 5 * SAMPLE_PX
    np.testing.assert_array_equal(found.defocus_px[:, away], map_of()[:, away])
    assert (found.matte[:, away] == 1).all()


def test_native_outline_agrees_with_its_twin():
    """To the byte, where cells have trust, some, or none."""
    rng = np.random.default_rng(4)
    cells = rng.normal(0, 0.01, (9, 11, 7)).astype(np.float32)
    cells[..., 3:6] = rng.normal(0, 3, (9, 11, 3))
    cells[..., 6] = np.clip(rng.normal(0.3, 0.6, (9, 11)), 0, 1)
    cells[..., :6] *= cells[..., 6:]
    photo = rng.integers(0, 256, (101, 133, 3), np.uint8)
    defocus_px = rng.normal(-1, 2, (101, 133)).astype(np.float32)
    one = native.apply_outline(photo, TONES, defocus_px, cells, threads=1)
    three = native.apply_outline(photo, TONES, defocus_px, cells, threads=3)
    expected = reference.apply_outline(photo, TONES, defocus_px, cells)
    for told, again, wanted in zip(one, three, expected, strict=True):
        np.testing.assert_array_equal(told, wanted)
        np.testing.assert_array_equal(again, told)
