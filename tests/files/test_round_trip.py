"""A photo file in, the same kind of file out, with all that it carried."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from d2f import files
from d2f.errors import PhotoError
from d2f.files import Metadata, Photo
from d2f.files.containers import png
from d2f.files.exif import entries_of, orientation_of
from d2f.optics import LINEAR, SRGB

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'
MAKE, MODEL = 271, 272


@pytest.fixture(scope="session")
def icc() -> bytes:
    """A real matrix profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="session")
def exif() -> bytes:
    """An EXIF block with camera, exposure, GPS and an orientation."""
    block = Image.Exif()
    block[MAKE], block[MODEL], block[0x0112] = "Maker", "Camera X", 1
    block.get_ifd(0x8769).update({0x829D: TiffImagePlugin.IFDRational(28, 10), 0xA002: 128})
    block.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 1.0)})
    return block.tobytes().removeprefix(b"Exif\0\0")


def gradient(dtype: type, channels: int = 3) -> np.ndarray:
    """A picture that uses the whole range of its type."""
    rows, cols = np.mgrid[:48, :64]
    picture = np.stack([rows / 47, cols / 63, (rows + cols) / 110, 1 - rows / 94], axis=-1)
    picture = picture[..., :channels]
    if dtype is np.float32:
        return picture.astype(np.float32) * 3
    return np.rint(picture * np.iinfo(dtype).max).astype(dtype)


def photo_with(pixels: np.ndarray, file_format: str, **blocks: bytes) -> Photo:
    """A photo of that format which carries these metadata blocks."""
    curve = LINEAR if pixels.dtype == np.float32 else SRGB
    return Photo(
        pixels=pixels, tone_curve=curve, format=file_format, metadata=Metadata(**blocks)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [
        (".png", np.uint8),
        (".png", np.uint16),
        (".tif", np.uint8),
        (".tif", np.uint16),
        (".tif", np.float32),
    ],
)
def test_lossless_formats_keep_every_code_and_block(suffix, dtype, icc, exif, tmp_path):
    """Pixels, ICC, XMP and EXIF of a lossless file come back as they were written."""
    path = tmp_path / f"photo{suffix}"
    photo = photo_with(gradient(dtype), "PNG", icc=icc, exif=exif, xmp=XMP)
    files.write_photo(photo, path, overwrite=False)
    again = files.read_photo(path)
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    assert again.pixels.dtype == dtype
    assert again.metadata.icc == icc
    assert again.metadata.xmp == XMP
    first, second = (
        {entry.tag: entry for entry in entries_of(block)} for block in (exif, again.metadata.exif)
    )
    # A TIFF has a resolution of its own, and no orientation is orientation 1.
    assert first.keys() ^ second.keys() <= {0x0112, 282, 283, 296}
    assert first[MODEL].value == second[MODEL].value == b"Camera X\0"
    for directory in (0x8769, 0x8825):
        before = [(entry.tag, entry.value) for entry in first[directory].children]
        after = [(entry.tag, entry.value) for entry in second[directory].children]
        changed = {a[0] for a, b in zip(before, after, strict=True) if a != b}
        assert changed <= {0xA002}  # PixelXDimension is set to the width
    if suffix == ".png":
        assert len(again.metadata.exif) == len(exif)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_keep_every_block(suffix, icc, exif, tmp_path):
    """ICC, XMP and EXIF come through JPEG and WebP byte for byte."""
    path = tmp_path / f"photo{suffix}"
    photo = photo_with(gradient(np.uint8), "JPEG", icc=icc, exif=exif, xmp=XMP)
    files.write_photo(photo, path, overwrite=False)
    again = files.read_photo(path)
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 3
    assert (again.metadata.icc, again.metadata.xmp) == (icc, XMP)
    differing = sum(a != b for a, b in zip(again.metadata.exif, exif, strict=True))
    assert differing <= 1  # the width in PixelXDimension, 128 before


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_every_orientation_comes_out_upright(orientation, suffix, tmp_path):
    """The pixels are turned as Pillow turns them, and the written file says orientation 1."""
    block = Image.Exif()
    block[MODEL], block[0x0112] = "Camera X", orientation
    stored = Image.fromarray(gradient(np.uint8))
    path = tmp_path / f"stored{suffix}"
    stored.save(
        path, exif=block, **({"quality": 100, "subsampling": 0} if suffix == ".jpg" else {})
    )
    with Image.open(path) as image:
        from PIL import ImageOps

        expected = np.asarray(ImageOps.exif_transpose(image))
    photo = files.read_photo(path)
    np.testing.assert_array_equal(photo.pixels, expected)
    files.write_photo(photo, tmp_path / f"out{suffix}", overwrite=False)
    again = files.read_photo(tmp_path / f"out{suffix}")
    assert orientation_of(again.metadata.exif) == 1
    assert again.size == expected.shape[:2]
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert image.getexif()[MODEL] == "Camera X"
        assert image.getexif().get(0x0112, 1) == 1


def test_a_jpeg_is_compressed_as_its_source_was(tmp_path):
    """Quantisation tables, subsampling and progressive coding are kept."""
    picture = Image.fromarray(gradient(np.uint8))
    picture.save(tmp_path / "a.jpg", quality=71, subsampling="4:2:2", progressive=True)
    photo = files.read_photo(tmp_path / "a.jpg")
    files.write_photo(photo, tmp_path / "b.jpg", overwrite=False)
    again = files.read_photo(tmp_path / "b.jpg")
    assert again.coding == photo.coding
    assert photo.coding.subsampling == 1
    assert photo.coding.progressive


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_grey_and_alpha_stay_grey_and_alpha(suffix, dtype, channels, tmp_path):
    """One channel goes out as one, and alpha as it came."""
    import imagecodecs
    import tifffile

    codes = gradient(dtype, channels)
    codes = codes[..., 0] if channels == 1 else codes
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(codes))
    else:
        kind = "rgb" if channels == 4 else "minisblack"
        tifffile.imwrite(path, codes, photometric=kind, planarconfig="contig")
    photo = files.read_photo(path)
    assert photo.grey == (channels < 3)
    files.write_photo(photo, tmp_path / f"b{suffix}", overwrite=False)
    again = files.read_photo(tmp_path / f"b{suffix}")
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    assert again.grey == photo.grey
    if channels in (2, 4):
        np.testing.assert_array_equal(again.alpha, codes[..., -1])
    else:
        assert again.alpha is None


def test_iptc_of_a_jpeg_is_kept(tmp_path):
    """The Photoshop resources in APP13 survive, also on the way through TIFF."""
    resources = b"8BIM\x04\x04\0\0\0\0\0\x07\x1c\x02\x78\0\x02hi\0"
    segment = b"Photoshop 3.0\0" + resources
    file = io.BytesIO()
    Image.fromarray(gradient(np.uint8)).save(
        file, "JPEG", extra=b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment
    )
    photo = files.photo_from_bytes(file.getvalue())
    assert photo.metadata.iptc == resources
    for name in ("a.jpg", "a.tif"):
        files.write_photo(photo, tmp_path / name, overwrite=False)
        assert files.read_photo(tmp_path / name).metadata.iptc == resources


def test_deep_codes_are_rounded_for_shallow_formats(tmp_path):
    """16 bit to WebP, and linear float to 16-bit PNG, end within rounding of the right code."""
    deep = photo_with(gradient(np.uint16), "PNG")
    files.write_photo(deep, tmp_path / "a.webp", overwrite=False)
    shallow = files.read_photo(tmp_path / "a.webp").pixels
    assert np.abs(shallow - deep.pixels / 257).mean() < 2
    light = photo_with(np.full((16, 16, 3), 0.2158605, np.float32), "TIFF")
    files.write_photo(light, tmp_path / "b.png", overwrite=False)
    codes = files.read_photo(tmp_path / "b.png").pixels
    assert codes.dtype == np.uint16
    assert np.abs(codes.astype(int) - 128 * 257).max() <= 2  # IEC 61966-2-1: code 128/255


def test_palettes_bilevel_and_ink_become_rgb(tmp_path):
    """Pictures that are no photos of three channels are converted, not refused."""
    picture = Image.fromarray(gradient(np.uint8))
    for mode, name in (("P", "a.png"), ("1", "b.png"), ("CMYK", "c.jpg")):
        picture.convert(mode).save(tmp_path / name)
        photo = files.read_photo(tmp_path / name)
        assert photo.pixels.shape == (48, 64, 3)
        assert photo.pixels.dtype == np.uint8


@pytest.mark.parametrize("kind", ["bytes", "pil", "uint8", "uint16", "float32", "grey"])
def test_library_kinds_come_back_as_they_were(kind):
    """Bytes, PIL images and arrays of every type pass through a photo unchanged."""
    codes = gradient(np.uint8)
    if kind == "bytes":
        file = io.BytesIO()
        Image.fromarray(codes).save(file, "PNG")
        back = files.photo_to_bytes(files.photo_from_bytes(file.getvalue()))
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(back))), codes)
    elif kind == "pil":
        back = files.photo_to_pil(files.photo_from_pil(Image.fromarray(codes)))
        np.testing.assert_array_equal(np.asarray(back), codes)
    else:
        array = gradient(getattr(np, kind)) if kind != "grey" else codes[..., 0]
        back = files.photo_to_array(files.photo_from_array(array))
        np.testing.assert_array_equal(back, array)


def test_an_existing_file_is_kept_and_a_failure_leaves_nothing(tmp_path, monkeypatch):
    """Without overwrite the old file stays; when the disk fails no temporary file is left."""
    path = tmp_path / "a.png"
    photo = photo_with(gradient(np.uint8), "PNG")
    path.write_bytes(b"old")
    with pytest.raises(PhotoError, match="--overwrite"):
        files.write_photo(photo, path, overwrite=False)
    assert path.read_bytes() == b"old"

    def broken(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(PhotoError, match="No space left"):
        files.write_photo(photo, path, overwrite=True)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_unknown_endings_are_refused(tmp_path):
    """A format that d2f does not write is named, with those that it does."""
    photo = photo_with(gradient(np.uint8), "PNG")
    with pytest.raises(PhotoError, match=r"\.gif.*\.jpg"):
        files.write_photo(photo, Path("a.gif"), overwrite=False)


def test_a_lossless_webp_stays_lossless(tmp_path):
    """Every code of a lossless WebP comes back."""
    Image.fromarray(gradient(np.uint8)).save(tmp_path / "a.webp", lossless=True, exact=True)
    files.write_photo(files.read_photo(tmp_path / "a.webp"), tmp_path / "b.webp", overwrite=False)
    again = files.read_photo(tmp_path / "b.webp")
    np.testing.assert_array_equal(again.pixels, gradient(np.uint8))


def test_long_photoshop_resources_go_on_in_the_next_segment(tmp_path):
    """What TIFF holds in one block, JPEG holds in several; both come back whole."""
    resources = bytes(range(256)) * 700
    photo = photo_with(gradient(np.uint8), "TIFF", iptc=resources)
    files.write_photo(photo, tmp_path / "a.jpg", overwrite=False)
    assert files.read_photo(tmp_path / "a.jpg").metadata.iptc == resources


def test_resolution_and_comment_of_a_jpeg_are_kept(tmp_path):
    """The JFIF header's density and the comment survive."""
    Image.fromarray(gradient(np.uint8)).save(tmp_path / "a.jpg", dpi=(300, 300), comment=b"hello")
    files.write_photo(files.read_photo(tmp_path / "a.jpg"), tmp_path / "b.jpg", overwrite=False)
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.info["dpi"] == (300, 300)
        assert image.info["comment"] == b"hello"


def test_discs_without_hard_links_are_written_too(tmp_path, monkeypatch):
    """Where a link cannot be made, the file is renamed into place."""

    def refuse(*_names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    photo = photo_with(gradient(np.uint8), "PNG")
    files.write_photo(photo, tmp_path / "a.png", overwrite=False)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_link_keeps_pointing_at_its_file(tmp_path):
    """Writing over a symbolic link changes the file that it means."""
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    photo = photo_with(gradient(np.uint8), "PNG")
    files.write_photo(photo, tmp_path / "link.png", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert files.read_photo(tmp_path / "real.png").size == (48, 64)


def test_orientations_of_other_types_and_in_xmp_are_set_upright(tmp_path):
    """A LONG orientation turns the photo, and XMP does not ask for it again."""
    block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 4, 1, 6, 0)
    xmp = b'<x xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    photo = photo_with(gradient(np.uint8), "PNG", exif=block, xmp=xmp)
    path = tmp_path / "a.png"
    path.write_bytes(png.encoded(photo, photo.metadata))
    turned = files.read_photo(path)
    assert turned.size == (64, 48)
    files.write_photo(turned, tmp_path / "b.png", overwrite=False)
    again = files.read_photo(tmp_path / "b.png")
    assert again.size == (64, 48)
    assert b'tiff:Orientation="1"' in again.metadata.xmp
