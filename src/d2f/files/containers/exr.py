"""OpenEXR, by OpenImageIO: half and full floats, all channels and attributes kept."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import PhotoError
from ..formats import part
from ..icc import colorants_of
from ..limits import Limits
from ..photo import Metadata, Photo, photo_of, photo_to_array
from ..primaries import primaries_of

__all__ = ["encoded", "oiio_bytes", "oiio_read", "read"]

COLOUR = ("R", "G", "B", "A")
D50 = (0.3457, 0.3585)
MOST_CHANNELS = 64
# What OpenImageIO makes itself from the picture, or what speaks of the file as it was.
NOT_KEPT = frozenset({"oiio:ColorSpace", "ImageDescription:", "openexr:chunkCount", "capDate"})
NOT_KEPT |= {"oiio:subimagename", "openexr:lineOrder", "oiio:subimages", "textureformat"}


@dataclass(frozen=True, slots=True)
class ExrCoding:
    """Attributes of the header, and channels that are no colour, which stay as they are."""

    attributes: tuple[tuple[str, Any, Any], ...]
    names: tuple[str, ...]
    others: NDArray[Any] = field(repr=False)


def read(content: bytes, *, name: str, limits: Limits) -> Photo:
    """The first part of an EXR; its colours are light."""
    pixels, spec, parts = oiio_read(content, ".exr", name=name, limits=limits)
    names = list(spec.channelnames)
    colour = [channel for channel in COLOUR if channel in names]
    if colour[:3] != ["R", "G", "B"]:
        colour = [channel for channel in ("Y", "A") if channel in names]
        if colour[:1] != ["Y"]:
            raise PhotoError(f"{name} has the channels {', '.join(names)[:80]}: give R, G and B.")
    others = [channel for channel in names if channel not in colour]
    codes = pixels[..., [names.index(channel) for channel in colour]]
    attributes = tuple(
        (item.name, item.type, item.value)
        for item in spec.extra_attribs
        if item.name not in NOT_KEPT
    )
    told = spec.getattribute("chromaticities")
    coding = ExrCoding(attributes, tuple(others), pixels[..., [names.index(n) for n in others]])
    notes = ("the further parts of the EXR are left out",) if parts > 1 else ()
    return photo_of(
        np.ascontiguousarray(codes, np.float32),
        metadata=Metadata(chromaticities=tuple(told) if told and len(told) == 8 else None),
        file_format="EXR",
        name=name,
        coding=coding,
        depth="f16" if str(spec.format) == "half" else "f32",
        premultiplied=True,
        notes=notes,
    )


def oiio_read(
    content: bytes, suffix: str, *, name: str, limits: Limits
) -> tuple[NDArray[Any], Any, int]:
    """Pixels as stored (half floats as float32), OpenImageIO's words on them, count of pictures."""
    oiio = part("OpenImageIO", "vfx", what=suffix[1:].upper())
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:  # it reads files, not bytes
        file.write(content)
        file.flush()
        source = oiio.ImageInput.open(file.name)
        if source is None:
            raise OSError(_reason(oiio))
        try:
            spec = source.spec()
            limits.check_size(spec.width, spec.height, name)
            if spec.nchannels > MOST_CHANNELS:
                raise PhotoError(f"{name} has {spec.nchannels} channels: give at most 64.")
            kinds = {"uint8": oiio.UINT8, "uint16": oiio.UINT16}
            pixels = source.read_image(kinds.get(str(spec.format), oiio.FLOAT))
            more = int(source.seek_subimage(1, 0))
        finally:
            source.close()
        if pixels is None:
            raise OSError(_reason(oiio))
    return np.asarray(pixels), spec, 1 + more


def _reason(oiio: Any) -> str:  # a module without types
    """What it says; asked for, since it prints at the program's end what nobody asked for."""
    words = str(oiio.geterror()) or "it is damaged"
    return words.rpartition(": ")[2] or words


def encoded(photo: Photo, metadata: Metadata) -> bytes:
    """An EXR with the same channels and attributes, compressed as it was."""
    coding = photo.coding if isinstance(photo.coding, ExrCoding) else None
    codes = photo_to_array(photo)
    codes = codes[..., None] if codes.ndim == 2 else codes
    names: tuple[str, ...] = ("Y",) if photo.grey else ("R", "G", "B")
    names += ("A",) if photo.alpha is not None else ()
    if coding is not None and coding.names:
        codes = np.concatenate([codes, coding.others.astype(np.float32)], axis=-1)
        names += coding.names
    attributes: list[tuple[str, Any, Any]] = [("compression", None, "zip")]
    if coding is not None:
        attributes = list(coding.attributes)
    if coding is None and (told := _chromaticities(metadata)) is not None:
        attributes.append(("chromaticities", "float[8]", told))
    kind = "half" if photo.stored_depth == "f16" else "float"
    return oiio_bytes(codes, ".exr", kind=kind, names=names, attributes=attributes)


def _chromaticities(metadata: Metadata) -> tuple[float, ...] | None:
    """Primaries of a file that told them by numbers or by a matrix profile."""
    colorants = colorants_of(metadata.icc)
    if metadata.cicp is not None or colorants is None:
        return primaries_of(metadata)
    points = (colorants / colorants.sum(0))[:2].T
    return (*(float(value) for value in points.ravel()), *D50)


def oiio_bytes(
    codes: NDArray[Any],
    suffix: str,
    *,
    kind: str,
    names: tuple[str, ...],
    attributes: list[tuple[str, Any, Any]],
) -> bytes:
    """The content of a file that OpenImageIO writes.

    Parameters
    ----------
    codes : (H, W, C)
    suffix : ".exr" or ".jxl"
    kind : "half", "float", "uint8" or "uint16"
    names : one for each channel
    attributes : list of (name, type or None, value)
    """
    oiio = part("OpenImageIO", "vfx", what=suffix[1:].upper())
    rows, cols = codes.shape[:2]
    spec = oiio.ImageSpec(cols, rows, codes.shape[2], kind)
    spec.channelnames = names
    if "A" in names:
        spec.alpha_channel = names.index("A")
    for name, described, value in attributes:
        # What the library read of a damaged file it may not take back: names that are no text.
        with suppress(TypeError, ValueError):
            if described is None:
                spec.attribute(name, value)
            else:
                spec.attribute(name, described, value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"photo{suffix}"
        target = oiio.ImageOutput.create(str(path))
        if not (target and target.open(str(path), spec)):
            raise PhotoError(f"the {suffix[1:].upper()} cannot be written: {_reason(oiio)}.")
        written = target.write_image(np.ascontiguousarray(codes))
        if not (target.close() and written):
            raise PhotoError(f"the {suffix[1:].upper()} cannot be written: {_reason(oiio)}.")
        return path.read_bytes()
