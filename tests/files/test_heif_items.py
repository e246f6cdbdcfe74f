"""HEIF directories alone: no codec is needed, so these run everywhere."""

from __future__ import annotations

import struct

import pytest

from d2f.files.depth_values import UnusableDepth
from d2f.files.heif_items import heif_of
from d2f.files.heif_write import NewItem, box_of, with_items


def bare(*, method: int = 0) -> bytes:
    """A file with one item, its bytes behind the directory or inside it."""
    data, version = b"pixels of a picture", struct.pack(">I", 0)
    idat = [box_of(b"idat", data)] if method else []

    def meta(at: int) -> bytes:
        entry = struct.pack(">HHHHII", 7, method, 0, 1, at, len(data))
        return box_of(
            b"meta", version,
            box_of(b"hdlr", bytes(8), b"pict", bytes(13)),
            box_of(b"pitm", version, struct.pack(">H", 7)),
            box_of(b"iloc", struct.pack(">I", 1 << 24), b"\x44\x00\x00\x01", entry),
            box_of(b"iinf", version, struct.pack(">H", 1),
                   box_of(b"infe", struct.pack(">IHH", 2 << 24, 7, 0), b"hvc1\0")),
            box_of(b"iprp", box_of(b"ipco", box_of(b"ispe", version, struct.pack(">II", 30, 20))),
                   box_of(b"ipma", version, struct.pack(">IHBB", 1, 7, 1, 1))),
            *idat,
        )  # fmt: skip

    head = box_of(b"ftyp", b"heicmif1")
    after = b"" if method else box_of(b"mdat", data)
    return head + meta(0 if method else len(head) + len(meta(0)) + 8) + after


@pytest.mark.parametrize("method", [0, 1])
def test_an_added_item_leaves_the_others_their_bytes(method):
    """Offsets in the file move, offsets in the directory's own data do not."""
    plane = NewItem(
        kind=b"hvc1", content=b"a plane", properties=(box_of(b"hvcC", b"x"),), refers=(b"auxl", 7)
    )
    words = NewItem(kind=b"mime", mime="text/x", name="n", content=b"words", refers=(b"cdsc", -1))
    content = with_items(bare(method=method), [plane, words])
    heif = heif_of(content)
    assert heif.primary == 7
    assert heif.content_of(7) == b"pixels of a picture"
    assert heif.size_of(7) == (30, 20)
    assert heif.content_of(8) == b"a plane"
    assert heif.content_of(9) == b"words"
    assert heif.pointing_at(7, b"auxl") == [8]
    assert heif.pointing_at(8, b"cdsc") == [9]
    assert heif.items[8].properties == [(True, 2)]
    again = heif_of(with_items(content, [words]))
    assert again.content_of(7) == b"pixels of a picture"
    assert again.content_of(8) == b"a plane"


def test_damaged_directories_are_unusable():
    """No directory, a cut one, data outside the file, a film."""
    for content in (b"", box_of(b"ftyp", b"heic"), box_of(b"meta", bytes(4), box_of(b"iloc"))):
        with pytest.raises(UnusableDepth):
            heif_of(content)
    cut = bare()[:-5]
    with pytest.raises(UnusableDepth):
        heif_of(cut).content_of(7)
    many = struct.pack(">HHHH", 7, 0, 0, 9000) + struct.pack(">II", 0, 500) * 9000
    located = box_of(b"iloc", struct.pack(">I", 1 << 24), b"\x44\x00\x00\x01", many)
    with pytest.raises(UnusableDepth):  # the same bytes thousands of times
        heif_of(box_of(b"meta", bytes(4), located)).content_of(7)
    with pytest.raises(UnusableDepth, match="film"):
        with_items(bare() + box_of(b"moov"), [])
