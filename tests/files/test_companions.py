"""Mattes and aperture pictures from files: what they hold, and the words for what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from d2f.errors import PhotoError
from d2f.files import read_aperture_picture, read_matte

HEART = np.zeros((20, 24), np.uint8)
HEART[5:15, 6:18] = 255
HEART[8, 9] = 51


@pytest.mark.parametrize("name", ["heart.png", "heart.bmp", "heart.webp", "heart.tif", "heart.gif"])
def test_a_grey_picture_is_shares_of_light(tmp_path, name):
    """Codes divided by their largest, in whatever format Pillow reads."""
    path = tmp_path / name
    Image.fromarray(HEART).save(path, **({"lossless": True} if name.endswith("webp") else {}))
    np.testing.assert_allclose(read_aperture_picture(path), HEART / 255, atol=1e-6)


def test_sixteen_bits_one_bit_and_transparency_are_understood(tmp_path):
    """16-bit codes keep their steps, bits are black and white, what is clear lets no light in."""
    path = tmp_path / "picture.png"
    Image.fromarray(HEART.astype(np.uint16) * 200).save(path)
    np.testing.assert_allclose(read_aperture_picture(path), HEART * 200.0 / 65535, atol=1e-6)
    Image.fromarray(HEART > 128).save(path)
    np.testing.assert_array_equal(read_aperture_picture(path), HEART > 128)
    white = np.full((20, 24, 4), 255, np.uint8)
    white[..., 3] = HEART
    Image.fromarray(white).save(path)
    np.testing.assert_allclose(read_aperture_picture(path), HEART / 255, atol=1e-6)


def test_what_is_no_aperture_picture_is_told(tmp_path):
    """Black, coloured, clear, too large, damaged and missing files get a sentence of their own."""
    path = tmp_path / "picture.png"

    def refused(words):
        with pytest.raises(PhotoError, match=words):
            read_aperture_picture(path)

    refused("does not exist")
    path.write_bytes(b"no picture")
    refused("no picture format")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    refused("all black")
    colour = np.zeros((8, 8, 3), np.uint8)
    colour[..., 0] = 200
    Image.fromarray(colour).save(path)
    refused("coloured")
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[:4, :, :3] = 255
    clear[4:, :, 3] = 255
    Image.fromarray(clear).save(path)
    refused("transparent wherever")
    Image.fromarray(np.ones((1, 5000), np.uint8)).save(path)
    refused("5000 x 1 pixels")
    content = path.read_bytes()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: len(content)])
    refused("cannot be read as an aperture picture")


def test_a_matte_is_read_at_the_photo_s_size(tmp_path):
    """Codes become shares; a smaller matte of the same aspect is enlarged."""
    path = tmp_path / "matte.png"
    Image.fromarray(HEART).save(path)
    np.testing.assert_allclose(read_matte(path, size=(20, 24)), HEART / 255, atol=1e-6)
    large = read_matte(path, size=(40, 48))
    assert large.shape == (40, 48)
    assert 0 <= large.min() < large.max() <= 1
    np.save(tmp_path / "matte.npy", HEART / 255.0)
    np.testing.assert_allclose(
        read_matte(tmp_path / "matte.npy", size=(20, 24)), HEART / 255, atol=1e-6
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ones((20, 30), np.float32), "aspect"),
        (np.full((20, 24), 2.0, np.float32), "outside 0..1"),
        (np.full((20, 24), np.nan, np.float32), "outside 0..1"),
    ],
)
def test_what_is_no_matte_is_told(tmp_path, values, words):
    """Another shape or other values are named."""
    np.save(tmp_path / "matte.npy", values)
    with pytest.raises(PhotoError, match=words):
        read_matte(tmp_path / "matte.npy", size=(20, 24))
