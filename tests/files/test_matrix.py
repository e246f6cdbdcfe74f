"""Every format, depth, orientation and profile: read, written without a blur, read again."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from photo_samples import (
    KINDS,
    MAKER_NOTE,
    Kind,
    exif_block,
    gradient,
    jpeg_of,
    profile,
    row_named,
    sample,
)
from PIL import Image, ImageOps

from d2f import files
from d2f.files.containers.jpeg_segments import jpeg_parts
from d2f.files.exif import entries_of, orientation_of

# Containers that turn pictures by their own means have no orientation in their EXIF.
TURNED_BY_EXIF = ("JPEG", "PNG", "TIFF", "WEBP", "JP2")
PROFILES = ("none", "sRGB", "P3", "Adobe RGB", "ProPhoto", "linear")
WITH_PROFILE = [
    Kind("JPEG", "u8"),
    Kind("PNG", "u16"),
    Kind("TIFF", "u16"),
    Kind("WEBP", "u8"),
    Kind("AVIF", "u10"),
    Kind("JXL", "u16"),
    Kind("JP2", "u12"),
    Kind("HEIC", "u8"),
]
# Fields that speak of the file, the tool, or what d2f says and sets on purpose.
EXPECTED_TO_DIFFER = {
    "SourceFile", "ExifTool", "File", "System", "Composite", "XMP-d2f", "JFIF",
    "IFD0:Orientation", "ExifIFD:ExifImageWidth", "ExifIFD:ExifImageHeight",
    "IFD0:StripOffsets", "IFD0:StripByteCounts", "XMP-x:XMPToolkit",
}  # fmt: skip


def again(content: bytes) -> tuple[files.Photo, bytes, files.Photo]:
    """The photo, the file that is written of it, and what is read of that."""
    photo = files.photo_from_bytes(content)
    written = files.photo_to_bytes(photo)
    return photo, written, files.photo_from_bytes(written)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_file_comes_out_as_it_went_in(kind):
    """Same depth, same codes (JPEG: within a code on the mean), same metadata blocks."""
    photo, written, second = again(sample(kind))
    assert photo.format == second.format == kind.format
    assert photo.stored_depth == second.stored_depth == kind.depth
    off = np.abs(photo.pixels.astype(np.float64) - second.pixels)
    if kind.lossless:
        assert off.max() == 0
    else:
        assert off.mean() < (1 if kind.depth == "u8" else 257)
    assert second.metadata.icc == photo.metadata.icc
    assert second.metadata.xmp == photo.metadata.xmp
    if kind.format != "TIFF":  # whose directories are made anew: compared below
        assert second.metadata.exif == photo.metadata.exif
    assert files.photo_to_bytes(second) == written or not kind.lossless


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [k for k in KINDS if k.format in TURNED_BY_EXIF], ids=str)
def test_every_orientation_of_every_format_comes_out_upright(kind, orientation):
    """Turned as Pillow turns, no code changed on the way, and no turn asked for any more."""
    stored = sample(kind)
    plain = files.photo_from_bytes(stored)
    photo, _, second = again(sample(kind, orientation=orientation))
    expected = np.stack(
        [turned_by_pillow(plain.pixels[..., channel], orientation) for channel in range(3)], -1
    )
    np.testing.assert_array_equal(photo.pixels, expected)
    assert orientation_of(photo.metadata.exif) == orientation
    assert orientation_of(second.metadata.exif) == 1
    if kind.lossless:
        np.testing.assert_array_equal(second.pixels, expected)
    else:
        assert np.abs(second.pixels.astype(float) - expected).mean() < (
            1 if kind.depth == "u8" else 257
        )


def turned_by_pillow(channel: np.ndarray, orientation: int) -> np.ndarray:
    """The independent judge; mode F holds every code of 16 bits."""
    image = Image.fromarray(channel.astype(np.float32))
    image.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(image)).astype(channel.dtype)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("kind", WITH_PROFILE, ids=str)
def test_every_profile_is_kept_and_its_curve_used(kind, name):
    """The profile comes back byte for byte, and light is what its curve says."""
    photo, _, second = again(sample(kind, icc=name))
    assert photo.metadata.icc == second.metadata.icc
    if kind.format != "JXL":  # whose decoder words profiles that it knows anew
        assert photo.metadata.icc == profile(name)
    at_half = photo.tone_curve.table[32768]
    expected = {"Adobe RGB": 0.5**2.2, "ProPhoto": 0.5**1.8, "linear": 0.5}.get(name, 0.21404)
    assert at_half == pytest.approx(expected, abs=2e-3)


def test_a_turned_jpeg_loses_no_more_than_one_more_encoding():
    """Decode, turn, encode with the same tables by Pillow alone is the measure."""
    rng = np.random.default_rng(4)
    noisy = np.clip(gradient("u8") + rng.normal(0, 12, (48, 64, 3)), 0, 255).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    content = jpeg_of(noisy, quality=80, exif=exif)
    photo, _, second = again(content)
    with Image.open(io.BytesIO(content)) as image:
        file = io.BytesIO()
        turned = ImageOps.exif_transpose(image)
        turned.save(file, "JPEG", qtables=image.quantization, subsampling=2)
    by_pillow = np.asarray(Image.open(file))
    own, theirs = (
        np.abs(picture.astype(float) - photo.pixels).mean()
        for picture in (second.pixels, by_pillow)
    )
    assert own <= theirs + 1e-6


def test_maker_notes_keep_their_place():
    """A maker note counts from the block's start: JPEG keeps the block, TIFF stands behind it."""
    content = sample(Kind("JPEG", "u8"))
    before = files.photo_from_bytes(content)
    at = (before.metadata.exif or b"").index(MAKER_NOTE)
    for name in ("JPEG", "PNG", "WEBP"):
        block = files.photo_from_bytes(files.photo_to_bytes(before, name)).metadata.exif
        assert block.index(MAKER_NOTE) == at
    tiff = files.photo_to_bytes(before, "TIFF")
    assert tiff.index(MAKER_NOTE) == at
    exif = next(entry for entry in entries_of(tiff) if entry.tag == 0x8769)
    note = next(entry for entry in exif.children if entry.tag == 0x927C)
    assert note.at == at


@pytest.fixture(scope="module")
def exiftool() -> str:
    """The program that reads metadata independently of d2f."""
    found = shutil.which("exiftool")
    if found is None:
        pytest.skip("needs exiftool: apt-get install libimage-exiftool-perl")
    return found


def fields_of(exiftool: str, path: Path) -> dict[str, str]:
    """Every field but for what has to differ, as words."""
    done = subprocess.run(
        [exiftool, "-json", "-a", "-u", "-G1", "-n", str(path)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    fields = json.loads(done.stdout)[0]
    return {
        key: str(value)
        for key, value in fields.items()
        if key not in EXPECTED_TO_DIFFER and key.split(":")[0] not in EXPECTED_TO_DIFFER
    }


@pytest.mark.parametrize(
    "kind",
    [Kind("JPEG", "u8"), Kind("JPEG", "u12"), Kind("PNG", "u16"), Kind("TIFF", "u8"),
     Kind("WEBP", "u8"), Kind("AVIF", "u10"), Kind("JXL", "u16"), Kind("JP2", "u16"),
     Kind("HEIC", "u10"), Kind("EXR", "f16")],
    ids=str,
)  # fmt: skip
def test_exiftool_reads_the_same_fields(kind, exiftool, tmp_path):
    """Field by field, but for what has to differ."""
    suffix = row_named(kind.format).suffixes[0]
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    first.write_bytes(sample(kind))
    files.write_photo(files.read_photo(first), second, overwrite=False)
    before, after = fields_of(exiftool, first), fields_of(exiftool, second)
    assert before == after
    if kind.format not in ("EXR",):
        assert any(key.endswith(":Make") for key in before)
        assert any(key.endswith("Rating") for key in before)


def test_our_own_parser_reads_the_same_entries():
    """The stand-in for exiftool that always runs: every entry of EXIF, by its bytes."""
    photo, _, second = again(sample(Kind("JPEG", "u8")))
    before, after = (entries_of(p.metadata.exif) for p in (photo, second))
    assert [(e.tag, e.value, e.at) for e in before] == [(e.tag, e.value, e.at) for e in after]
    assert {entry.tag for entry in before} >= {271, 272, 0x8769, 0x8825}
    assert exif_block() != b""
    assert jpeg_parts(files.photo_to_bytes(second)).components == 3
