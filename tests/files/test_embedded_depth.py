"""Depth inside JPEG files: built here by hand, read, and refused where it lies."""

from __future__ import annotations

import base64
import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from depth_samples import (
    EIGHT_BIT_STEP,
    FAR_M,
    GDEPTH,
    HEAD,
    NEAR_M,
    READ_ERROR,
    TAIL,
    coded,
    dynamic_photo,
    gdepth_photo,
    photo,
    scene_depth_m,
    with_packet,
    worst_depth_error,
)
from PIL import Image

from d2f.errors import PhotoError
from d2f.files.depth_values import UnusableDepth
from d2f.files.embedded_depth import embedded_depth, embedded_original


@pytest.mark.parametrize("form", ["RangeInverse", "RangeLinear"])
def test_gdepth_over_two_extended_segments_is_read(form):
    """Parts in any order; both ways of coding; depth within the promised half percent."""
    depth_m = scene_depth_m()
    found = embedded_depth(gdepth_photo(depth_m, form=form))
    assert found is not None
    assert (found.container, found.metric) == ("gdepth", True)
    assert worst_depth_error(found.disparity, depth_m) < READ_ERROR


def test_eight_bit_gdepth_is_read_to_half_a_code():
    """Eight bits are even in disparity: that, and not depth, is exact to half a code."""
    depth_m = scene_depth_m()
    found = embedded_depth(gdepth_photo(depth_m, bits=8))
    span = 1 / NEAR_M - 1 / FAR_M
    assert np.abs(found.disparity - 1 / depth_m).max() < EIGHT_BIT_STEP * span


def test_millimetres_are_metres():
    """GDepth:Units="mm" scales near and far."""
    depth_m = np.maximum(scene_depth_m(), 1.1)  # nearer than a millimetre is nothing
    found = embedded_depth(gdepth_photo(depth_m, extra='GDepth:Units="mm"'))
    assert worst_depth_error(found.disparity, depth_m / 1000) < READ_ERROR


def test_depth_along_rays_becomes_depth_along_the_axis():
    """A wall seen by a ray sensor is farther in the corners; along the axis it is flat again."""
    exif = Image.Exif()
    exif[0x0112] = 1
    exif.get_ifd(0x8769)[0xA405] = 26  # focal length as on full frame
    file = io.BytesIO()
    Image.new("RGB", (128, 96)).save(file, "JPEG", exif=exif)
    focal = 26 / np.hypot(36, 24) * np.hypot(128, 96) / 128 * 64  # px of the map
    rows, cols = np.mgrid[:48, :64]
    slant = np.sqrt(1 + ((rows - 23.5) ** 2 + (cols - 31.5) ** 2) / focal**2)
    jpeg = gdepth_photo(2 * slant, extra='GDepth:MeasureType="OpticalRay"', jpeg=file.getvalue())
    found = embedded_depth(jpeg)
    assert worst_depth_error(found.disparity, np.full((48, 64), 2.0)) < READ_ERROR


def test_dynamic_depth_is_read_behind_other_items():
    """The directory's order and lengths lead to the map; its imaging model tells the angle."""
    depth_m = scene_depth_m()
    found = embedded_depth(dynamic_photo(depth_m))
    span = 1 / NEAR_M - 1 / FAR_M
    assert (found.container, found.metric) == ("dynamic", True)
    assert np.abs(found.disparity - 1 / depth_m).max() < EIGHT_BIT_STEP * span
    assert found.focal_length_sides == pytest.approx(100 / 128)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_stored_map_is_turned_with_its_photo(orientation):
    """What EXIF does to the picture happens to the map."""
    depth_m = scene_depth_m()
    found = embedded_depth(gdepth_photo(depth_m, jpeg=photo(orientation=orientation)))
    upright = depth_m.T if orientation >= 5 else depth_m
    if orientation in (3, 4, 7, 8):
        upright = upright[::-1]
    if orientation in (2, 3, 6, 7):
        upright = upright[:, ::-1]
    assert worst_depth_error(found.disparity, upright) < READ_ERROR


def test_a_map_that_is_upright_already_stays():
    """Some writers turn the map and leave the picture: its shape tells."""
    depth_m = scene_depth_m((64, 48))
    found = embedded_depth(gdepth_photo(depth_m, jpeg=photo(orientation=6)))
    assert worst_depth_error(found.disparity, depth_m) < READ_ERROR


def test_photos_without_depth_have_none():
    """No XMP, other XMP, and files that are no JPEG at all."""
    other = with_packet(photo(), f'{HEAD}<rdf:Description rdf:about=""/>{TAIL}')
    for content in (photo(), other, b"\x89PNG\r\n\x1a\n", b""):
        assert embedded_depth(content) is None
        assert embedded_original(content) is None


def png_bomb() -> bytes:
    """A PNG that announces 50 000 x 50 000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def gdepth_with(data: str, **words: str) -> bytes:
    """A JPEG whose standard packet holds GDepth of these words."""
    said = {"Format": "RangeInverse", "Near": "0.4", "Far": "12", "Data": data} | words
    inside = " ".join(f'GDepth:{key}="{value}"' for key, value in said.items())
    return with_packet(photo(), f'{HEAD}<rdf:Description xmlns:GDepth="{GDEPTH}" {inside}/>{TAIL}')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            with_packet(photo(), '<!DOCTYPE x [<!ENTITY a "b">]>' + HEAD + TAIL),
            "declares entities or a document type",
        ),
        (
            with_packet(
                photo(), '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + TAIL
            ),
            "declares entities or a document type",
        ),
        (with_packet(photo(), "<a>" * 300 + "</a>" * 300), "levels deep"),
        (dynamic_photo(scene_depth_m(), listed="../../x"), "a path or an address"),
        (dynamic_photo(scene_depth_m(), listed="/etc/passwd"), "a path or an address"),
        (dynamic_photo(scene_depth_m(), listed="a\\..\\b"), "a path or an address"),
        (dynamic_photo(scene_depth_m(), listed="file:x"), "a path or an address"),
        (gdepth_with(base64.b64encode(png_bomb()).decode()), "far too many values"),
    ],
)  # fmt: skip
def test_attacks_are_refused_with_a_sentence(content, words):
    """Entities, deep trees, paths, bombs: never taken for mere damage, never passed over."""
    with pytest.raises(PhotoError, match=words) as refusal:
        embedded_depth(content)
    assert not isinstance(refusal.value, UnusableDepth)


def test_an_extended_packet_that_announces_too_much_is_refused():
    """The announced length is checked before anything is put together."""
    content = gdepth_photo(scene_depth_m())
    head = content.index(b"http://ns.adobe.com/xmp/extension/\0") + 35 + 32
    huge = content[:head] + struct.pack(">I", 2**31) + content[head + 4 :]
    with pytest.raises(PhotoError, match="2147483648 bytes of extended XMP"):
        embedded_depth(huge)


GOOD = base64.b64encode(coded(scene_depth_m(), inverse=True, bits=8)).decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gdepth_with(GOOD[:200]), "damaged"),
        (gdepth_with("!!" + GOOD), "no base64"),
        (gdepth_with(base64.b64encode(b"no picture").decode()), "damaged"),
        (gdepth_with(GOOD, Near="-1"), "no range"),
        (gdepth_with(GOOD, Near="nan"), "no range"),
        (gdepth_with(GOOD, Near="20"), "no range"),
        (gdepth_with(GOOD, Far="inf"), "no range"),
        (gdepth_with(GOOD, Format="Logarithmic"), "Logarithmic"),
        (gdepth_with(GOOD, Units="furlongs"), "furlongs"),
        (with_packet(photo(), HEAD), "not well-formed"),
        (dynamic_photo(scene_depth_m(), cut=10), "does not hold it whole"),
        (dynamic_photo(scene_depth_m(), listed="android/elsewhere"), "does not hold it whole"),
        (dynamic_photo(scene_depth_m(), length="99999999"), "does not hold it whole"),
        (dynamic_photo(scene_depth_m(), length="-5"), "-5"),
        (gdepth_photo(scene_depth_m((48, 90))), "another aspect ratio"),
    ],
)
def test_damaged_depth_is_told_as_unusable(content, words):
    """Depth that is broken or another picture's: the photo may still be rendered with the model."""
    with pytest.raises(UnusableDepth, match=words):
        embedded_depth(content)


@pytest.mark.parametrize("cut", range(1, 20))
def test_truncated_files_give_a_sentence_or_depth(cut):
    """Cut anywhere, a file with depth never leads to a traceback."""
    for content in (gdepth_photo(scene_depth_m()), dynamic_photo(scene_depth_m())):
        with contextlib.suppress(PhotoError):
            embedded_depth(content[: len(content) * cut // 20])
