"""Tone curves: known values and exact round trips."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.optics import (
    BT709,
    HLG,
    LINEAR,
    PQ,
    SRGB,
    ToneCurve,
    codes_from_light,
    gamma_curve,
    light_from_codes,
)

CURVES = [SRGB, LINEAR, BT709, PQ, HLG, gamma_curve(2.2), gamma_curve(1.8)]


def test_srgb_known_values():
    """Corners of IEC 61966-2-1: black, the toe's end, middle grey, white."""
    codes = np.array([0, 10, 128, 255], np.uint8)
    expected = [0, 10 / 255 / 12.92, 0.215861, 1]
    np.testing.assert_allclose(light_from_codes(codes, SRGB), expected, atol=2e-6)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_code_comes_back(curve: ToneCurve, dtype):
    """Codes to light to codes is the identity, where the curve tells codes apart in float32."""
    codes = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    light = light_from_codes(codes, curve)
    back = codes_from_light(light, curve, dtype)
    apart = np.concatenate([[True], np.diff(light) > 1e-7])
    wrong = (back != codes) & apart
    if curve in (SRGB, LINEAR, BT709, HLG):
        assert not wrong.any()
    else:  # a pure power has no slope at black: a few of the darkest 16-bit codes merge
        assert wrong.sum() <= 0.001 * codes.size
        assert np.abs(back.astype(int) - codes)[apart].max() <= 8


def test_floats_go_above_white_and_come_back():
    """Float codes keep what lies above white, on the curve's tangent."""
    codes = np.array([0.0, 0.3, 1.0, 1.5, 4.0], np.float32)
    for curve in (SRGB, LINEAR):
        light = light_from_codes(codes, curve)
        assert np.all(np.diff(light) > 0)
        back = codes_from_light(light, curve, np.float32)
        np.testing.assert_allclose(back, codes, atol=2e-4)


def test_integers_clip_at_white():
    """Light above white is white in a file of integers."""
    light = np.array([1.0, 1.2, 900.0], np.float32)
    assert (codes_from_light(light, SRGB, np.uint8) == 255).all()


def test_refused_types_and_tables():
    """Codes of another type and tables that fall are named."""
    with pytest.raises(UsageError, match="float64"):
        light_from_codes(np.zeros(3), SRGB)
    with pytest.raises(UsageError, match="int32"):
        codes_from_light(np.zeros(3, np.float32), SRGB, np.int32)
    with pytest.raises(UsageError, match="rising table"):
        ToneCurve("upside down", SRGB.table[::-1])


def test_curves_of_hdr_known_values():
    """ITU-R BT.2408-7, table 1: white lies at 58 % of PQ's signal and at 75 % of HLG's."""
    codes = np.array([0.58, 0.75], np.float32)
    np.testing.assert_allclose(light_from_codes(codes[:1], PQ), PQ.white, rtol=0.01)
    np.testing.assert_allclose(light_from_codes(codes[1:], HLG), HLG.white, rtol=0.01)
    assert PQ.table[-1] == HLG.table[-1] == 1
