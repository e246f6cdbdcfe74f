"""The mixture of original and blurred codes."""

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.fusion import keep_in_focus, reference

CODES = (np.uint8, np.uint16, np.float32)


def pair(dtype, rng, shape=(37, 53, 3)):
    """Two random pictures, the second a darker and lighter relative of the first."""
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    return tuple((rng.random(shape) * top).astype(dtype) for _ in range(2))


@pytest.mark.parametrize("dtype", CODES)
def test_ones_keep_the_original_and_zeros_the_blurred_codes(dtype):
    """Both to the byte, whatever the other picture holds."""
    rng = np.random.default_rng(0)
    original, blurred = pair(dtype, rng)
    in_focus = rng.choice([0.0, 0.3, 1.0], (37, 53)).astype(np.float32)
    fused = keep_in_focus(original, blurred, in_focus)
    np.testing.assert_array_equal(fused[in_focus == 1], original[in_focus == 1])
    np.testing.assert_array_equal(fused[in_focus == 0], blurred[in_focus == 0])


@pytest.mark.parametrize("dtype", CODES)
def test_native_blend_agrees_with_its_twin(dtype):
    """To the byte, at every weight."""
    rng = np.random.default_rng(1)
    original, blurred = pair(dtype, rng)
    in_focus = np.clip(rng.normal(0.5, 0.6, (37, 53)), 0, 1).astype(np.float32)
    fused = keep_in_focus(original, blurred, in_focus, threads=3)
    expected = reference.keep_in_focus(original, blurred, in_focus)
    np.testing.assert_array_equal(fused, expected)


def test_equal_pictures_stay_what_they_are():
    """No weight changes a code that both pictures agree on."""
    rng = np.random.default_rng(2)
    original, _ = pair(np.uint8, rng)
    in_focus = rng.random((37, 53)).astype(np.float32)
    np.testing.assert_array_equal(keep_in_focus(original, original.copy(), in_focus), original)


def test_the_blend_has_the_same_bytes_for_any_number_of_threads():
    """Each pixel stands alone."""
    rng = np.random.default_rng(3)
    original, blurred = pair(np.uint8, rng, (210, 190, 3))
    in_focus = rng.random((210, 190)).astype(np.float32)
    one = keep_in_focus(original, blurred, in_focus, threads=1)
    assert keep_in_focus(original, blurred, in_focus, threads=5).tobytes() == one.tobytes()


@pytest.mark.parametrize(
    ("blurred", "mask", "words"),
    [
        (np.zeros((4, 4, 3), np.uint16), np.zeros((4, 4), np.float32), "uint16"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 4), np.float32), r"\(4, 5, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.float32), r"\(4, 5\)"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), "float64"),
    ],
)
def test_pictures_that_do_not_match_are_refused(blurred, mask, words):
    """The message names what does not match."""
    with pytest.raises(UsageError, match=words):
        keep_in_focus(np.zeros((4, 4, 3), np.uint8), blurred, mask)
