"""Depth planes in HEIC: two-image files built here box by box, read, written, refused."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from d2f.errors import MissingPartError, PhotoError
from d2f.files.depth_values import UnusableDepth
from d2f.files.embed_depth import embed_depth
from d2f.files.embedded_depth import embedded_depth, embedded_original
from d2f.files.heif_items import heif_of
from d2f.files.heif_write import NewItem, box_of, with_items

pillow_heif = pytest.importorskip(
    "pillow_heif", reason='needs pip install "d2f[heic-write]" to make HEIC files'
)

NEAREST, FARTHEST = 4.383, 1.498  # 1/m: the range of an iPhone's portrait
READ_ERROR = 5e-3  # of depth, as promised; worst seen 3.6e-3: half a code of 8 bits
HALF_A_CODE = 0.502 / 255
APDI = "http://ns.apple.com/pixeldatainfo/1.0/"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax'
    '-ns#"><rdf:Description xmlns:apdi="{apdi}" xmlns:depthData="http://ns.apple.com/depthData/1.0/">'
    "<apdi:FloatMinValue>{low}</apdi:FloatMinValue><apdi:FloatMaxValue>{high}</apdi:FloatMaxValue>"
    "<apdi:AuxiliaryImageType>{kind}</apdi:AuxiliaryImageType>"
    "<depthData:IntrinsicMatrixReferenceWidth>4032</depthData:IntrinsicMatrixReferenceWidth>"
    "<depthData:IntrinsicMatrixReferenceHeight>3024</depthData:IntrinsicMatrixReferenceHeight>"
    "<depthData:IntrinsicMatrix><rdf:Seq><rdf:li>3024</rdf:li><rdf:li>0</rdf:li></rdf:Seq>"
    "</depthData:IntrinsicMatrix><depthData:Accuracy>{accuracy}</depthData:Accuracy>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def encoded(pixels: np.ndarray) -> bytes:
    """A HEIC file of RGB or grey pixels, without loss."""
    file = pillow_heif.HeifFile()
    file.add_frombytes("RGB" if pixels.ndim == 3 else "L", pixels.shape[1::-1], pixels.tobytes())
    target = io.BytesIO()
    file.save(target, quality=-1)
    return target.getvalue()


def picture(size: tuple[int, int] = (96, 128)) -> np.ndarray:
    """RGB that differs everywhere."""
    rows, cols = np.mgrid[: size[0], : size[1]]
    return np.stack([rows, cols, rows + cols], -1).astype(np.uint8)


def disparity(size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """From FARTHEST to NEAREST, different in every corner."""
    rows, cols = np.mgrid[: size[0], : size[1]] / (np.array(size) - 1)[:, None, None]
    return (FARTHEST + (NEAREST - FARTHEST) * (0.7 * rows + 0.3 * cols)).astype(np.float32)


def codes(values: np.ndarray) -> np.ndarray:
    """What a camera stores for disparity."""
    return np.rint((values - FARTHEST) / (NEAREST - FARTHEST) * 255).astype(np.uint8)


def part(content: bytes) -> tuple[list[bytes], bytes]:
    """Properties and data of the one picture in a file that the encoder made."""
    ipco = content.index(b"ipco")
    size = struct.unpack_from(">I", content, ipco - 4)[0]
    inside, at, found = content[ipco + 4 : ipco - 4 + size], 0, []
    while at < len(inside):
        length = struct.unpack_from(">I", inside, at)[0]
        found.append(inside[at : at + length])
        at += length
    iloc = content.index(b"iloc") + 4  # one item, base of 4 bytes, one extent of 4
    base, offset, length = struct.unpack_from(">I2xII", content, iloc + 12)
    return found, content[base + offset : base + offset + length]


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with version and flags."""
    payload = struct.pack(">I", version << 24 | flags) + b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box."""
    payload = b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def two_images(
    main: np.ndarray, plane: np.ndarray, *, xmp: str | None, turn: int = 0, turn_plane: bool = True,
    mirror: int | None = None, aux: bytes = b"urn:mpeg:hevc:2015:auxid:2",
    announced: tuple[int, int] | None = None,
) -> bytes:  # fmt: skip
    """A HEIC file as a camera writes it: picture, plane bound by auxl, XMP bound by cdsc.

    Boxes of the oldest versions, offsets of 4 bytes: another writer than the one under test.
    """
    properties, places, data = [], [], []
    for index, content in enumerate((encoded(main), encoded(plane))):
        own, bytes_ = part(content)
        if index and announced:
            own = [full(b"ispe", 0, 0, struct.pack(">II", *announced)) if p[4:8] == b"ispe" else p
                   for p in own]  # fmt: skip
        if turn and (index == 0 or turn_plane):
            own.append(box(b"irot", bytes([turn])))
        if mirror is not None and (index == 0 or turn_plane):
            own.append(box(b"imir", bytes([mirror])))
        if index:
            own.append(full(b"auxC", 0, 0, aux + b"\0"))
        numbers = range(len(properties) + 1, len(properties) + len(own) + 1)
        places.append(struct.pack(f">HB{len(own)}B", index + 1, len(own), *numbers))
        properties += own
        data.append(bytes_)
    infos = [full(b"infe", 2, 0, struct.pack(">HH", i, 0), b"hvc1", b"\0") for i in (1, 2)]
    references = [box(b"auxl", struct.pack(">HHH", 2, 1, 1))]
    if xmp is not None:
        data.append(xmp.encode())
        infos.append(full(b"infe", 2, 1, struct.pack(">HH", 3, 0), b"mime", b"\0",
                          b"application/rdf+xml\0"))  # fmt: skip
        references.append(box(b"cdsc", struct.pack(">HHH", 3, 1, 2)))

    def meta(at: int) -> bytes:
        located = []
        for number, content in enumerate(data, 1):
            located.append(struct.pack(">HHHII", number, 0, 1, at, len(content)))
            at += len(content)
        return full(
            b"meta", 0, 0,
            full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full(b"pitm", 0, 0, struct.pack(">H", 1)),
            full(b"iloc", 0, 0, b"\x44\x00", struct.pack(">H", len(data)), *located),
            full(b"iinf", 0, 0, struct.pack(">H", len(infos)), *infos),
            full(b"iref", 0, 0, *references),
            box(b"iprp", box(b"ipco", *properties),
                full(b"ipma", 0, 0, struct.pack(">I", 2), *places)),
        )  # fmt: skip

    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", *data)


def told(**words: object) -> str:
    """The XMP of a plane, with some words changed."""
    said = {"apdi": APDI, "low": FARTHEST, "high": NEAREST, "kind": "disparity",
            "accuracy": "absolute"}  # fmt: skip
    return XMP.format(**(said | words))


def test_a_plane_in_reciprocal_metres_is_read():
    """Disparity from the XMP's range, depth within the promised half percent, the angle of view."""
    found = embedded_depth(two_images(picture(), codes(disparity()), xmp=told()))
    assert (found.container, found.metric) == ("heic", True)
    assert np.abs(found.disparity / disparity() - 1).max() < READ_ERROR
    assert found.focal_length_sides == pytest.approx(3024 / 4032)


def test_a_plane_of_depth_is_read():
    """A depth plane stores metres."""
    xmp = told(kind="depth", low=1.0, high=3.0)
    plane = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
    found = embedded_depth(two_images(picture(), plane, xmp=xmp))
    assert np.abs(found.disparity * (1 + plane / 127.5) - 1).max() < 1e-5


def test_a_plane_without_a_range_is_relative():
    """Without XMP only order counts; 0..1 of relative accuracy is what third-party writers say."""
    for xmp in (None, told(low=0, high=1, accuracy="relative")):
        found = embedded_depth(two_images(picture(), codes(disparity()), xmp=xmp))
        assert not found.metric
        assert found.disparity == pytest.approx(codes(disparity()) / 255, abs=1e-6)


@pytest.mark.parametrize("turn_plane", [True, False])
def test_a_plane_is_turned_with_its_picture(turn_plane):
    """Whether the file turns both or the picture alone, the plane lies on the upright picture."""
    main, plane = picture((96, 128)), codes(disparity())
    found = embedded_depth(two_images(main, plane, xmp=told(), turn=1, turn_plane=turn_plane))
    assert np.abs(found.disparity / np.rot90(disparity()) - 1).max() < READ_ERROR


@pytest.mark.parametrize("turn_plane", [True, False])
@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("mirror", [0, 1])
def test_a_plane_is_mirrored_with_its_picture(mirror, turn, turn_plane):
    """0 exchanges top and bottom, 1 left and right; libheif, which mirrors both, is the witness."""
    file = two_images(
        picture((96, 128)), codes(disparity()), xmp=told(), turn=turn, turn_plane=turn_plane,
        mirror=mirror,
    )  # fmt: skip
    wanted = np.flip(np.rot90(disparity(), turn), mirror)
    assert np.abs(embedded_depth(file).disparity / wanted - 1).max() < READ_ERROR


def test_a_matte_comes_with_the_depth():
    """The portrait matte is one more plane, at a size of its own."""
    base = two_images(picture(), codes(disparity()), xmp=told())
    own, data = part(encoded(np.tile(np.arange(128, dtype=np.uint8), (96, 1))))
    name = box_of(b"auxC", bytes(4), b"urn:com:apple:photo:2018:aux:portraiteffectsmatte\0")
    item = NewItem(kind=b"hvc1", content=data, properties=(*own, name), refers=(b"auxl", 1))
    found = embedded_depth(with_items(base, [item]))
    assert found.matte.shape == (96, 128)
    assert found.matte[0] == pytest.approx(np.arange(128) / 255, abs=1e-6)


@pytest.mark.parametrize("metric", [True, False])
def test_what_is_embedded_reads_back_the_same(metric):
    """Within half a code; the original byte for byte; the picture's own bytes untouched."""
    plain = encoded(picture())
    values = disparity() if metric else (disparity() - FARTHEST) / np.float32(NEAREST - FARTHEST)
    content = embed_depth(plain, values, container="heic", metric=metric, original=b"\xff\xd8 all")
    found = embedded_depth(content)
    assert found.metric == metric
    assert np.abs(found.disparity - values).max() < HALF_A_CODE * np.ptp(values)
    assert embedded_original(content) == b"\xff\xd8 all"
    before, after = heif_of(plain), heif_of(content)
    assert after.content_of(after.primary) == before.content_of(before.primary)
    decoded = pillow_heif.open_heif(io.BytesIO(content))
    as_before = pillow_heif.open_heif(io.BytesIO(plain))
    assert np.array_equal(np.array(decoded.to_pillow()), np.array(as_before.to_pillow()))
    assert "xmp" not in decoded.info  # the plane's own is not the photo's


def test_other_decoders_find_the_range():
    """libheif reads the HEVC message that tells the range beside the XMP."""
    for low in (0.0, 0.4):
        values = disparity()
        values[0, 0] = low
        content = embed_depth(encoded(picture()), values, container="heic", metric=True)
        plane = pillow_heif.open_heif(io.BytesIO(content)).info["depth_images"][0]
        said = plane.info["metadata"]
        assert said["representation_type"] == 1
        assert said["d_min"] == pytest.approx(low, rel=1e-4, abs=1e-9)
        assert said["d_max"] == pytest.approx(NEAREST, rel=1e-4)


def test_depth_and_pixels_of_a_file_with_depth_survive_another_item():
    """Offsets move with the directory, and every item keeps its bytes."""
    base = two_images(picture(), codes(disparity()), xmp=told())
    more = with_items(base, [NewItem(kind=b"mime", mime="text/plain", content=b"hello")])
    before, after = heif_of(base), heif_of(more)
    for number in before.items:
        assert after.content_of(number) == before.content_of(number)
    assert after.content_of(4) == b"hello"
    assert np.array_equal(embedded_depth(more).disparity, embedded_depth(base).disparity)


def test_hostile_planes_are_refused():
    """Sizes are checked before decoding; entities are refused; another aspect is unusable."""
    huge = two_images(picture(), codes(disparity()), xmp=told(), announced=(40_000, 40_000))
    with pytest.raises(PhotoError, match="40000 x 40000 values"):
        embedded_depth(huge)
    entity = two_images(picture(), codes(disparity()), xmp='<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    with pytest.raises(PhotoError, match="declares entities"):
        embedded_depth(entity)
    with pytest.raises(UnusableDepth, match="another aspect ratio"):
        embedded_depth(two_images(picture(), codes(disparity((48, 48))), xmp=told()))


@pytest.mark.parametrize("seed", range(60))
def test_damaged_files_give_a_sentence_or_depth(seed):
    """Cut short, or with bytes changed in the directory, a file never leads to a traceback."""
    rng = np.random.default_rng(seed)
    content = bytearray(two_images(picture(), codes(disparity()), xmp=told()))
    for at in rng.integers(0, 900, rng.integers(1, 6)):
        content[at] = rng.integers(256)
    damaged = bytes(content[: len(content) if seed % 3 else rng.integers(len(content))])
    try:
        found = embedded_depth(damaged)
    except PhotoError:
        return
    assert found is None or np.isfinite(found.disparity).all()


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_the_structure_valid(tmp_path):
    """An independent reader walks all boxes without a warning, and sees the plane's type."""
    path = tmp_path / "photo.heic"
    path.write_bytes(embed_depth(encoded(picture()), disparity(), container="heic", metric=True))
    run = ["exiftool", "-json", "-validate", "-warning", "-ee", "-G0", "-AuxiliaryImageType", path]
    said = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)[0]
    assert said["ExifTool:Validate"] == "OK", said


def test_a_missing_encoder_is_named_with_the_line_that_installs_it(monkeypatch):
    """The extra that writes HEIC is another one than the extra that reads it."""
    plain = encoded(picture())
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingPartError, match=r'pip install "d2f\[heic-write\]"'):
        embed_depth(plain, disparity(), container="heic", metric=True)
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(MissingPartError, match=r'pip install "d2f\[heic\]"'):
        embedded_depth(two_images(picture(), codes(disparity()), xmp=None))
