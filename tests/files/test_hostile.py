"""Bombs, entities, odd paths and sudden death."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from photo_samples import Kind, jpeg_of, sample, xmp_packet

from d2f import files
from d2f.errors import PhotoError, UsageError
from d2f.files import Limits
from d2f.files.containers.jpeg_segments import APP1, EXTENDED, XMP, Segment, spliced

SEED = 11
KILLS = 50
LONGEST_S = 0.25  # of the writer's life


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*chunks: bytes, width: int = 16, height: int = 16, data: bytes = b"") -> bytes:
    """A PNG of one grey channel with further chunks."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = data or zlib.compress(b"\0" * (width + 1) * height)
    inside = chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + inside


def test_a_huge_png_of_a_megabyte_is_refused_at_once():
    """50 000 x 50 000 pixels, 1 MB of zeros that unpack to gigabytes."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(10_000_000)) for _ in range(100)) + packer.flush()
    bomb = png_with(width=50_000, height=50_000, data=packed)
    assert 900_000 < len(bomb) < 1_200_000
    started = time.process_time()
    with pytest.raises(PhotoError, match="50000 x 50000"):
        files.photo_from_bytes(bomb)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("kind", [b"iCCP", b"iTXt"])
def test_packed_metadata_are_unpacked_within_limits(kind):
    """A profile and an XMP packet of 100 MB that lie in 100 KB."""
    packed = zlib.compress(bytes(100_000_000), 9)
    head = b"x\0\0" if kind == b"iCCP" else b"XML:com.adobe.xmp\0\1\0\0\0"
    with pytest.raises(PhotoError, match="of more than"):
        files.photo_from_bytes(png_with(chunk(kind, head + packed)))


def test_a_huge_profile_of_a_jpeg_is_refused():
    """5 MB in 80 segments."""
    content = jpeg_of(np.zeros((16, 16, 3), np.uint8), icc_profile=bytes(5_000_000))
    with pytest.raises(PhotoError, match="5000000 bytes of ICC"):
        files.photo_from_bytes(content)


def test_packed_metadata_of_jpeg_xl_are_unpacked_within_limits():
    """A brob box of a few hundred bytes that unpacks to 100 MB."""
    import imagecodecs

    from d2f.files.heif_write import box_of

    packed = imagecodecs.brotli_encode(bytes(100_000_000))
    content = sample(Kind("JXL", "u8")) + box_of(b"brob", b"xml ", packed)
    with pytest.raises(PhotoError, match="packed metadata"):
        files.photo_from_bytes(content)


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_xmp_with_entities_is_refused(declared):
    """External files, growing entities and foreign document types."""
    packet = declared.encode() + xmp_packet()
    content = spliced(
        jpeg_of(np.zeros((16, 16, 3), np.uint8)), [Segment(APP1, XMP + packet)], jfif=True
    )
    with pytest.raises(PhotoError, match="entities or a document type"):
        files.photo_from_bytes(content)


def test_extended_xmp_that_announces_gigabytes_is_refused():
    """The announced length is held against the limit before anything is put together."""
    guid = b"0123456789ABCDEF" * 2
    packet = xmp_packet(
        '<rdf:Description xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
        f'xmpNote:HasExtendedXMP="{guid.decode()}"/>'
    )
    part = EXTENDED + guid + struct.pack(">II", 4_000_000_000, 0) + b"x" * 100
    content = spliced(
        jpeg_of(np.zeros((16, 16, 3), np.uint8)),
        [Segment(APP1, XMP + packet), Segment(APP1, part)],
        jfif=True,
    )
    with pytest.raises(PhotoError, match="4000000000 bytes of extended XMP"):
        files.photo_from_bytes(content)


def test_names_inside_files_are_never_used(tmp_path):
    """A title of `../../x` stays a title: nothing is written but the output."""
    content = png_with(chunk(b"tEXt", b"Title\0../../x"), chunk(b"iCCP", b"../../y\0\0"))
    folder = tmp_path / "a" / "b"
    files.write_photo(files.photo_from_bytes(content), folder / "out.png", overwrite=False)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / "out.png"]
    assert b"../../x" in (folder / "out.png").read_bytes()


def test_limits_are_raised_by_the_environment(monkeypatch):
    """D2F_MAX_MEGAPIXELS and D2F_MAX_SIDE; nonsense is a sentence."""
    wide = png_with(width=40_000, height=16)
    with pytest.raises(PhotoError, match="D2F_MAX_SIDE"):
        files.photo_from_bytes(wide)
    monkeypatch.setenv("D2F_MAX_SIDE", "50000")
    assert files.photo_from_bytes(wide).size == (16, 40_000)
    monkeypatch.setenv("D2F_MAX_MEGAPIXELS", "0.1")
    with pytest.raises(PhotoError, match=r"0\.1 megapixels"):
        files.photo_from_bytes(wide)
    monkeypatch.setenv("D2F_MAX_MEGAPIXELS", "many")
    with pytest.raises(UsageError, match="D2F_MAX_MEGAPIXELS=many"):
        Limits.from_environment()


WRITER = """
import sys
from pathlib import Path
from d2f.files import write_whole
print("ready", flush=True)
while True:
    for letter in b"ab":
        write_whole(bytes([letter]) * 3_000_000, Path(sys.argv[1]), overwrite=True)
"""


@pytest.mark.slow
def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path):
    """SIGKILL at 50 random moments of writing: the file is always whole."""
    target = tmp_path / "photo.png"
    moments = random.Random(SEED)
    whole = {bytes([letter]) * 3_000_000 for letter in b"ab"}
    target.write_bytes(b"a" * 3_000_000)
    running: list[subprocess.Popen[str]] = []
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, target], stdout=subprocess.PIPE, text=True
        )
        running.append(writer)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0, LONGEST_S))
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        assert target.read_bytes() in whole
    assert all(writer.returncode == -signal.SIGKILL for writer in running)
    assert Path(target).stat().st_size == 3_000_000
