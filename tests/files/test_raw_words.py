"""What a RAW file that is no plain TIFF says of the shot; LibRaw is stood in for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from photo_samples import exif_block, gradient, jpeg_of

from d2f.files.containers import raw
from d2f.files.exif import entries_of
from d2f.files.limits import DEFAULT_LIMITS

MAKE = 271


class FakeRaw:
    """A developed picture, and what LibRaw gives for the thumbnail."""

    sizes = SimpleNamespace(raw_width=64, raw_height=48)

    def __init__(self, thumbnail):
        self.thumbnail = thumbnail

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def postprocess(self, **_options):
        """Light of 16 bits."""
        return gradient("u16")

    def extract_thumb(self):
        """As rawpy: data, or an error where there is none."""
        if self.thumbnail is None:
            raise RuntimeError("no thumbnail")
        return SimpleNamespace(data=self.thumbnail)


@pytest.fixture
def developed(monkeypatch):
    """Read a RAW file of that content with that thumbnail."""

    def read(content, thumbnail):
        fake = SimpleNamespace(imread=lambda _file: FakeRaw(thumbnail))
        monkeypatch.setattr(raw, "part", lambda *_names, **_what: fake)
        return raw.read(content, name="a.raf", limits=DEFAULT_LIMITS)

    return read


def make_of(photo):
    """The maker that the photo's EXIF names."""
    return next(entry.value for entry in entries_of(photo.metadata.exif) if entry.tag == MAKE)


def test_exif_comes_from_the_camera_s_own_jpeg(developed):
    """As in RAF and CR3 files."""
    preview = jpeg_of(gradient("u8"), exif=b"Exif\0\0" + exif_block(6))
    photo = developed(b"FUJIFILMCCD-RAW ", preview)
    assert make_of(photo) == b"Maker\0"
    assert photo.notes == ()


@pytest.mark.parametrize("mark", [b"IIRO", b"MMOR"])
def test_olympus_files_are_tiff_with_a_mark_of_their_own(developed, mark):
    """The block behind the mark is read as it stands."""
    block = exif_block()
    photo = developed((b"MMOR" if block[:2] == b"MM" else mark) + block[4:], None)
    assert make_of(photo) == b"Maker\0"


@pytest.mark.parametrize("thumbnail", [None, np.zeros((4, 4, 3), np.uint8), b"\xff\xd8\xff\xd9"])
def test_exif_that_cannot_be_found_is_told(developed, thumbnail):
    """No thumbnail, one of plain pixels, or one that says nothing."""
    photo = developed(b"FUJIFILMCCD-RAW ", thumbnail)
    assert photo.metadata.exif is None
    assert "EXIF" in photo.notes[0]
