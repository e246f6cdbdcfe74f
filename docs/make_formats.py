"""Writes docs/formats.md from the table of formats; a test holds the two together."""

from __future__ import annotations

from pathlib import Path

from d2f.files.formats import FORMATS, FileFormat
from d2f.files.photo import Depth

WORDS: dict[Depth, str] = {
    "u8": "8", "u10": "10", "u12": "12", "u16": "16", "f16": "half float", "f32": "float",
}  # fmt: skip
BLOCKS = ("exif", "icc", "xmp", "iptc", "cicp")
HEAD = """# Formats

A photo goes out as it came in: container, bit depth, compression, metadata. Another ending of the
output's name asks for another format; what that cannot hold is told. This page is made from
`src/d2f/files/formats.py` by `python docs/make_formats.py`.

| format | endings | bits | keeps | alpha | read | write |
| --- | --- | --- | --- | --- | --- | --- |
"""
FOOT = """
Read as well: CMYK and RGB-coded JPEG, CMYK, palette, premultiplied and BigTIFF files; they are
written as what they were. EXIF blocks keep their length and their maker notes their place; the
thumbnail shows the new picture. JPEG keeps its quantisation tables, subsampling (4:4:0 and 4:1:1
become 4:4:4), further segments, extended XMP and gain map, which is blurred as light. RAW is
developed without brightening and written as 16-bit TIFF, or in the format that the output's name
asks for. C2PA manifests no longer hold after an edit: they are left out, and that is told.

What was done stands in the output's XMP, in the namespace `urn:d2f:edit:1#`.

Limits, checked from the header: 100 megapixels (`--max-megapixels`, `D2F_MAX_MEGAPIXELS`), 30 000
pixels a side (`--max-side`, `D2F_MAX_SIDE`), 4 MB of ICC profile, 1 MB of EXIF, 32 MB of XMP.
"""


def page() -> str:
    """The text of docs/formats.md."""
    return HEAD + "".join(_line(row) for row in FORMATS) + FOOT


def _line(row: FileFormat) -> str:
    depths = sorted((*row.writes, *row.keeps), key=list(WORDS).index)
    cells = (
        row.title,
        ", ".join(row.suffixes),
        ", ".join(WORDS[depth] for depth in depths) or "as the camera's",
        ", ".join(block.upper() for block in BLOCKS if block in row.carries) or "-",
        "premultiplied, too" if row.premultiplied else "yes" if row.alpha else "no",
        f"`d2f[{row.to_read[1]}]`" if row.to_read else "yes",
        (f"`d2f[{row.to_write[1]}]`" if row.to_write else "yes") if row.writes else "no",
    )
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    Path(__file__).with_name("formats.md").write_text(page(), encoding="utf-8")
