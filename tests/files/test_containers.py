"""What single formats carry besides pixels: inks, gain maps, chunks, segments."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from photo_samples import Kind, exif_block, gradient, jpeg_of, needed, sample, xmp_packet
from PIL import Image

import d2f
from d2f import files
from d2f.files import Metadata, Photo
from d2f.files.containers.jpeg_segments import (
    APP1,
    APP2,
    APP11,
    MPF,
    XMP,
    Segment,
    jpeg_parts,
    spliced,
)
from d2f.files.exif import second_directory_of
from d2f.files.fit import losses
from d2f.files.formats import row_named
from d2f.files.xmp import NAMESPACE, joined, split_for_jpeg, with_edit
from d2f.optics import HLG, LINEAR, PQ, SRGB

INK_ERROR = 1  # codes of one encoding at quality 100


def test_a_cmyk_jpeg_stays_one_and_keeps_its_inks():
    """Without a blur the inks come back as encoded once more; a change in RGB changes them."""
    content = jpeg_of(gradient("u8"), mode="CMYK", quality=100)
    photo = files.photo_from_bytes(content)
    assert photo.device.codes.shape[2] == 4
    with Image.open(io.BytesIO(files.photo_to_bytes(photo))) as image:
        assert image.mode == "CMYK"
        again = np.asarray(image).astype(int)
    assert np.abs(again - photo.device.codes).mean() < INK_ERROR
    darker = photo.with_pixels(photo.pixels // 2)
    inked = files.photo_from_bytes(files.photo_to_bytes(darker))
    assert np.abs(inked.pixels.astype(int) - darker.pixels).mean() < 2 * INK_ERROR
    plain = files.photo_from_bytes(files.photo_to_bytes(photo, "PNG"))
    np.testing.assert_array_equal(plain.pixels, photo.pixels)


def test_a_jpeg_of_rgb_stays_one():
    """Adobe's transform 0 on three channels is kept."""
    content = jpeg_of(gradient("u8"), quality=95, keep_rgb=True)
    photo = files.photo_from_bytes(content)
    assert photo.coding.rgb
    again = files.photo_from_bytes(files.photo_to_bytes(photo))
    assert again.coding.rgb
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 1


def test_other_segments_are_kept_and_a_stale_manifest_is_not():
    """APP segments of others and comments stay; C2PA is dropped, and said to be."""
    manifest = b"JP\0\1" + struct.pack(">II4s", 1, 60, b"jumb") + b"\0\0\0\x20jumdc2pa" + b"x" * 30
    odd = Segment(0xE5, b"someone's own")
    comment = Segment(0xFE, b"hello")
    content = spliced(jpeg_of(gradient("u8")), [odd, Segment(APP11, manifest), comment], jfif=True)
    photo = files.photo_from_bytes(content)
    assert any("C2PA" in note for note in photo.notes)
    kept = jpeg_parts(files.photo_to_bytes(photo)).segments
    assert odd in kept
    assert comment in kept
    assert not [segment for segment in kept if segment.marker == APP11]


def test_chunks_of_a_png_are_kept():
    """Resolution, words, primaries and gamma stand in the output as they stood."""
    from d2f.files.containers.png import SIGNATURE, _chunk, _chunks

    own = [
        (b"gAMA", struct.pack(">I", 55556)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)),
        (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
        (b"tEXt", b"Author\0someone"),
    ]
    file = io.BytesIO()
    Image.fromarray(gradient("u8")).save(file, "PNG")
    content = file.getvalue()
    at = len(SIGNATURE) + 25
    content = content[:at] + b"".join(_chunk(*chunk) for chunk in own) + content[at:]
    photo = files.photo_from_bytes(content)
    assert photo.tone_curve.name == "gamma 1.79999"
    chunks = _chunks(files.photo_to_bytes(photo))
    assert all(chunk in chunks for chunk in own)
    jpeg = files.photo_from_bytes(files.photo_to_bytes(photo, "JPEG"))  # a profile says the same
    assert jpeg.tone_curve.table[32768] == pytest.approx(0.5**1.8, abs=1e-3)


@pytest.mark.parametrize(("points", "curve"), [((9, 16), PQ), ((9, 18), HLG), ((12, 13), SRGB)])
def test_code_points_name_the_curve_and_stay(points, curve):
    """PNG, AVIF and HEIC say PQ and HLG by numbers."""
    for kind in (Kind("PNG", "u16"), Kind("AVIF", "u10"), Kind("HEIC", "u10")):
        needed(kind)
        photo = Photo(
            pixels=gradient(kind.depth),
            tone_curve=curve,
            format=kind.format,
            depth=kind.depth,
            metadata=Metadata(cicp=points),
        )
        again = files.photo_from_bytes(files.photo_to_bytes(photo))
        assert again.metadata.cicp == points
        assert again.tone_curve is curve


def test_an_edit_is_told_in_xmp_once_and_harms_nothing():
    """Merged into a packet, told anew by the next run, and all other properties kept."""
    once = with_edit(xmp_packet(), {"FNumber": "1.8", "Model": "compact"})
    twice = with_edit(once, {"FNumber": "2.8"})
    assert b'xmp:Rating="4"' in twice
    assert twice.count(NAMESPACE.encode()) == 1
    assert b'd2f:FNumber="2.8"' in twice
    assert b"compact" not in twice
    assert with_edit(b"no XMP at all", {"FNumber": "2"}) == b"no XMP at all"
    assert b'd2f:FNumber="2"' in with_edit(None, {"FNumber": "2"})


def test_long_xmp_goes_on_in_further_segments_and_comes_back():
    """150 KB over three segments of a JPEG; in a PNG it is one packet again."""
    long = xmp_packet(f'<rdf:Description xmlns:q="urn:q#" q:Data="{"abc" * 50_000}" q:Small="1"/>')
    metadata = split_for_jpeg(Metadata(xmp=long))
    assert len(metadata.xmp) < 65_000 < len(metadata.extended_xmp)
    photo = Photo(
        pixels=gradient("u8"), tone_curve=SRGB, format="JPEG", metadata=Metadata(xmp=long)
    )
    again = files.photo_from_bytes(files.photo_to_bytes(photo))
    assert again.metadata.extended_xmp == metadata.extended_xmp
    assert files.photo_from_bytes(files.photo_to_bytes(again)).metadata == again.metadata
    assert b"abc" * 50_000 in joined(again.metadata).xmp
    assert b"HasExtendedXMP" not in joined(again.metadata).xmp
    assert (
        b"abc" * 50_000 in files.photo_from_bytes(files.photo_to_bytes(again, "PNG")).metadata.xmp
    )


def test_the_thumbnail_shows_the_new_picture_in_the_old_place():
    """The block keeps its length; the small picture is that of the photo as written."""
    old = jpeg_of(np.full((120, 160, 3), 250, np.uint8), quality=95, comment=b"x" * 2000)
    first = exif_block()
    # A second directory behind the block: compression, offset and length of a JPEG.
    at = len(first)
    entries = [(0x0103, 3, 1, 6 << 16), (0x0201, 4, 1, at + 42), (0x0202, 4, 1, len(old))]
    second = struct.pack(">H", 3) + b"".join(struct.pack(">HHII", *entry) for entry in entries)
    block = bytearray(first + second + bytes(4) + old)
    _, pointer = second_directory_of(first)
    struct.pack_into(">I", block, pointer, at)
    photo = Photo(
        pixels=np.full((96, 128, 3), 40, np.uint8),
        tone_curve=SRGB,
        format="JPEG",
        metadata=Metadata(exif=bytes(block)),
    )
    again = files.photo_from_bytes(files.photo_to_bytes(photo)).metadata.exif
    assert len(again) == len(block)
    found = {entry.tag: entry for entry in second_directory_of(again)[0]}
    place, length = (int.from_bytes(found[tag].value, "big") for tag in (0x0201, 0x0202))
    with Image.open(io.BytesIO(again[place : place + length])) as small:
        assert small.size == (128, 96)
        assert abs(int(np.asarray(small).mean()) - 40) <= 1


def ultra_hdr(base: np.ndarray, gains: np.ndarray) -> bytes:
    """A JPEG with a gain map behind it, listed in MPF and in the XMP's directory."""
    words = (
        '<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" '
        'hdrgm:Version="1.0" hdrgm:GainMapMin="0" hdrgm:GainMapMax="3" hdrgm:Gamma="1" '
        'hdrgm:OffsetSDR="0.015625" hdrgm:OffsetHDR="0.015625"/>'
    )
    gain = spliced(jpeg_of(gains, quality=95), [Segment(APP1, XMP + xmp_packet(words))], jfif=True)
    directory = (
        '<rdf:Description xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"><Container:Directory>'
        '<rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" '
        'Item:Mime="image/jpeg"/></rdf:li><rdf:li rdf:parseType="Resource"><Container:Item '
        f'Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{len(gain)}"/></rdf:li>'
        "</rdf:Seq></Container:Directory></rdf:Description>"
    )
    segments = [Segment(APP1, XMP + xmp_packet(directory)), Segment(APP2, MPF + b"MM\0*")]
    return spliced(jpeg_of(base, quality=95), segments, jfif=True) + gain


def test_a_gain_map_is_blurred_as_light_and_written_back():
    """Lengths and offsets are true, sharp parts keep their gain, and a lamp becomes a disc."""
    rng = np.random.default_rng(2)
    base = rng.integers(30, 60, (128, 192, 3)).astype(np.uint8)
    gains = np.zeros((32, 48), np.uint8)
    gains[15:17, 40:42] = 255
    content = ultra_hdr(base, gains)
    photo = files.photo_from_bytes(content)
    assert photo.gain_map.high == (3.0, 3.0, 3.0)
    sharp = files.photo_from_bytes(d2f.render(content, f_number=float("inf")))
    assert np.abs(sharp.gain_map.codes.astype(int) - photo.gain_map.codes).mean() < 1

    rendered = d2f.render(content, blur_percent=4, focus=(0.1, 0.9))
    again = files.photo_from_bytes(rendered)
    assert again.gain_map is not None
    parts = jpeg_parts(rendered)
    index = parts.payloads(APP2, MPF)[0]
    count = struct.unpack_from(">I", index, 8 + 2 + 12 + 8)[0]
    entries = [struct.unpack_from(">III", index, 50 + 16 * number) for number in range(count)]
    header = rendered.index(MPF) + len(MPF)
    assert entries[0][1:] == (parts.end, 0)
    size, offset = entries[1][1:]
    assert rendered[header + offset :][:3] == b"\xff\xd8\xff"
    assert header + offset + size == len(rendered)
    assert f'Item:Length="{size}"'.encode() in parts.payloads(APP1, XMP)[0]


def test_previews_behind_the_picture_go_and_are_told():
    """Another whole picture behind the first would show the photo as it was."""
    preview = jpeg_of(gradient("u8")[:24])
    photo = files.photo_from_bytes(jpeg_of(gradient("u8")) + preview)
    assert str(len(preview)) in photo.notes[0]
    assert files.photo_to_bytes(photo).count(b"\xff\xd8\xff") == 1


@pytest.mark.parametrize("big", [False, True])
def test_tiffs_of_other_kinds_stay_what_they_are(big, tmp_path):
    """BigTIFF, inks, premultiplied alpha and LZW come out as they went in."""
    import tifffile

    inks = gradient("u8", 4)
    tifffile.imwrite(
        tmp_path / "a.tif", inks, bigtiff=big, photometric="separated", compression="lzw"
    )
    photo = files.read_photo(tmp_path / "a.tif")
    files.write_photo(photo, tmp_path / "b.tif", overwrite=False)
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.is_bigtiff == big
        assert file.pages[0].photometric.name == "SEPARATED"
        assert file.pages[0].compression.name == "LZW"
        np.testing.assert_array_equal(file.pages[0].asarray(), inks)

    codes = gradient("f32", 4)
    codes[..., :3] *= codes[..., 3:] / 3
    tifffile.imwrite(
        tmp_path / "c.tif", codes, bigtiff=big, photometric="rgb", extrasamples=["assocalpha"]
    )
    photo = files.read_photo(tmp_path / "c.tif")
    assert photo.premultiplied
    files.write_photo(photo, tmp_path / "d.tif", overwrite=False)
    with tifffile.TiffFile(tmp_path / "d.tif") as file:
        assert file.pages[0].extrasamples[0].name == "ASSOCALPHA"
        np.testing.assert_array_equal(file.pages[0].asarray(), codes)


def test_a_raw_file_becomes_linear_light_and_a_tiff(tmp_path):
    """A Bayer DNG, made here: developed without brightening, written as 16-bit sRGB."""
    pytest.importorskip("rawpy", reason='needs pip install "d2f[raw]"')
    path = tmp_path / "a.dng"
    path.write_bytes(dng(level=16384))
    photo = files.read_photo(path)
    assert photo.format == "RAW"
    assert photo.tone_curve is LINEAR
    assert photo.pixels.dtype == np.uint16
    middle = photo.pixels[20:-20, 20:-20].astype(float) / 65535
    assert middle.mean() == pytest.approx(0.25, abs=0.02)
    again = files.photo_from_bytes(files.photo_to_bytes(photo))
    assert (again.format, again.stored_depth, again.tone_curve) == ("TIFF", "u16", SRGB)
    light = SRGB.table[again.pixels[20:-20, 20:-20]].mean()
    assert light == pytest.approx(middle.mean(), abs=1e-3)
    assert files.photo_from_bytes(files.photo_to_bytes(photo, "JPEG")).stored_depth == "u8"


def dng(*, level: int) -> bytes:
    """A grey Bayer picture of 16 bits as DNG (the tags that DNG 1.4 asks for)."""
    import tifffile

    matrix = [round(value * 10_000) for value in (3.2406, -1.5372, -0.4986, -0.9689, 1.8758,
                                                  0.0415, 0.0557, -0.2040, 1.0570)]  # fmt: skip
    rational = [part for value in matrix for part in (value, 10_000)]
    tags = [
        (50706, 1, 4, bytes((1, 4, 0, 0)), True),
        (50707, 1, 4, bytes((1, 1, 0, 0)), True),
        (50708, 2, 0, "Test camera", True),
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes((0, 1, 1, 2)), True),
        (50714, 3, 1, 0, True),
        (50717, 3, 1, 65535, True),
        (50721, 10, 9, rational, True),
        (50728, 5, 3, (1, 1, 1, 1, 1, 1), True),
        (50778, 3, 1, 21, True),
        (271, 2, 0, "Maker", True),
        (272, 2, 0, "Test", True),
    ]
    file = io.BytesIO()
    codes = np.full((96, 128), level, np.uint16)
    tifffile.imwrite(file, codes, photometric=32803, extratags=tags, metadata=None)
    return file.getvalue()


def test_what_a_format_cannot_hold_is_told():
    """Depth, alpha, EXIF and inks, each in words."""
    deep = replace(
        files.photo_from_bytes(sample(Kind("PNG", "u16"))), alpha=gradient("u16")[..., 0]
    )
    words = " ".join(losses(deep, row_named("JPEG")))
    assert "8 bits" in words
    assert "alpha" in words
    assert "EXIF" in " ".join(losses(deep, row_named("PFM")))
    assert losses(deep, row_named("PNG")) == ()
    ink = files.photo_from_bytes(jpeg_of(gradient("u8"), mode="CMYK"))
    assert "inks" in " ".join(losses(ink, row_named("WEBP")))


@pytest.mark.parametrize(("depth", "codes"), [("u8", 256), ("u10", 1024), ("u12", 4096)])
def test_half_floats_hold_the_codes_of_which_no_loss_is_told(depth, codes):
    """Light of sRGB codes goes through half floats and back: 8 and 10 bits come back, 12 do not."""
    given = np.arange(codes) / (codes - 1)
    light = np.where(given <= 0.04045, given / 12.92, ((given + 0.055) / 1.055) ** 2.4)
    kept = light.astype(np.float16).astype(np.float64)
    back = np.where(kept <= 0.0031308, kept * 12.92, 1.055 * kept ** (1 / 2.4) - 0.055)
    rounds = (np.rint(back * (codes - 1)) != np.arange(codes)).any()
    dtype = np.uint8 if depth == "u8" else np.uint16
    pixels = np.zeros((32, 32, 3), dtype)
    photo = Photo(pixels=pixels, tone_curve=SRGB, format="AVIF", depth=depth)
    assert ("are rounded" in " ".join(losses(photo, row_named("EXR")))) == rounds
    assert losses(photo, row_named("PFM")) == ()
