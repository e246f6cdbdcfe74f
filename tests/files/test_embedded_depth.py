"""Depth inside JPEG files: built here by hand, read back, written, and refused where it lies."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2f.errors import PhotoError, UsageError
from d2f.files import photo_from_bytes, photo_to_bytes
from d2f.files.depth_values import UnusableDepth
from d2f.files.embed_depth import check_embedding, embed_depth
from d2f.files.embedded_depth import embedded_depth, embedded_original

NEAR_M, FAR_M = 0.4, 12.0
READ_ERROR = 5e-3  # of depth, as promised; worst seen 2.1e-4 (RangeLinear, 16 bits)
EIGHT_BIT_STEP = 0.51 / 255  # of the range of disparity: half a code, and rounding
WRITE_ERROR = 1e-5  # of the range of disparity; worst seen 7.7e-6
GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
DD = "http://ns.google.com/photos/dd/1.0/"
HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
TAIL = "</rdf:RDF></x:xmpmeta>"


def photo(size: tuple[int, int] = (96, 128), orientation: int | None = 1) -> bytes:
    """A small JPEG of this size (H, W), without EXIF where there is no orientation."""
    rows, cols = np.mgrid[: size[0], : size[1]]
    picture = np.stack([rows * 2, cols, rows + cols], -1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation or 1
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", **({} if orientation is None else {"exif": exif}))
    return file.getvalue()


def scene_depth_m(size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """Depth from NEAR_M to FAR_M, different in every corner, with a step."""
    rows, cols = np.mgrid[: size[0], : size[1]] / np.array(size)[:, None, None]
    disparity = 1 / FAR_M + (1 / NEAR_M - 1 / FAR_M) * (0.7 * rows + 0.3 * cols)
    disparity[: size[0] // 3, : size[1] // 4] = 1 / FAR_M
    disparity[-1, -1] = 1 / NEAR_M
    return 1 / disparity


def coded(depth_m: np.ndarray, *, inverse: bool, bits: int) -> bytes:
    """The PNG that the specification makes of depth, by its own formulas."""
    if inverse:
        share = FAR_M * (depth_m - NEAR_M) / (depth_m * (FAR_M - NEAR_M))
    else:
        share = (depth_m - NEAR_M) / (FAR_M - NEAR_M)
    largest = 2**bits - 1
    codes = np.rint(share * largest).astype(np.uint8 if bits == 8 else np.uint16)
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "PNG")
    return file.getvalue()


def app1(payload: bytes) -> bytes:
    """One APP1 segment."""
    return struct.pack(">BBH", 0xFF, 0xE1, len(payload) + 2) + payload


def with_packet(jpeg: bytes, packet: str, *segments: bytes) -> bytes:
    """The JPEG with an XMP packet and further segments behind its first marker."""
    own = app1(b"http://ns.adobe.com/xap/1.0/\0" + packet.encode())
    return jpeg[:2] + own + b"".join(segments) + jpeg[2:]


def extended_parts(packet: str, part_bytes: int, *, shuffled: bool = False) -> tuple[str, list]:
    """GUID and segments of an extended packet."""
    content = packet.encode()
    guid = hashlib.md5(content).hexdigest().upper()
    parts = [
        app1(
            b"http://ns.adobe.com/xmp/extension/\0" + guid.encode()
            + struct.pack(">II", len(content), at) + content[at : at + part_bytes]
        )
        for at in range(0, len(content), part_bytes)
    ]  # fmt: skip
    return guid, parts[::-1] if shuffled else parts


def gdepth_photo(
    depth_m: np.ndarray, *, form: str = "RangeInverse", bits: int = 16, jpeg: bytes | None = None,
    extra: str = "",
) -> bytes:  # fmt: skip
    """A JPEG with GDepth in an extended packet over several segments, in reversed order."""
    data = base64.b64encode(coded(depth_m, inverse=form == "RangeInverse", bits=bits)).decode()
    long = f'{HEAD}<rdf:Description xmlns:GDepth="{GDEPTH}" GDepth:Data="{data}"/>{TAIL}'
    guid, parts = extended_parts(long, max(len(long) // 2 + 1, 1), shuffled=True)
    assert len(parts) == 2
    short = (
        f'{HEAD}<rdf:Description xmlns:GDepth="{GDEPTH}" GDepth:Format="{form}" '
        f'GDepth:Near="{NEAR_M}" GDepth:Far="{FAR_M}" GDepth:Mime="image/png" {extra} '
        f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{guid}"/>{TAIL}'
    )
    return with_packet(photo() if jpeg is None else jpeg, short, *parts)


def dynamic_photo(
    depth_m: np.ndarray, *, uri: str = "android/depthmap", listed: str | None = None,
    cut: int = 0, length: str | None = None,
) -> bytes:  # fmt: skip
    """A Dynamic Depth photo as cameras write it: properties as elements, three items behind it."""
    picture = coded(depth_m, inverse=True, bits=8)
    between = b"\xff\xd8 something else \xff\xd9"
    items = [
        ("image/jpeg", "0", "primary_image"),
        ("image/jpeg", str(len(between)), "android/other"),
        ("image/png", length or str(len(picture)), listed or uri),
    ]
    directory = "".join(
        f'<rdf:li rdf:parseType="Resource"><rdf:value rdf:parseType="Resource"><Item:Mime>{mime}'
        f"</Item:Mime><Item:Length>{size}</Item:Length><Item:DataURI>{name}</Item:DataURI>"
        f"</rdf:value><rdf:type>{DD}container/:Item</rdf:type></rdf:li>"
        for mime, size, name in items
    )
    packet = (
        f'{HEAD}<rdf:Description xmlns:Device="{DD}device/" xmlns:Container="{DD}container/" '
        f'xmlns:Item="{DD}item/" xmlns:Camera="{DD}camera/" xmlns:DepthMap="{DD}depthmap/" '
        f'xmlns:ImagingModel="{DD}imagingmodel/"><Device:Container rdf:parseType="Resource">'
        f"<Container:Directory><rdf:Seq>{directory}</rdf:Seq></Container:Directory>"
        "</Device:Container><Device:Cameras><rdf:Seq><rdf:li><Device:Camera><Camera:DepthMap "
        'DepthMap:ItemSemantic="Depth" DepthMap:Format="RangeInverse" DepthMap:Units="Meters" '
        f'DepthMap:Near="{NEAR_M}" DepthMap:Far="{FAR_M}" DepthMap:DepthURI="{uri}"/>'
        '<Camera:ImagingModel ImagingModel:FocalLengthX="100" ImagingModel:ImageWidth="128" '
        'ImagingModel:ImageHeight="96"/></Device:Camera></rdf:li></rdf:Seq></Device:Cameras>'
        f"</rdf:Description>{TAIL}"
    )
    file = with_packet(photo(), packet) + between + picture
    return file[: len(file) - cut]


def worst_depth_error(found: np.ndarray, depth_m: np.ndarray) -> float:
    """Largest error of depth, relative to depth."""
    return float(np.abs(1 / found.astype(np.float64) / depth_m - 1).max())


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
