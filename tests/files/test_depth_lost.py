"""Depth of a photo that its output cannot hold: told, never silently gone."""

from __future__ import annotations

import numpy as np
import pytest
from photo_samples import exif_block, gradient, jpeg_of, row_named

from d2f.files import embedded_depth, photo_from_bytes, photo_to_bytes
from d2f.files.embed_depth import embed_depth
from d2f.files.fit import losses


def phone_photo(container: str, orientation: int) -> bytes:
    """A JPEG with depth, as phones write it."""
    plain = jpeg_of(gradient("u8"), exif=b"Exif\0\0" + exif_block(orientation))
    disparity = np.tile(np.linspace(0.1, 1, 64, dtype=np.float32), (48, 1))
    return embed_depth(plain, disparity, container=container, metric=True)


@pytest.mark.parametrize("container", ["gdepth", "dynamic"])
def test_depth_of_a_photo_that_is_turned_is_told(container):
    """The map would lie across the upright picture."""
    photo = photo_from_bytes(phone_photo(container, 6))
    assert embedded_depth(photo_to_bytes(photo)) is None
    assert "depth" in " ".join(photo.notes)


@pytest.mark.parametrize("container", ["gdepth", "dynamic"])
def test_depth_of_an_upright_photo_is_kept(container):
    """Nothing is told, since nothing is lost; another format has no room behind its picture."""
    photo = photo_from_bytes(phone_photo(container, 1))
    assert embedded_depth(photo_to_bytes(photo)) is not None
    assert photo.notes == ()
    told = " ".join(losses(photo, row_named("PNG")))
    assert ("depth" in told) == (container == "dynamic")  # GDepth lies in the XMP, which PNG keeps
