"""Depth written into JPEG files: read back, replaced, and refused where it has no room."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from depth_samples import (
    WRITE_ERROR,
    dynamic_photo,
    gdepth_photo,
    photo,
    scene_depth_m,
    with_packet,
)
from PIL import Image

from d2f.errors import PhotoError, UsageError
from d2f.files import photo_from_bytes, photo_to_bytes
from d2f.files.embed_depth import check_embedding, embed_depth
from d2f.files.embedded_depth import embedded_depth, embedded_original


@pytest.mark.parametrize("container", ["gdepth", "dynamic"])
@pytest.mark.parametrize("metric", [True, False])
def test_what_is_embedded_reads_back_the_same(container, metric):
    """Metric and relative disparity, the original byte for byte, the picture untouched."""
    disparity = (1 / scene_depth_m()).astype(np.float32)
    if not metric:
        disparity = (disparity - disparity.min()) / np.ptp(disparity)
    original, plain = photo((48, 64), orientation=6), photo()
    content = embed_depth(
        plain, disparity, container=container, metric=metric, original=original,
        focal_length_sides=0.8,
    )  # fmt: skip
    found = embedded_depth(content)
    assert (found.container, found.metric) == (container, metric)
    floor = 0 if metric else 1e-4  # of 1: what stands for infinity
    assert np.abs(found.disparity - disparity).max() < WRITE_ERROR * np.ptp(disparity) + floor
    assert embedded_original(content) == original
    assert found.focal_length_sides == (0.8 if container == "dynamic" else None)
    with Image.open(io.BytesIO(content)) as now, Image.open(io.BytesIO(plain)) as before:
        assert np.array_equal(np.asarray(now), np.asarray(before))
        assert now.info["exif"] == before.info["exif"]


def test_embedding_again_replaces_what_was_there():
    """A photo that came with depth leaves with the new one alone, in either way."""
    first = np.full((48, 64), 0.5, np.float32)
    second = (1 / scene_depth_m()).astype(np.float32)
    for before in ("gdepth", "dynamic"):
        for after in ("gdepth", "dynamic"):
            once = embed_depth(photo(), first, container=before, metric=True)
            twice = embed_depth(once, second, container=after, metric=True)
            found = embedded_depth(twice)
            assert found.container == after
            assert np.abs(found.disparity - second).max() < WRITE_ERROR * np.ptp(second)
            fresh = embed_depth(photo(), second, container=after, metric=True)
            assert len(twice) < len(fresh) + 400  # what was there leaves with its bytes


def test_xmp_that_was_there_stays():
    """A title and its prefix survive, in a packet with an RDF prefix of its own, too."""
    for rdf in ("rdf", "r"):
        packet = (
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><{rdf}:RDF xmlns:{rdf}="http://www.w3.org/1999/02'
            f'/22-rdf-syntax-ns#"><{rdf}:Description xmlns:dc="http://purl.org/dc/elements/1.1/" '
            f'dc:source="here"/></{rdf}:RDF></x:xmpmeta>'
        )
        jpeg = with_packet(photo(), packet)
        content = embed_depth(jpeg, np.ones((3, 4), np.float32), container="gdepth", metric=True)
        assert b'dc:source="here"' in content
        assert np.allclose(embedded_depth(content).disparity, 1)
        assert Image.open(io.BytesIO(content)).getxmp()


def test_depth_survives_a_render_that_embeds_none():
    """Untouched depth of an upright photo stays in a JPEG; what no longer holds leaves with it."""
    depth_m = scene_depth_m()
    for content in (gdepth_photo(depth_m), dynamic_photo(depth_m)):
        before = embedded_depth(content)
        after = embedded_depth(photo_to_bytes(photo_from_bytes(content)))
        assert np.array_equal(after.disparity, before.disparity)
    turned = photo_from_bytes(gdepth_photo(depth_m, jpeg=photo(orientation=6)))
    assert embedded_depth(photo_to_bytes(turned)) is None
    moved = photo_to_bytes(photo_from_bytes(dynamic_photo(depth_m)), "PNG")
    assert b"DepthURI" not in moved
    assert b"android/depthmap" not in moved


def test_the_index_of_several_pictures_stays_true():
    """A file with a gain map keeps it where its index says, behind a picture that has grown."""
    second = photo((48, 64))

    def index(size: int, offset: int) -> bytes:
        entries = struct.pack(">IIIHH", 0x30000, size, 0, 0, 0)
        entries += struct.pack(">IIIHH", 0, len(second), offset, 0, 0)
        directory = struct.pack(">HHHII", 1, 0xB002, 7, 32, 8 + 2 + 12 + 4) + bytes(4)
        payload = b"MPF\0MM\0*" + struct.pack(">I", 8) + directory + entries
        return struct.pack(">BBH", 0xFF, 0xE2, len(payload) + 2) + payload

    plain = photo()
    size = len(plain) + len(index(0, 0))
    first = plain[:2] + index(size, size - 10) + plain[2:]
    disparity = np.ones((48, 64), np.float32)
    for container in ("gdepth", "dynamic"):
        content = embed_depth(first + second, disparity, container=container, metric=True)
        header = content.index(b"MPF\0") + 4
        entries = header + 26
        (size,) = struct.unpack_from(">I", content, entries + 4)
        (offset,) = struct.unpack_from(">I", content, entries + 24)
        assert content[size : size + len(second)] == second
        assert header + offset == size
        assert np.allclose(embedded_depth(content).disparity, 1)


def test_large_maps_are_written_smaller():
    """2048 samples a side at most, each a value that occurs."""
    disparity = np.zeros((1536, 4096), np.float32)
    disparity[:, 2000:] = 1
    jpeg = photo((384, 1024))
    found = embedded_depth(embed_depth(jpeg, disparity, container="dynamic", metric=False))
    assert found.disparity.shape == (768, 2048)
    assert set(np.unique(found.disparity.round(3))) == {0.0, 1.0}


def test_flat_and_infinite_maps_are_written():
    """One value everywhere, and infinity, which the format can only call very far."""
    for value in (0.0, 0.25):
        flat = np.full((6, 8), value, np.float32)
        found = embedded_depth(embed_depth(photo(), flat, container="gdepth", metric=True))
        assert np.allclose(found.disparity, value, atol=1.1e-4)


def test_names_and_files_of_other_formats_are_refused():
    """GDepth needs a JPEG, a plane needs a HEIC."""
    check_embedding("gdepth", Path("a.JPG"))
    check_embedding("dynamic", Path("a.jpe"))
    check_embedding("heic", Path("a.heic"))
    with pytest.raises(UsageError, match=r"a\.png"):
        check_embedding("dynamic", Path("a.png"))
    with pytest.raises(UsageError, match=r"a\.jpg"):
        check_embedding("heic", Path("a.jpg"))
    with pytest.raises(UsageError, match="JPEG"):
        embed_depth(b"\x89PNG", np.ones((2, 2), np.float32), container="gdepth", metric=True)
    with pytest.raises(UsageError, match="HEIC"):
        embed_depth(photo(), np.ones((2, 2), np.float32), container="heic", metric=True)


def test_an_original_too_large_for_xmp_is_refused():
    """GDepth keeps it in XMP, which has a limit; the sentence names the way out."""
    with pytest.raises(PhotoError, match="embed-depth dynamic"):
        embed_depth(
            photo(), np.ones((48, 64), np.float32), container="gdepth", metric=True,
            original=bytes(25_000_000),
        )  # fmt: skip


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("container", ["gdepth", "dynamic"])
def test_exiftool_finds_the_structures_valid(container, tmp_path):
    """An independent reader sees the map and has nothing to complain about."""
    disparity = (1 / scene_depth_m((480, 640))).astype(np.float32)
    noisy = disparity + np.random.default_rng(3).uniform(0, 0.1, disparity.shape)
    content = embed_depth(
        photo((480, 640), None), noisy.astype(np.float32), container=container, metric=True,
        original=photo((48, 64), None),
    )  # fmt: skip
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    asked = ["-validate", "-warning", "-error", "-XMP:all", "-struct", "-json", "-G0"]
    told = json.loads(
        subprocess.run(["exiftool", *asked, path], capture_output=True, check=True).stdout
    )[0]
    assert told["ExifTool:Validate"] == "OK", told
    if container == "gdepth":
        assert float(told["XMP:Near"]) == pytest.approx(1 / noisy.max(), rel=1e-6)
        picture = subprocess.run(
            ["exiftool", "-b", "-XMP-GDepth:DepthImage", path], capture_output=True, check=True
        ).stdout
        assert np.asarray(Image.open(io.BytesIO(picture))).shape == (480, 640)
    else:
        directory = json.dumps(told)
        assert "android/depthmap" in directory
        assert "android/original_image" in directory
