"""Lamps regain their light; white things do not."""

import numpy as np
import pytest

from d2f.errors import UsageError
from d2f.light import recover_highlights
from d2f.optics import SRGB, light_from_codes


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


def test_strength_zero_is_plain_linear_light():
    """To the byte."""
    photo = street_at_night()
    assert (
        recover_highlights(photo, strength=0).tobytes() == light_from_codes(photo, SRGB).tobytes()
    )


def test_strength_scales_the_recovery_in_log_light():
    """Half the strength gives the square root of the gain."""
    photo = street_at_night()
    whole = np.log2(recover_highlights(photo)[61, 51])
    half = np.log2(recover_highlights(photo, strength=0.5)[61, 51])
    np.testing.assert_allclose(half, whole / 2, rtol=1e-5)


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
    with pytest.raises(UsageError, match=r"float32 of shape \(4, 4, 3\)"):
        recover_highlights(np.zeros((4, 4, 3), np.float32))
