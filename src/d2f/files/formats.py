"""The formats that d2f reads and writes: one row each, from which docs/formats.md is made."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from ..errors import MissingPartError, PhotoError
from .limits import Limits
from .photo import Depth, Format, Metadata, Photo

__all__ = ["FORMATS", "Container", "FileFormat", "row_named", "part", "row_for", "sniff"]

EVERYTHING = frozenset({"exif", "icc", "xmp", "iptc"})
WIDEST = 1 << 31  # of formats that set no limit worth telling


class Container(Protocol):
    """What the module of a format offers."""

    def read(self, content: bytes, *, name: str, limits: Limits) -> Photo:
        """The photo in a file, not yet turned upright; decoders' errors go up as they are."""

    def encoded(self, photo: Photo, metadata: Metadata) -> bytes:
        """A file of these codes, which suit the format, and of metadata made for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A row of the table.

    Attributes
    ----------
    name : Format
    title : str
        As users know it.
    suffixes : tuple of str
        Endings of file names that ask for it.
    module : str
        In `containers`.
    writes : tuple of Depth
        What it is written with; of these the last is what other depths become.
    keeps : tuple of Depth
        Besides these, where the source was of the same format.
    carries : set of "exif", "icc", "xmp", "iptc", "cicp"
        Metadata that it holds.
    alpha, premultiplied : bool
        Whether it holds alpha, and colours multiplied by it.
    linear : bool
        Whether its codes are light by definition.
    longest_side_px : int
    to_read, to_write : (module, extra), optional
        What has to be installed.
    """

    name: Format
    title: str
    suffixes: tuple[str, ...]
    module: str
    writes: tuple[Depth, ...]
    keeps: tuple[Depth, ...] = ()
    carries: frozenset[str] = EVERYTHING
    alpha: bool = True
    premultiplied: bool = False
    linear: bool = False
    longest_side_px: int = WIDEST
    to_read: tuple[str, str] | None = None
    to_write: tuple[str, str] | None = None

    @property
    def container(self) -> Container:
        """Its module, loaded when it is needed."""
        found = importlib.import_module(f".containers.{self.module}", __package__)
        return cast(Container, found)

    def check_parts(self, needed: tuple[str, str] | None) -> None:
        """Refuse what needs an extra that is not installed."""
        if needed is not None:
            part(*needed, what=self.title)


CODED = EVERYTHING - {"iptc"} | {"cicp"}
FORMATS = (
    FileFormat(
        name="JPEG",
        title="JPEG",
        suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
        module="jpeg",
        writes=("u8",),
        keeps=("u12",),
        alpha=False,
        longest_side_px=65_500,  # libjpeg's own limit
    ),
    FileFormat(
        name="PNG",
        title="PNG",
        suffixes=(".png",),
        module="png",
        writes=("u8", "u16"),
        carries=CODED,
    ),
    FileFormat(
        name="TIFF",
        title="TIFF",
        suffixes=(".tif", ".tiff"),
        module="tiff",
        writes=("u8", "f16", "f32", "u16"),
        premultiplied=True,
    ),
    FileFormat(
        name="WEBP",
        title="WebP",
        suffixes=(".webp",),
        module="webp",
        writes=("u8",),
        carries=EVERYTHING - {"iptc"},
        longest_side_px=16_383,  # 14 bits
    ),
    FileFormat(
        name="AVIF",
        title="AVIF",
        suffixes=(".avif",),
        module="avif",
        writes=("u8", "u10", "u12"),
        carries=CODED,
        longest_side_px=65_536,
    ),
    FileFormat(
        name="JXL",
        title="JPEG XL",
        suffixes=(".jxl",),
        module="jxl",
        writes=("u8", "f16", "f32", "u16"),
        carries=EVERYTHING - {"iptc"},
        to_read=("OpenImageIO", "vfx"),
        to_write=("OpenImageIO", "vfx"),
    ),
    FileFormat(
        name="JP2",
        title="JPEG 2000",
        suffixes=(".jp2", ".j2k", ".jpf", ".jpx", ".j2c"),
        module="jp2",
        writes=("u8", "u10", "u12", "u16"),
        carries=EVERYTHING - {"iptc"},
    ),
    FileFormat(
        name="EXR",
        title="OpenEXR",
        suffixes=(".exr",),
        module="exr",
        writes=("f32", "f16"),
        carries=frozenset(),
        premultiplied=True,
        linear=True,
        to_read=("OpenImageIO", "vfx"),
        to_write=("OpenImageIO", "vfx"),
    ),
    FileFormat(
        name="HDR",
        title="Radiance HDR",
        suffixes=(".hdr", ".pic", ".rgbe"),
        module="radiance_hdr",
        writes=("f32",),
        carries=frozenset(),
        alpha=False,
        linear=True,
        longest_side_px=32_767,  # of its run-length coding
    ),
    FileFormat(
        name="PFM",
        title="PFM",
        suffixes=(".pfm",),
        module="pfm",
        writes=("f32",),
        carries=frozenset(),
        alpha=False,
        linear=True,
    ),
    FileFormat(
        name="HEIC",
        title="HEIC",
        suffixes=(".heic", ".heif", ".hif"),
        module="heic",
        writes=("u8", "u12", "u10"),
        carries=CODED,
        longest_side_px=16_384,
        to_read=("pi_heif", "heic"),
        to_write=("pillow_heif", "heic-write"),
    ),
    FileFormat(
        name="RAW",
        title="camera RAW",
        suffixes=(
            *(".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".sr2", ".raf", ".orf"),
            *(".rw2", ".pef", ".srw", ".x3f", ".3fr", ".iiq", ".erf", ".mrw", ".kdc", ".dcr"),
        ),
        module="raw",
        writes=(),
        to_read=("rawpy", "raw"),
    ),
)
BY_NAME = {row.name: row for row in FORMATS}
BY_SUFFIX = {suffix: row for row in FORMATS for suffix in row.suffixes}
TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
RAW_HEADS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")
HEADS: tuple[tuple[tuple[bytes, ...], Format], ...] = (
    ((b"\xff\xd8\xff",), "JPEG"),
    ((b"\x89PNG\r\n\x1a\n",), "PNG"),
    (RAW_HEADS, "RAW"),
    (TIFF_HEADS, "TIFF"),
    ((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), "JXL"),
    ((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), "JP2"),
    ((b"\x76\x2f\x31\x01",), "EXR"),
    ((b"#?RADIANCE", b"#?RGBE"), "HDR"),
    ((b"PF\n", b"PF ", b"PF\r", b"Pf\n", b"Pf ", b"Pf\r"), "PFM"),
)
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def row_named(name: Format) -> FileFormat:
    """The row of a format."""
    return BY_NAME[name]


def row_for(path: Path) -> FileFormat:
    """The format that a file name asks for.

    Raises
    ------
    PhotoError
        If d2f does not write such files.
    """
    row = BY_SUFFIX.get(path.suffix.lower())
    if row is None or not row.writes:
        known = ", ".join(row.suffixes[0] for row in FORMATS if row.writes)
        raise PhotoError(
            f"{path}: d2f writes no {path.suffix or 'files without ending'}; use one of {known}."
        )
    return row


def sniff(content: bytes, name: str = "") -> FileFormat | None:
    """The format that the first bytes announce; the name tells only RAW files from plain TIFFs."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return BY_NAME["WEBP"]
    if content[4:8] == b"ftyp":
        return _sniff_boxes(content)
    for heads, known in HEADS:
        if content.startswith(heads):
            raw = known == "TIFF" and _is_raw(content, name)
            return BY_NAME["RAW" if raw else known]
    return None


def _sniff_boxes(content: bytes) -> FileFormat | None:
    end = min(int.from_bytes(content[:4], "big"), 200)
    brands = {content[8:12]} | {content[at : at + 4] for at in range(16, end, 4)}
    if b"crx " in brands:
        return BY_NAME["RAW"]
    if b"avif" in brands or b"avis" in brands:
        return BY_NAME["AVIF"]
    return BY_NAME["HEIC"] if brands & HEIF_BRANDS else None


def _is_raw(content: bytes, name: str) -> bool:
    """Whether a TIFF is a camera's: by its name, or by what only such files hold."""
    from .exif import entries_of

    if content[8:10] == b"CR":
        return True
    if Path(name).suffix.lower() in BY_NAME["RAW"].suffixes:
        return True
    tags = {entry.tag for entry in entries_of(content)}
    return bool(tags & DNG_VERSION_OR_CFA)


DNG_VERSION_OR_CFA = frozenset({0xC612, 0x828E})  # DNG 1.7, TIFF/EP


def part(module: str, extra: str, *, what: str) -> Any:  # a module without types
    """An optional package.

    Raises
    ------
    MissingPartError
        With the line that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingPartError(f'{what} needs an extra: pip install "d2f[{extra}]".') from None
