"""What a JPEG says of its coding, kept or told."""

from __future__ import annotations

import imagecodecs
import pytest
from photo_samples import gradient, jpeg_of
from PIL import Image

from d2f.files import photo_from_bytes, photo_to_bytes


@pytest.mark.parametrize(
    ("facts", "orientation", "wanted"),
    [
        (b"\1\1\0\0\1\0\1", 1, b"\1\1\0\0\1\0\1"),  # a ratio of 1 without a unit
        (b"\1\2\2\0\x76\0\x3b", 1, b"\1\2\2\0\x76\0\x3b"),  # dots per cm
        (b"\1\1\1\0\xc8\0\x64", 6, b"\1\1\1\0\x64\0\xc8"),  # a fax, turned upright
    ],
)
def test_the_jfif_header_says_what_it_said(facts, orientation, wanted):
    """Version, unit and density stay; those of a photo that is turned change places."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = jpeg_of(gradient("u8"), exif=exif)
    at = content.index(b"JFIF\0") + 5
    content = content[:at] + facts + content[at + 7 :]
    written = photo_to_bytes(photo_from_bytes(content))
    assert written.count(b"JFIF\0") == 1
    assert written[6:20] == b"JFIF\0" + wanted + bytes(2)


@pytest.mark.parametrize("subsampling", ["440", "411"])
def test_rare_chroma_subsampling_is_told(subsampling):
    """No encoder here writes it with the photo's own tables: 4:4:4 keeps more, and is said."""
    content = imagecodecs.jpeg8_encode(gradient("u8"), level=90, subsampling=subsampling)
    photo = photo_from_bytes(content)
    assert "subsampling" in "".join(photo.notes)
    assert photo_from_bytes(photo_to_bytes(photo)).coding.subsampling == 0
