"""Codes to radiance and back."""

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.light import (
    codes_from_radiance,
    native,
    radiance_from_codes,
    recover_highlights,
    reference,
)
from d2f.optics import LINEAR, SRGB, codes_from_light, gamma_curve, light_from_codes

FLOAT_TOLERANCE = 2e-7  # worst seen 1.2e-7, against interpolation in float64

CURVES = [SRGB, LINEAR, gamma_curve(1.8), gamma_curve(2.2)]


def every_code(dtype):
    """All codes of an integer type as a picture, padded to three channels."""
    codes = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    return np.repeat(codes, 3).reshape(-1, 16, 3)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_code_comes_back(curve, dtype):
    """Decoding and encoding changes no 8-bit and no 16-bit code."""
    codes = every_code(dtype)
    radiance = radiance_from_codes(codes, curve, highlights=0)
    np.testing.assert_array_equal(codes_from_radiance(radiance, curve, dtype), codes)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_native_decoding_is_its_twin_bit_for_bit(curve, dtype):
    """Integer codes are a plain lookup."""
    codes = every_code(dtype)
    expected = reference.light_from_codes(codes, curve.table)
    assert native.light_from_codes(codes, curve.table).tobytes() == expected.tobytes()


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
def test_native_float_decoding_agrees_with_its_twin(curve):
    """Floats are interpolated, follow the slope at white above it, and are 0 below 0."""
    codes = np.random.default_rng(0).uniform(-0.1, 1.4, (40, 50, 3)).astype(np.float32)
    codes[0, 0] = np.nan, np.inf, -np.inf
    expected = reference.light_from_codes(codes, curve.table)
    actual = native.light_from_codes(codes, curve.table)
    np.testing.assert_allclose(actual, expected, atol=FLOAT_TOLERANCE)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_native_encoding_is_its_twin_bit_for_bit(curve, dtype):
    """The same operations in the same order, also beyond black and white."""
    light = lights()
    choices = {"dtype": np.dtype(dtype), "slope": 1.75}
    expected = reference.codes_from_light(light, curve.inverse, **choices)
    actual = native.codes_from_light(light, curve.inverse, **choices)
    assert actual.tobytes() == expected.tobytes()


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_room_agrees_with_the_closed_form_of_optics(curve, dtype):
    """Light to codes to the byte, codes to light to rounding."""
    codes = codes_from_radiance(lights(), curve, dtype)
    assert codes.tobytes() == codes_from_light(lights(), curve, dtype).tobytes()
    light = radiance_from_codes(codes, curve, highlights=0)
    np.testing.assert_allclose(light, light_from_codes(codes, curve), atol=FLOAT_TOLERANCE)


def lights():
    """Random light from below black to beyond white, and a row of all magnitudes."""
    light = np.random.default_rng(1).uniform(-0.1, 1.5, (40, 50, 3)).astype(np.float32)
    light[0] = np.geomspace(1e-9, 1, 150, dtype=np.float32).reshape(50, 3)
    return light


def test_threads_change_no_byte():
    """Each value is looked up on its own."""
    codes = np.random.default_rng(2).integers(0, 65536, (301, 200, 3)).astype(np.uint16)
    one = radiance_from_codes(codes, SRGB, highlights=0, threads=1)
    assert radiance_from_codes(codes, SRGB, highlights=0, threads=3).tobytes() == one.tobytes()
    encoded = codes_from_radiance(one, SRGB, np.uint8, threads=1)
    assert codes_from_radiance(one, SRGB, np.uint8, threads=3).tobytes() == encoded.tobytes()


@pytest.mark.parametrize("curve", [SRGB, LINEAR], ids=lambda c: c.name)
def test_broken_floats_become_finite_light(curve):
    """NaN and minus infinity count as 0, infinity as the largest half float."""
    codes = np.full((1, 1, 3), np.nan, np.float32)
    codes[0, 0, 1:] = np.inf, -np.inf
    np.testing.assert_array_equal(
        radiance_from_codes(codes, curve, highlights=0).ravel(), [0, 65504, 0]
    )


def test_a_float_photo_beyond_white_is_taken_as_it_is():
    """What was never clipped needs no recovery."""
    codes = np.full((40, 40, 3), 0.02, np.float32)
    codes[20, 20] = 1.0
    codes[10, 10] = 5.0
    np.testing.assert_array_equal(radiance_from_codes(codes, LINEAR, highlights=1), codes)


def test_clipped_lamps_gain_light_in_every_code_type():
    """8-bit, 16-bit and float codes of one picture recover alike."""
    codes = np.zeros((60, 80, 3), np.uint8)
    codes[30:33, 40:43] = 255
    seen = radiance_from_codes(codes, SRGB, highlights=1)
    assert seen[31, 41].max() > 5
    for same in (codes.astype(np.uint16) * 257, codes.astype(np.float32) / 255):
        np.testing.assert_array_equal(radiance_from_codes(same, SRGB, highlights=1), seen)


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (np.zeros((4, 4, 3)), "float64"),
        (np.zeros((4, 4), np.uint8), r"\(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
    ],
)
def test_codes_of_another_kind_are_refused(codes, words):
    """The message names what came."""
    with pytest.raises(UsageError, match=words):
        radiance_from_codes(codes, SRGB, highlights=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strength": "1"}, "strength='1' of highlights"),
        ({"strength": None}, "strength=None of highlights"),
        ({"strength": np.nan}, "strength=nan of highlights"),
        ({"threads": "two"}, "threads='two': give a whole number, 0"),
        ({"threads": -1}, "threads=-1: give a whole number, 0"),
        ({"threads": 10**30}, "threads=10.*: give a whole number, 0"),
    ],
)
def test_options_of_another_kind_are_refused(options, words):
    """One sentence, whatever a library's user hands over."""
    with pytest.raises(UsageError, match=words):
        recover_highlights(np.zeros((20, 20, 3), np.uint8), **options)
