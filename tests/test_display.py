"""What networks and screens see of a photo: sRGB, whatever the file's colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from d2f import files
from d2f.display import srgb_copy
from d2f.files import Metadata

DISPLAY_P3 = (12, 13)  # H.273: P3's primaries, sRGB's curve, as phones have it
P3_RED = (255, 0, 0)  # outside sRGB
P3_SKIN, SRGB_SKIN = (219, 175, 153), (227, 173, 149)  # one colour, by LittleCMS
CODE_ERROR = 2  # worst seen 1


def test_display_p3_is_seen_as_srgb():
    """Its curve is sRGB's, its primaries are not."""
    pixels = np.full((64, 64, 3), P3_SKIN, np.uint8)
    pixels[:8, :8] = P3_RED
    photo = replace(files.photo_from_array(pixels), metadata=Metadata(cicp=DISPLAY_P3))
    seen = srgb_copy(photo)
    assert np.abs(seen[32, 32].astype(int) - SRGB_SKIN).max() <= CODE_ERROR
    assert seen[0, 0].tolist() == [255, 0, 0]


def test_srgb_is_seen_as_it_is():
    """Nothing is copied where nothing changes."""
    photo = files.photo_from_array(np.full((64, 64, 3), P3_SKIN, np.uint8))
    assert srgb_copy(photo) is photo.pixels
