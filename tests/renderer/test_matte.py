"""A matte gives soft coverage to hair: against truth made of known layers."""

from __future__ import annotations

import numpy as np
import pytest

import d2f
from d2f.arrays import FloatImage
from d2f.errors import UsageError
from d2f.optics import SRGB, codes_from_light
from d2f.renderer import near_defocus, soft_pixels
from d2f.renderer.scatter import scatter

ROWS, COLS, SUB = 72, 96, 8
HAIR = np.array([0.05, 0.03, 0.02], np.float32)
GAIN_DB = {(0, -9): 2.5, (0, -4): 2.0, (9, 0): 0.4}  # least; seen 4.0, 3.0 and 1.4 over no matte
ENERGY_TOL = 1e-4  # relative; worst seen 2e-5
MARGIN = 12  # px at the border, whose outside is unknown


def hairs(seed: int = 4) -> FloatImage:
    """Coverage of a head with forty fine hairs, averaged over 8 x 8 samples a pixel."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : ROWS * SUB, 0 : COLS * SUB] / SUB
    cover = np.hypot(y - ROWS, x - COLS / 2) < 0.45 * ROWS
    for _ in range(40):
        turn, bend, length = rng.uniform(-1.1, 1.1), rng.uniform(-0.01, 0.01), rng.uniform(10, 24)
        along = np.linspace(0, length, 8 * int(length))
        angle, away = turn + bend * along, 0.45 * ROWS + along - 1
        rows, cols = ROWS - np.cos(angle) * away, COLS / 2 + np.sin(angle) * away
        for row, col in zip((rows * SUB).astype(int), (cols * SUB).astype(int), strict=True):
            cover[max(row - 2, 0) : row + 3, max(col - 2, 0) : col + 3] = True
    means = cover.reshape(ROWS, SUB, COLS, SUB).mean(axis=(1, 3))
    return np.asarray(means, np.float32)


def wall() -> FloatImage:
    """Squares of random colours."""
    colours = np.random.default_rng(9).random((ROWS // 12, COLS // 12, 3), dtype=np.float32)
    return np.kron(0.1 + 0.9 * colours, np.ones((12, 12, 1), np.float32))


def spread(light: FloatImage, radius: float) -> FloatImage:
    """One surface, all at one defocus, exactly."""
    if radius == 0:
        return light
    return scatter(light, np.full(light.shape[:2], radius, np.float32))


def db(one: FloatImage, other: FloatImage) -> float:
    """PSNR of the sRGB codes within the margin."""
    inner = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    codes = [codes_from_light(np.clip(a[inner], 0, 1), SRGB, np.float32) for a in (one, other)]
    return float(-10 * np.log10(np.mean((codes[0] - codes[1]) ** 2)))


@pytest.mark.parametrize(("near", "far"), GAIN_DB)
def test_hair_with_a_matte_comes_closer_to_the_truth(near, far):
    """Sharp hair before a blurred wall, and blurred hair before a sharp one."""
    cover, behind = hairs(), wall()
    photo = cover[..., None] * HAIR + (1 - cover[..., None]) * behind
    seen = spread(np.repeat(cover[..., None], 3, axis=2), near)
    truth = seen * HAIR + (1 - seen) * spread(behind, far)
    defocus_px = np.where(cover > 0, near, far).astype(np.float32)
    plain = d2f.blur(photo, defocus_px)
    soft = d2f.blur(photo, defocus_px, matte=cover)
    assert db(soft, truth) > db(plain, truth) + GAIN_DB[near, far]


def test_one_surface_alone_needs_no_matte():
    """Mattes of 0 and 1 change nothing, nor do soft ones where nothing is hidden."""
    radiance = wall()
    defocus_px = np.where(np.arange(COLS) > 40, -7, 3).astype(np.float32) * np.ones(
        (ROWS, 1), np.float32
    )
    plain = d2f.blur(radiance, defocus_px)
    for matte in (np.zeros((ROWS, COLS)), np.ones((ROWS, COLS)), (hairs() > 0.5).astype(float)):
        np.testing.assert_array_equal(d2f.blur(radiance, defocus_px, matte=matte), plain)
    flat = np.full((ROWS, COLS), -5, np.float32)
    soft = np.full((ROWS, COLS), 0.4, np.float32)
    np.testing.assert_array_equal(d2f.blur(radiance, flat, matte=soft), d2f.blur(radiance, flat))


def test_a_soft_pixel_keeps_its_light():
    """What its matte parts are the pixel's own light: grey stays grey, sharp parts add up."""
    card = np.full((ROWS, COLS, 3), 0.6, np.float32)
    defocus_px = np.where(hairs() > 0, 0, -9).astype(np.float32)
    np.testing.assert_allclose(d2f.blur(card, defocus_px, matte=hairs()), card, rtol=1e-6)
    radiance = np.full((ROWS, COLS, 3), 0.1, np.float32)
    radiance[30, 54] = 1.5  # brighter than all around, below the level of lights
    matte = np.ones((ROWS, COLS), np.float32)
    matte[20:40, 50:60] = 0.5
    defocus_px = np.where(np.arange(COLS) < 60, 0, -6) * np.ones((ROWS, 1))
    out = d2f.blur(radiance, defocus_px.astype(np.float32), matte=matte)
    total = radiance.sum(dtype=float)
    assert out.sum(dtype=float) == pytest.approx(total, rel=ENERGY_TOL)


@pytest.mark.parametrize("threads", [2, 5])
def test_the_same_bytes_for_any_number_of_threads_with_a_matte(threads):
    """Parting a pixel does not depend on who draws its tile."""
    photo, defocus_px = wall(), np.where(hairs() > 0, 0, -18).astype(np.float32)
    one = d2f.blur(photo, defocus_px, matte=hairs(), threads=1)
    np.testing.assert_array_equal(d2f.blur(photo, defocus_px, matte=hairs(), threads=threads), one)


@pytest.mark.parametrize(
    ("matte", "words"),
    [
        (np.ones((ROWS, 5), "f4"), "resize the matte"),
        (np.full((ROWS, COLS), 1.5, "f4"), "outside 0..1"),
        (np.full((ROWS, COLS), np.nan, "f4"), "outside 0..1"),
        (np.ones((ROWS, COLS), "u1"), "matte is uint8"),
        ([[1.0]], "matte is list"),
    ],
)
def test_bad_mattes_are_named(matte, words):
    """The message tells what came and what is wanted."""
    with pytest.raises(UsageError, match=words):
        d2f.blur(wall(), np.zeros((ROWS, COLS), np.float32), matte=matte)


def test_soft_pixels_get_the_defocus_of_their_near_surface():
    """A hair's pixel that a depth map put behind comes forward; nothing else moves."""
    matte = hairs()
    near, far = np.float32(2), np.float32(-8)
    defocus_px = np.where(matte == 1, near, far)
    moved = near_defocus(defocus_px, matte)
    soft = soft_pixels(matte)
    assert np.mean(moved[soft] == near) > 0.9  # a few hairs stand alone
    np.testing.assert_array_equal(moved[~soft], defocus_px[~soft])
    nearer_already = np.where(soft, np.float32(5), defocus_px)
    np.testing.assert_array_equal(near_defocus(nearer_already, matte), nearer_already)
    opaque = np.ones_like(matte)
    np.testing.assert_array_equal(near_defocus(defocus_px, opaque), defocus_px)
