"""Grain measured in a photo, and put back where blur took it away."""

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.light import (
    Grain,
    codes_from_radiance,
    codes_with_grain,
    grain_of,
    native,
    radiance_from_codes,
    reference,
)
from d2f.optics import LINEAR, SRGB

LEVEL_TOLERANCE = 0.15  # worst seen 0.103, softened noise of 6 codes
SOFTNESS_TOLERANCE = 0.08  # worst seen 0.069, softened noise of 1 code in 8 bits
COLUMN_TOLERANCE = 0.05  # codes; worst seen 0.035, means of 2000 px
MEAN_TOLERANCE = 0.02  # codes; worst seen 0.0002
DTYPES = [np.uint8, np.uint16, np.float32]
LARGEST = {np.uint8: 255, np.uint16: 65535, np.float32: 1}


def noisy_codes(sigma, *, dtype=np.uint8, softened=False, level=0.5):
    """A flat grey photo with noise of so many codes of 255, the same in every channel."""
    noise = np.random.default_rng(3).normal(size=(640, 800)).astype(np.float32)
    if softened:  # neighbours correlate by 2/3
        noise = noise + (np.roll(noise, 1, 0) + np.roll(noise, -1, 0)) / 2
        noise = noise + (np.roll(noise, 1, 1) + np.roll(noise, -1, 1)) / 2
        noise /= noise.std()
    codes = (level + noise * sigma / 255) * LARGEST[dtype]
    codes = codes if dtype == np.float32 else np.rint(codes)
    return np.repeat(codes.astype(dtype)[..., None], 3, axis=2)


def blurred_with_grain(codes, grain, *, amount=1.0, radius=20.0):
    """What a wide blur makes of a flat photo: its mean, with grain."""
    light = radiance_from_codes(codes, SRGB, highlights=0)
    light = np.broadcast_to(light.mean(axis=(0, 1)), light.shape)
    defocus_px = np.full(codes.shape[:2], radius, np.float32)
    return codes_with_grain(light, defocus_px, SRGB, codes.dtype, grain=grain, amount=amount)


def neighbour_correlation(codes):
    """Of pixels side by side, in the green channel."""
    values = codes[..., 1].astype(np.float64)
    values -= values.mean()
    return (values[:, 1:] * values[:, :-1]).mean() / (values**2).mean()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sigma", [1, 2, 6])
@pytest.mark.parametrize("softened", [False, True], ids=["white", "softened"])
def test_a_blurred_noisy_photo_gets_its_noise_back(sigma, dtype, softened):
    """As strong as before, as soft as before, and of the same mean."""
    codes = noisy_codes(sigma, dtype=dtype, softened=softened)
    result = blurred_with_grain(codes, grain_of(codes))
    assert result.std() == pytest.approx(codes.std(), rel=LEVEL_TOLERANCE)
    assert neighbour_correlation(result) == pytest.approx(
        neighbour_correlation(codes), abs=SOFTNESS_TOLERANCE
    )
    assert result.mean() == pytest.approx(codes.mean(), abs=LARGEST[dtype] / 255 * sigma / 20)


def test_noise_is_told_by_brightness():
    """Half of a photo dark and clean, half bright and noisy."""
    quiet, loud = noisy_codes(1, level=0.25), noisy_codes(4, level=0.7)
    grain = grain_of(np.concatenate([quiet, loud]))
    assert grain.sigma[64] * 255 == pytest.approx(1, rel=LEVEL_TOLERANCE)
    assert grain.sigma[178] * 255 == pytest.approx(4, rel=LEVEL_TOLERANCE)
    assert grain.sigma[0] == grain.sigma[255] == 0


def test_texture_is_not_noise():
    """Four fifths of strong texture leave the flat fifth to tell the noise."""
    codes = noisy_codes(2, softened=True)
    rough = noisy_codes(30)
    codes[:, : codes.shape[1] * 8 // 10] = rough[:, : codes.shape[1] * 8 // 10]
    assert grain_of(codes).sigma[128] * 255 == pytest.approx(2, rel=LEVEL_TOLERANCE)


def test_a_wide_gradient_does_not_band():
    """A clean gradient keeps its mean everywhere, and no two columns are a step apart."""
    ramp = np.linspace(0.2, 0.24, 1200, dtype=np.float32)  # a code in 100 px
    light = np.repeat(np.broadcast_to(ramp, (2000, 1200))[..., None], 3, axis=2)
    photo = codes_from_radiance(light, SRGB, np.uint8)
    sharp = codes_from_radiance(light, SRGB, np.float32) * 255
    grain = grain_of(photo)
    defocus_px = np.full(light.shape[:2], 20, np.float32)
    result = codes_with_grain(light, defocus_px, SRGB, np.uint8, grain=grain, amount=1)
    assert max(grain.sigma) == 0
    assert np.abs(result - sharp).max() <= 1
    columns = (result - sharp).mean(axis=0)
    assert np.abs(columns).max() < COLUMN_TOLERANCE
    assert np.abs(columns.mean()) < MEAN_TOLERANCE


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("curve", [SRGB, LINEAR], ids=lambda c: c.name)
def test_no_grain_is_plain_encoding(dtype, curve):
    """Amount 0 changes no byte."""
    light, defocus_px = a_scene()
    grain = grain_of(noisy_codes(3))
    result = codes_with_grain(light, defocus_px, curve, dtype, grain=grain, amount=0)
    assert result.tobytes() == codes_from_radiance(light, curve, dtype).tobytes()


def test_what_no_blur_reached_keeps_its_codes():
    """Where the radius is 0, dither alone cannot move a code that came from the file."""
    codes = noisy_codes(3)
    light = radiance_from_codes(codes, SRGB, highlights=0)
    defocus_px = np.zeros(codes.shape[:2], np.float32)
    grain = grain_of(codes)
    result = codes_with_grain(light, defocus_px, SRGB, np.uint8, grain=grain, amount=1)
    np.testing.assert_array_equal(result, codes)


def a_scene():
    """Random light from below black to beyond white, defocused by random radii, with oddities."""
    rng = np.random.default_rng(5)
    light = rng.uniform(-0.1, 1.3, (77, 93, 3)).astype(np.float32)
    defocus_px = rng.uniform(-3, 3, (77, 93)).astype(np.float32)
    defocus_px[0, :2] = 0, 1000
    return light, defocus_px


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("correlation", [0.0, 0.65])
def test_native_grain_is_its_twin_bit_for_bit(dtype, correlation):
    """The same operations in the same order."""
    light, defocus_px = a_scene()
    sigma = np.linspace(0, 0.05, 256, dtype=np.float32)
    taps = np.array((1, correlation, correlation**4), np.float32)
    choices = {"dtype": np.dtype(dtype), "slope": 1.75, "seed": 7}
    given = light, defocus_px, SRGB.inverse, sigma, taps
    expected = reference.codes_with_grain(*given, **choices)
    for threads in (1, 3):
        actual = native.codes_with_grain(*given, **choices, threads=threads)
        assert actual.tobytes() == expected.tobytes()


def test_the_same_photo_gets_the_same_grain():
    """Twice, and a strip of it alone where it begins at the top."""
    light, defocus_px = a_scene()
    grain = grain_of(noisy_codes(3))
    choices = {"grain": grain, "amount": 0.7}
    whole = codes_with_grain(light, defocus_px, SRGB, np.uint8, **choices)
    again = codes_with_grain(light, defocus_px, SRGB, np.uint8, **choices)
    top = codes_with_grain(light[:20], defocus_px[:20], SRGB, np.uint8, **choices)
    np.testing.assert_array_equal(again, whole)
    np.testing.assert_array_equal(top, whole[:20])


def test_half_the_amount_is_half_the_noise():
    """In 16 bits, where rounding does not count."""
    codes = noisy_codes(4, dtype=np.uint16)
    whole, half = (blurred_with_grain(codes, grain_of(codes), amount=a) for a in (1, 0.5))
    assert half.std() == pytest.approx(whole.std() / 2, rel=0.01)


@pytest.mark.parametrize("correlation", [0.0, 0.6])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_grain_of_a_smaller_photo_is_that_of_its_means(times, correlation):
    """Deviation and softness of the means of squares, of the grain that the kernel draws."""
    grain = Grain((0.02,) * 256, correlation)
    flat = np.full((900, 900, 3), 0.2, np.float32)
    everywhere = np.full(flat.shape[:2], 50, np.float32)
    drawn = codes_with_grain(flat, everywhere, SRGB, np.float32, grain=grain, amount=1)[..., 0]
    means = drawn.reshape(900 // times, times, 900 // times, times).mean(axis=(1, 3))
    smaller = grain.made_smaller(times)
    assert means.std() == pytest.approx(smaller.sigma[128], rel=0.03)
    neighbours = np.corrcoef(means[:, 1:].ravel(), means[:, :-1].ravel())[0, 1]
    assert smaller.correlation == pytest.approx(neighbours, abs=0.02)


@pytest.mark.parametrize("shape", [(0, 5, 3), (4, 4, 3), (16, 16, 3), (15, 700, 3)])
def test_a_photo_too_small_to_measure_has_no_grain(shape):
    """A block of 16 x 16 px is the least, and one block tells nothing."""
    codes = np.random.default_rng(6).integers(0, 255, shape).astype(np.uint8)
    grain = grain_of(codes)
    assert max(grain.sigma) == 0
    defocus_px = np.ones(shape[:2], np.float32)
    light = radiance_from_codes(codes, SRGB, highlights=0)
    result = codes_with_grain(light, defocus_px, SRGB, np.uint8, grain=grain, amount=1)
    assert result.shape == shape


def test_black_and_white_photos_have_no_grain():
    """Clipping takes the noise, so nothing is put back."""
    for code in (0, 255):
        codes = np.full((400, 400, 3), code, np.uint8)
        grain = grain_of(codes)
        np.testing.assert_array_equal(blurred_with_grain(codes, grain), codes)


@pytest.mark.parametrize("amount", [-0.1, 1.5, float("nan")])
def test_amounts_outside_0_to_1_are_refused(amount):
    """The message names the value."""
    with pytest.raises(UsageError, match=f"{amount:g}"):
        blurred_with_grain(noisy_codes(1), grain_of(noisy_codes(1)), amount=amount)


def test_a_map_of_another_size_is_refused():
    """The message names both sizes."""
    light, grain = np.zeros((4, 5, 3), np.float32), grain_of(noisy_codes(1))
    with pytest.raises(UsageError, match=r"\(5, 4\)"):
        codes_with_grain(light, np.zeros((5, 4), np.float32), SRGB, np.uint8, grain=grain, amount=1)
