"""Files that are no sound photo: always one sentence, never a trace of a library."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2f import files
from d2f.errors import D2FError, PhotoError
from d2f.files import Limits

FUZZ_SEED = 20
FUZZ_ROUNDS = 60  # of each format


def content_of(file_format: str, *, deep: bool = False) -> bytes:
    """A small sound file."""
    codes = np.random.default_rng(1).integers(0, 255, (40, 56, 3), dtype=np.uint8)
    file = io.BytesIO()
    if deep:
        import imagecodecs

        return bytes(imagecodecs.png_encode(codes.astype(np.uint16) * 257))
    if file_format == "TIFF":
        import tifffile

        tifffile.imwrite(file, codes, compression="deflate", predictor=True)
        return file.getvalue()
    exif = Image.Exif()
    exif[271] = "Maker"
    Image.fromarray(codes).save(file, file_format, exif=exif)
    return file.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header announces a picture that nobody has memory for."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"just words", "no photo that d2f reads"),
        (content_of("JPEG")[:600], "cannot be decoded"),
        (content_of("PNG")[:600], "cannot be decoded"),
        (content_of("PNG", deep=True)[:3000], "cannot be decoded"),
        (content_of("TIFF")[:600], "cannot be decoded"),
        (content_of("WEBP")[:600], "cannot be decoded"),
        (huge_png(60_000, 60_000), "more than the limit"),
        (huge_png(40_000, 10), "more than the limit"),
    ],
)
def test_unsound_files_get_a_sentence(content, words, tmp_path):
    """The message names the file and what is wrong with it."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=words) as caught:
        files.read_photo(path)
    assert "photo.jpg" in str(caught.value)


def test_places_where_no_file_is(tmp_path):
    """A missing file, a folder and an impossible name are told apart."""
    with pytest.raises(PhotoError, match="does not exist"):
        files.read_photo(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match="is a folder"):
        files.read_photo(tmp_path)
    with pytest.raises(PhotoError, match="cannot be read"):
        files.read_photo(tmp_path / "a.jpg" / "b\0.jpg")


def test_metadata_without_measure_is_refused():
    """A profile larger than the limit is named."""
    file = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(file, "PNG", icc_profile=b"x" * 5000)
    with pytest.raises(PhotoError, match="ICC profile of more than 4000"):
        files.photo_from_bytes(file.getvalue(), limits=Limits(icc_bytes=4000))


def test_floats_that_are_no_numbers_are_refused(tmp_path):
    """A float TIFF with NaN is named, not rendered."""
    import tifffile

    pixels = np.ones((16, 16, 3), np.float32)
    pixels[3, 4, 1] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    with pytest.raises(PhotoError, match="NaN"):
        files.read_photo(tmp_path / "a.tif")


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The content with a few bytes flipped, or cut short."""
    if rng.random() < 0.4:
        return content[: rng.integers(1, len(content))]
    changed = bytearray(content)
    for place in rng.integers(0, len(content), rng.integers(1, 8)):
        changed[place] ^= 1 << rng.integers(0, 8)
    return bytes(changed)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PNG 16", "TIFF", "WEBP"])
def test_damage_ends_in_a_photo_or_a_sentence(kind):
    """Seeded damage of every format never raises anything but d2f's own errors."""
    rng = np.random.default_rng(FUZZ_SEED)
    whole = content_of(kind.split()[0], deep=kind.endswith("16"))
    sentences = []
    for _ in range(FUZZ_ROUNDS):
        try:
            photo = files.photo_from_bytes(damaged(whole, rng))
        except D2FError as error:
            sentences.append(str(error))
        else:
            files.photo_to_bytes(photo)
    assert sentences  # some damage is always noticed
    assert not [sentence for sentence in sentences if "\n" in sentence]


def test_profiles_that_lie_fall_back_to_srgb():
    """A damaged ICC profile is kept as bytes, and its curve is sRGB's."""
    from d2f.files.icc import profile_name, tone_curve_of
    from d2f.optics import SRGB

    rng = np.random.default_rng(3)
    for _ in range(50):
        nonsense = rng.bytes(int(rng.integers(0, 400)))
        assert tone_curve_of(nonsense) is SRGB
        profile_name(nonsense)


def test_curves_of_profiles_are_used():
    """A gamma of 2.2 and a parametric sRGB curve give the light that they say."""
    from d2f.files.icc import tone_curve_of
    from d2f.optics import SRGB

    gamma = tone_curve_of(profile_with(b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))))
    assert gamma.table[32768] == pytest.approx((32768 / 65535) ** (563 / 256), abs=1e-6)
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    fixed = struct.pack(">5i", *(round(number * 65536) for number in numbers))
    assert tone_curve_of(profile_with(b"para\0\0\0\0\0\3\0\0" + fixed)) is SRGB


def profile_with(curve: bytes) -> bytes:
    """A profile that holds nothing but a green curve."""
    tag = struct.pack(">I4sII", 1, b"gTRC", 144, len(curve))
    return b"\0" * 128 + tag + curve


def test_odd_names_are_read_as_what_they_hold(tmp_path):
    """The content decides, not the name."""
    path = Path(tmp_path / "really.png.txt")
    path.write_bytes(content_of("JPEG"))
    assert files.read_photo(path).format == "JPEG"


def test_directories_that_point_back_end_quickly():
    """EXIF entries that all point at their own directory are read once, not for ever."""
    import time

    from d2f.files.exif import entries_of

    pointers = b"".join(struct.pack("<HHII", 0x8769, 4, 1, 8) for _ in range(900))
    block = b"II*\0" + struct.pack("<IH", 8, 900) + pointers + b"\0" * 4
    start = time.process_time()
    entries_of(block)
    assert time.process_time() - start < 1


def test_many_entries_on_one_value_share_a_budget():
    """Entries that all claim the same megabytes do not multiply them."""
    from d2f.files.exif import MAX_VALUE_BYTES, entries_of

    size = 2_000_000
    entries = b"".join(struct.pack("<HHII", 1000 + k, 1, size, 8000) for k in range(500))
    block = b"II*\0" + struct.pack("<IH", 8, 500) + entries
    found = entries_of(block.ljust(8000 + size, b"x"))
    assert sum(len(entry.value) for entry in found) <= MAX_VALUE_BYTES


def test_devices_and_pipes_are_no_photos(tmp_path):
    """What is no regular file is refused, not waited for."""
    import os

    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="device or a pipe"):
        files.read_photo(tmp_path / "pipe.jpg")


def test_a_png_without_its_end_is_damaged():
    """The last rows of a picture may be missing without the decoder's noticing."""
    with pytest.raises(PhotoError, match="cut short"):
        files.photo_from_bytes(content_of("PNG")[:-12])


def test_tiffs_that_announce_too_much_are_refused_from_the_header(tmp_path):
    """Many channels are told before any memory is asked for."""
    import tifffile

    tifffile.imwrite(tmp_path / "a.tif", np.zeros((16, 16, 60), np.uint8), planarconfig="contig",
                     photometric="minisblack")  # fmt: skip
    with pytest.raises(PhotoError, match="60 channels"):
        files.read_photo(tmp_path / "a.tif")


def test_tiffs_whose_codes_are_no_plain_rgb_are_refused(tmp_path):
    """What would be read as other colours is named instead."""
    codes = np.full((16, 16, 3), 90, np.uint8)
    Image.fromarray(codes).convert("YCbCr").save(tmp_path / "a.tif")
    with pytest.raises(PhotoError, match="YCBCR"):
        files.read_photo(tmp_path / "a.tif")


def test_alpha_that_is_no_number_is_refused(tmp_path):
    """NaN in the alpha of a float TIFF is found, too."""
    import tifffile

    codes = np.ones((16, 16, 4), np.float32)
    codes[0, 0, 3] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", codes, photometric="rgb", extrasamples=["unassalpha"])
    with pytest.raises(PhotoError, match="NaN"):
        files.read_photo(tmp_path / "a.tif")


def test_a_webp_too_wide_is_refused_before_it_is_made(tmp_path):
    """WebP has 14 bits for a side."""
    photo = files.photo_from_array(np.zeros((16, 17000, 3), np.uint8))
    with pytest.raises(PhotoError, match="16383"):
        files.check_output(photo, tmp_path / "a.webp")
