"""A photo as read: encoded pixels, their tone curve, and the metadata blocks untouched."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import ByteImage, CodeImage
from ..errors import PhotoError, UsageError
from ..optics import LINEAR, SRGB, ToneCurve
from .primaries import tone_curve_of_metadata

__all__ = [
    "Depth",
    "DeviceCodes",
    "Format",
    "GainMap",
    "Metadata",
    "Photo",
    "photo_from_array",
    "photo_of",
    "photo_to_array",
]

Format = Literal[
    "JPEG", "PNG", "TIFF", "WEBP", "AVIF", "JXL", "JP2", "EXR", "HDR", "PFM", "HEIC", "RAW"
]
Depth = Literal["u8", "u10", "u12", "u16", "f16", "f32"]
DEPTH_OF: dict[np.dtype[Any], Depth] = {
    np.dtype(np.uint8): "u8",
    np.dtype(np.uint16): "u16",
    np.dtype(np.float32): "f32",
}
MOST_LIGHT = 1e9  # white is 1, the sun some 1e5; squares of more leave float32


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Blocks of a file that are kept byte for byte; None where the file has none.

    Attributes
    ----------
    exif : bytes
        A TIFF structure, without the `Exif\\0\\0` that JPEG puts before it.
    icc, xmp, iptc : bytes
        ICC profile, XMP packet, and the Photoshop resources that hold IPTC.
    extended_xmp : bytes
        The part of the XMP that a JPEG keeps in segments of its own.
    cicp : (primaries, transfer)
        Colour as ITU-T H.273 numbers it, where the file says it so.
    chromaticities : 8 floats
        x and y of red, green, blue and white, where the file says colour so.
    gamma : float
        Exponent that makes light of codes, where the file says no more than that.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    extended_xmp: bytes | None = None
    cicp: tuple[int, int] | None = None
    chromaticities: tuple[float, ...] | None = None
    gamma: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceCodes:
    """The codes of a file whose colours are no plain RGB: inks, or a profile with tables.

    The photo's pixels are a working copy in RGB; what changes there is carried back to these.

    Attributes
    ----------
    codes : uint8 or uint16 (H, W, 3 or 4)
    working : same type (H, W, 3)
        The photo's pixels as they were read.
    profile : bytes, optional
        What maps the codes to colours.
    """

    codes: NDArray[Any] = field(repr=False)
    working: CodeImage = field(repr=False)
    profile: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GainMap:
    """How much brighter than the picture a bright screen may show it (ISO 21496-1).

    Attributes
    ----------
    codes : uint8 (h, w, 3)
        Equal channels where the file has one.
    low, high, gamma, base_offset, bright_offset : three floats
        Logarithm to base 2 of the gain at the codes 0 and 255, exponent of the codes between, and
        what is added to both pictures before they are divided.
    """

    codes: ByteImage = field(repr=False)
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (2.0, 2.0, 2.0)
    gamma: tuple[float, float, float] = (1.0, 1.0, 1.0)
    base_offset: tuple[float, float, float] = (1 / 64, 1 / 64, 1 / 64)
    bright_offset: tuple[float, float, float] = (1 / 64, 1 / 64, 1 / 64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photo:
    """A photo as read, upright.

    Attributes
    ----------
    pixels : uint8, uint16 or float32 (H, W, 3)
        Codes; grey photos hold the same code three times. Files of 10 and 12 bits are scaled to 16.
    tone_curve : ToneCurve
        What makes linear light of the codes.
    format : Format
    name : str
        For messages.
    alpha : same type (H, W), optional
        Carried through unchanged.
    premultiplied : bool
        Whether the file's colours are multiplied by alpha; they are written so again.
    grey : bool
        Whether the file holds one channel; it is written as one again.
    metadata : Metadata
    coding : optional
        How the file was compressed and what else it holds, for the writer of the same format.
    depth : Depth, optional
        What the file holds, where the pixels' type does not tell: 10 and 12 bits, half floats.
    device : DeviceCodes, optional
        Only where the file's codes are no plain RGB.
    gain_map : GainMap, optional
    edit : mapping of names to words
        What was done to the photo, for its XMP.
    notes : tuple of str
        What of the file could not be kept, as sentences.
    path : Path, optional
        Where it was read from; depth may lie beside it.
    content : bytes, optional
        Its file as it was read: depth may lie in it, and it can be kept in the output.
    original : bytes, optional
        The file inside that one which the pixels come from: the photo before d2f blurred it.
    """

    pixels: CodeImage = field(repr=False)
    tone_curve: ToneCurve
    format: Format
    name: str = "photo"
    alpha: NDArray[Any] | None = field(default=None, repr=False)  # any of the three code types
    premultiplied: bool = False
    grey: bool = False
    metadata: Metadata = field(default_factory=Metadata, repr=False)
    coding: object = field(default=None, repr=False)
    depth: Depth | None = None
    device: DeviceCodes | None = field(default=None, repr=False)
    gain_map: GainMap | None = field(default=None, repr=False)
    edit: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    path: Path | None = None
    content: bytes | None = field(default=None, repr=False)
    original: bytes | None = field(default=None, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.pixels.shape[:2]
        return rows, cols

    @property
    def long_side_px(self) -> int:
        """The longer of height and width."""
        return max(self.size)

    @property
    def stored_depth(self) -> Depth:
        """Bits of a code in the file: u8, u10, u12 or u16, or f16 and f32 for floats."""
        return self.depth or DEPTH_OF[self.pixels.dtype]

    def with_pixels(self, pixels: CodeImage) -> Self:
        """The same file with other pixels of the same size and type."""
        if pixels.shape != self.pixels.shape or pixels.dtype != self.pixels.dtype:
            raise UsageError(
                f"pixels are {pixels.dtype} {pixels.shape}, the photo's {self.pixels.dtype} "
                f"{self.pixels.shape}: keep size and type."
            )
        return replace(self, pixels=pixels)


def photo_of(
    codes: NDArray[Any],
    *,
    metadata: Metadata,
    file_format: Format,
    name: str,
    coding: object = None,
    depth: Depth | None = None,
    premultiplied: bool = False,
    notes: tuple[str, ...] = (),
) -> Photo:
    """A photo from decoded codes.

    Parameters
    ----------
    codes : uint8, uint16 or float32, (H, W) or (H, W, 1..4)
        Grey, grey and alpha, RGB, or RGB and alpha.
    metadata : Metadata
        Its colour tells the tone curve; floats without any are linear light.
    file_format : Format
    name : str
        For messages.
    coding, depth, premultiplied, notes
        As in `Photo`.

    Raises
    ------
    PhotoError
        If floats hold NaN, infinity or more light than a billion times white.
    """
    if codes.ndim == 2:
        codes = codes[..., None]
    channels = codes.shape[2]
    grey = channels < 3
    colour = np.repeat(codes[..., :1], 3, axis=2) if grey else codes[..., :3]
    alpha = codes[..., -1] if channels in (2, 4) else None
    trouble = _trouble_of(codes)
    if trouble is not None:
        raise PhotoError(f"{name} {trouble}")
    curve = tone_curve_of_metadata(metadata)
    if curve is None:
        curve = LINEAR if codes.dtype == np.float32 else SRGB
    return Photo(
        pixels=np.ascontiguousarray(colour),
        alpha=None if alpha is None else np.ascontiguousarray(alpha),
        premultiplied=premultiplied and alpha is not None,
        tone_curve=curve,
        format=file_format,
        name=name,
        grey=grey,
        metadata=metadata,
        coding=coding,
        depth=depth,
        notes=notes,
    )


def _trouble_of(codes: NDArray[Any]) -> str | None:
    """Why floats cannot be worked with, in words that go on from a name; None where they can."""
    if codes.dtype != np.float32:
        return None
    low, high = float(codes.min()), float(codes.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return "holds NaN or infinity: replace them first."
    if max(-low, high) > MOST_LIGHT:
        worst = high if high >= -low else low
        return f"holds light of {worst:.3g}, beyond the limit of {MOST_LIGHT:g}: scale it down."
    return None


def photo_from_array(array: NDArray[Any]) -> Photo:
    """A photo from pixels alone.

    Parameters
    ----------
    array : (H, W, 3), (H, W, 4) with straight alpha, or (H, W)
        uint8 or uint16 in sRGB codes, or float32 in linear light.

    Raises
    ------
    UsageError
        If the array has another shape or type, is empty, or holds NaN, infinity or more light than
        a billion times white.
    """
    array = np.asarray(array)  # a matrix has habits of its own
    if array.dtype not in DEPTH_OF:
        raise UsageError(f"the photo is {array.dtype}: give uint8 or uint16 (sRGB), or float32.")
    colour = array.ndim == 3 and array.shape[2] in (3, 4)
    if not (colour or array.ndim == 2) or array.size == 0:
        raise UsageError(f"the photo has shape {array.shape}: give (H, W, 3), (H, W, 4) or (H, W).")
    trouble = _trouble_of(array)
    if trouble is not None:
        raise UsageError(f"the photo {trouble}")
    return photo_of(
        array,
        metadata=Metadata(),
        file_format="TIFF" if array.dtype == np.float32 else "PNG",
        name="array",
    )


def photo_to_array(photo: Photo) -> NDArray[Any]:
    """The pixels with the number of channels that the photo's file has, 1 to 4; alpha is last."""
    codes = photo.pixels[..., 1] if photo.grey else photo.pixels
    return codes if photo.alpha is None else np.dstack([codes, photo.alpha])
