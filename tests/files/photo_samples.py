"""Photo files of every format, made here; nothing is stored in the repository."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from d2f.files import Metadata, Photo
from d2f.files.codes import widened
from d2f.files.containers.avif import AvifCoding
from d2f.files.containers.heic import HeicCoding
from d2f.files.containers.tiff import with_entries
from d2f.files.containers.webp import WebpCoding
from d2f.files.exif import Entry, Layout
from d2f.files.formats import FORMATS, row_named
from d2f.files.primaries import MADE_ON, profile_of
from d2f.optics import LINEAR, SRGB, gamma_curve

__all__ = [
    "KINDS",
    "MAKER_NOTE",
    "Kind",
    "exif_block",
    "gradient",
    "jpeg_of",
    "needed",
    "profile",
    "row_named",
    "sample",
    "xmp_packet",
]

SHAPE = (48, 64)
ADOBE_RGB = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.329)  # Adobe RGB (1998), 4.3.1
P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290)  # SMPTE EG 432-1
PROPHOTO = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001, 0.3457, 0.3585)  # ISO 22028-2
MAKER_NOTE = b"MAKER\0" + bytes(range(64))


@dataclass(frozen=True)
class Kind:
    """A format with one of its depths."""

    format: str
    depth: str

    @property
    def lossless(self) -> bool:
        """Whether a file of this kind, as made here, keeps every code."""
        return self.format not in ("JPEG",)

    def __str__(self) -> str:
        return f"{self.format}-{self.depth}"


KINDS = [
    Kind(row.name, depth) for row in FORMATS for depth in (*row.writes, *row.keeps) if row.writes
]


def needed(kind: Kind) -> None:
    """Skip where the format's extra is not installed."""
    row = row_named(kind.format)
    for part in (row.to_read, row.to_write):
        if part is not None and find_spec(part[0]) is None:
            pytest.skip(f"needs {part[0]}: pip install d2f[{part[1]}]")


def gradient(depth: str, channels: int = 3) -> np.ndarray:
    """A picture that uses the whole range of its depth, in the type that a photo has for it."""
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    picture = np.stack([rows / 47, cols / 63, (rows + cols) / 110, 1 - rows / 94], axis=-1)
    picture = picture[..., :channels]
    if depth == "u8":
        return np.rint(picture * 255).astype(np.uint8)
    if depth == "u16":
        return np.rint(picture * 65535).astype(np.uint16)
    if depth[0] == "f":
        kind = np.float16 if depth == "f16" else np.float32
        return (picture * 3).astype(kind).astype(np.float32)
    bits = int(depth[1:])
    return widened(np.rint(picture * ((1 << bits) - 1)).astype(np.uint16), bits)


def exif_block(orientation: int = 1) -> bytes:
    """EXIF with camera, exposure, GPS, a maker note, a thumbnail-free first directory."""
    block = Image.Exif()
    block[271], block[272], block[0x0112] = "Maker", "Camera X", orientation
    block.get_ifd(0x8769).update(
        {0x829D: TiffImagePlugin.IFDRational(28, 10), 0xA002: 64, 0x927C: MAKER_NOTE}
    )
    block.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 1.0)})
    return block.tobytes().removeprefix(b"Exif\0\0")


def xmp_packet(inside: str = "") -> bytes:
    """A sound packet with a title and whatever else."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
        f'{inside}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


@cache
def profile(name: str) -> bytes | None:
    """An ICC profile by name."""
    if name == "none":
        return None
    if name == "sRGB":
        made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        return made[:24] + MADE_ON + made[36:]  # the same on every day
    if name == "P3":
        return profile_of(Metadata(chromaticities=P3), SRGB)
    if name == "linear":
        return profile_of(Metadata(chromaticities=P3), LINEAR)
    gamma, primaries = {"Adobe RGB": (2.2, ADOBE_RGB), "ProPhoto": (1.8, PROPHOTO)}[name]
    return profile_of(Metadata(chromaticities=primaries), gamma_curve(gamma))


def sample(
    kind: Kind, *, orientation: int = 1, icc: str = "sRGB", pixels: np.ndarray | None = None
) -> bytes:
    """A file of that kind with metadata, whose EXIF tells that orientation."""
    needed(kind)
    codes = gradient(kind.depth) if pixels is None else pixels
    floats = kind.depth[0] == "f"
    metadata = Metadata(
        exif=exif_block(orientation), xmp=xmp_packet(), icc=None if floats else profile(icc)
    )
    photo = Photo(
        pixels=codes,
        tone_curve=LINEAR if floats else SRGB,
        format=kind.format,
        depth=kind.depth,
        metadata=metadata,
        coding={
            "AVIF": AvifCoding(subsampling="444", lossless=True),
            "HEIC": HeicCoding(subsampling=444, lossless=True),
            "WEBP": WebpCoding(lossless=True),
        }.get(kind.format),
    )
    row = row_named(kind.format)
    kept = {block: None for block in ("exif", "xmp") if block not in row.carries}
    content = row.container.encoded(photo, replace(metadata, **kept))
    if kind.format == "TIFF" and orientation > 1:  # which d2f never writes
        entry = Entry(0x0112, 3, 1, orientation.to_bytes(2, "big"), 0)
        return with_entries(content, [entry], Layout(">"))
    return content


def jpeg_of(picture: np.ndarray, mode: str | None = None, **options: object) -> bytes:
    """A JPEG by Pillow."""
    file = io.BytesIO()
    image = Image.fromarray(picture)
    (image.convert(mode) if mode else image).save(file, "JPEG", **options)
    return file.getvalue()
