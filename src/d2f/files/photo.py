"""A photo as read: encoded pixels, their tone curve, and the metadata blocks untouched."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import CodeImage
from ..errors import PhotoError, UsageError
from ..optics import LINEAR, ToneCurve
from .icc import tone_curve_of

__all__ = [
    "Format",
    "JpegCoding",
    "Metadata",
    "Photo",
    "photo_from_array",
    "photo_of",
    "photo_to_array",
]

Format = Literal["JPEG", "PNG", "TIFF", "WEBP"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Blocks of a file that are kept byte for byte; None where the file has none.

    Attributes
    ----------
    exif : bytes
        A TIFF structure, without the `Exif\\0\\0` that JPEG puts before it.
    icc, xmp, iptc : bytes
        ICC profile, XMP packet, and the Photoshop resources that hold IPTC.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegCoding:
    """How a JPEG was compressed, so that it can be compressed the same way again.

    Attributes
    ----------
    tables : tuple of tuples of int
        Quantisation tables in the order of their numbers.
    subsampling : int
        0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0; -1 unknown.
    progressive : bool
    dpi : (x, y), optional
        Dots per inch of the JFIF header.
    comment : bytes, optional
    """

    tables: tuple[tuple[int, ...], ...]
    subsampling: int
    progressive: bool
    dpi: tuple[float, float] | None = None
    comment: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photo:
    """A photo as read, upright.

    Attributes
    ----------
    pixels : uint8, uint16 or float32 (H, W, 3)
        Codes; grey photos hold the same code three times.
    tone_curve : ToneCurve
        What makes linear light of the codes.
    format : "JPEG", "PNG", "TIFF" or "WEBP"
    name : str
        For messages.
    alpha : same type (H, W), optional
        Straight alpha, carried through unchanged.
    grey : bool
        Whether the file holds one channel; it is written as one again.
    metadata : Metadata
    jpeg : JpegCoding, optional
        Only where the photo came from a JPEG.
    lossless : bool
        Whether a WebP keeps every code; the other formats do or do not by nature.
    path : Path, optional
        Where it was read from; depth may lie beside it.
    content : bytes, optional
        Its file as it was read: depth may lie in it, and it can be kept in the output.
    """

    pixels: CodeImage = field(repr=False)
    tone_curve: ToneCurve
    format: Format
    name: str = "photo"
    alpha: NDArray[Any] | None = field(default=None, repr=False)  # any of the three code types
    grey: bool = False
    metadata: Metadata = field(default_factory=Metadata, repr=False)
    jpeg: JpegCoding | None = field(default=None, repr=False)
    lossless: bool = False
    path: Path | None = None
    content: bytes | None = field(default=None, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.pixels.shape[:2]
        return rows, cols

    @property
    def long_side_px(self) -> int:
        """The longer of height and width."""
        return max(self.size)

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
    jpeg: JpegCoding | None = None,
) -> Photo:
    """A photo from decoded codes.

    Parameters
    ----------
    codes : uint8, uint16 or float32, (H, W) or (H, W, 1..4)
        Grey, grey and alpha, RGB, or RGB and alpha.
    metadata : Metadata
        Its ICC profile tells the tone curve.
    file_format : Format
    name : str
        For messages.
    jpeg : JpegCoding, optional

    Raises
    ------
    PhotoError
        If floats hold NaN or infinity.
    """
    if codes.ndim == 2:
        codes = codes[..., None]
    channels = codes.shape[2]
    grey = channels < 3
    colour = np.repeat(codes[..., :1], 3, axis=2) if grey else codes[..., :3]
    alpha = codes[..., -1] if channels in (2, 4) else None
    if codes.dtype == np.float32 and not np.isfinite(codes).all():
        raise PhotoError(f"{name} holds NaN or infinity: replace them first.")
    linear = codes.dtype == np.float32 and metadata.icc is None
    return Photo(
        pixels=np.ascontiguousarray(colour),
        alpha=None if alpha is None else np.ascontiguousarray(alpha),
        tone_curve=LINEAR if linear else tone_curve_of(metadata.icc),
        format=file_format,
        name=name,
        grey=grey,
        metadata=metadata,
        jpeg=jpeg,
    )


def photo_from_array(array: NDArray[Any]) -> Photo:
    """A photo from pixels alone.

    Parameters
    ----------
    array : (H, W, 3), (H, W, 4) with straight alpha, or (H, W)
        uint8 or uint16 in sRGB codes, or float32 in linear light.

    Raises
    ------
    UsageError
        If the array has another shape or type, is empty, or holds NaN or infinity.
    """
    array = np.asarray(array)  # a matrix has habits of its own
    kinds = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))
    if array.dtype not in kinds:
        raise UsageError(f"the photo is {array.dtype}: give uint8 or uint16 (sRGB), or float32.")
    colour = array.ndim == 3 and array.shape[2] in (3, 4)
    if not (colour or array.ndim == 2) or array.size == 0:
        raise UsageError(f"the photo has shape {array.shape}: give (H, W, 3), (H, W, 4) or (H, W).")
    if array.dtype == np.float32 and not np.isfinite(array).all():
        raise UsageError("the photo holds NaN or infinity: replace them first.")
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
