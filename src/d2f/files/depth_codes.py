"""Depth as grey pictures: the codes of GDepth and Dynamic Depth, and the disparity they mean.

With v the code over its largest value, near and far the ends of the range (depth map metadata,
"Encoding depth"; Dynamic Depth 1.0, section "Depth map"):

    RangeInverse:  d = far * near / (far - v * (far - near)),  so  1/d = 1/near - v (1/near - 1/far)
    RangeLinear:   d = near + v * (far - near)

RangeInverse is even in disparity, as blur is: it is what is written here, with 16 bits.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..errors import D2FError, PhotoError
from .depth_values import MAX_DISPARITY, UnusableDepth, filled, stretched

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "CodeRange",
    "bytes_from_base64",
    "codes_from_disparity",
    "disparity_from_shares",
    "range_of",
    "shares_from_picture",
]

Unit = Literal["m", "mm", "1/m", "none"]

UNITS: dict[str, Unit] = {  # as writers spell them, in small letters
    "m": "m", "meters": "m", "metres": "m", "mm": "mm", "millimeters": "mm",
    "diopters": "1/m", "none": "none",
}  # fmt: skip
FARTHEST_M = 10_000.0  # what stands for infinity, which the formats cannot say
SMALLEST_SPAN = 1e-6  # 1/m: of a flat map, whose range would be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRange:
    """What the smallest and the largest code mean.

    Attributes
    ----------
    near, far : float
        In `unit`; the smallest code is near.
    inverse : bool
        Whether codes are even in disparity rather than in depth.
    unit : "m", "mm", "1/m" or "none"
        "none" is relative: only the order and the proportions of disparity count.
    """

    near: float
    far: float
    inverse: bool
    unit: Unit


def range_of(
    form: str | None, near: float | None, far: float | None, unit: str | None, *, name: str
) -> CodeRange:
    """The range that a file's own words mean.

    Raises
    ------
    UnusableDepth
        If a word is unknown or the range is empty or reversed.
    """
    kind = (form or "RangeInverse").lower()
    known = UNITS.get((unit or "m").lower())
    if kind not in ("rangeinverse", "rangelinear"):
        raise UnusableDepth(f"{name} stores depth as {form:.40}, which d2f does not know.")
    if known is None:
        raise UnusableDepth(f"{name} stores depth in {unit:.40}, a unit that d2f does not know.")
    ends = (near or 0.0, far or 0.0)
    ordered = ends[0] > ends[1] if known == "1/m" else ends[0] < ends[1]
    sound = near is not None and far is not None and all(0 < end < math.inf for end in ends)
    if not (sound and (ordered or ends[0] == ends[1])):
        raise UnusableDepth(
            f"{name} stores depth between {near} and {far} {known}, which is no range."
        )
    return CodeRange(near=ends[0], far=ends[1], inverse=kind == "rangeinverse", unit=known)


def disparity_from_shares(shares: FloatImage, codes: CodeRange) -> FloatImage:
    """Disparity of codes divided by their largest value.

    Parameters
    ----------
    shares : float32 (h, w), 0..1
        NaN is unknown and filled from its surroundings.
    codes : CodeRange

    Returns
    -------
    disparity : float32 (h, w)
        1/m, or relative 0..1 where the unit is none.
    """
    known = np.isfinite(shares)
    share = np.where(known, shares, 0).astype(np.float64)
    if codes.inverse:
        reciprocal = 1 / codes.near - share * (1 / codes.near - 1 / codes.far)
        value = 1 / reciprocal if codes.unit == "1/m" else reciprocal
    else:
        depth = codes.near + share * (codes.far - codes.near)
        value = depth if codes.unit == "1/m" else 1 / depth
    disparity = (value * (1000 if codes.unit == "mm" else 1)).astype(np.float32)
    if codes.unit == "none":
        return filled(stretched(disparity, known), known)
    return filled(np.minimum(disparity, MAX_DISPARITY), known)


def codes_from_disparity(
    disparity: FloatImage, *, metric: bool
) -> tuple[NDArray[np.uint16], CodeRange]:
    """16-bit RangeInverse codes of disparity (h, w) in 1/m, or relative 0..1.

    What lies beyond 10 km is written as that far: the format knows no infinity.
    """
    bounded = np.maximum(disparity.astype(np.float64), 1 / FARTHEST_M)
    far, near = float(bounded.min()), float(bounded.max())
    near = max(near, far + SMALLEST_SPAN)
    codes = np.rint((near - bounded) / (near - far) * 65535).astype(np.uint16)
    return codes, CodeRange(
        near=1 / near, far=1 / far, inverse=True, unit="m" if metric else "none"
    )


def shares_from_picture(content: bytes, *, max_pixels: int, name: str) -> FloatImage:
    """Codes over their largest value, from a JPEG or a PNG of 8 or 16 bits.

    Parameters
    ----------
    content : bytes
        Recognised by itself; what a file says about its type is often wrong.
    max_pixels : int
        More than that is refused from the header.
    name : str
        For messages.

    Raises
    ------
    PhotoError
        If the picture is larger than that.
    UnusableDepth
        If it is damaged or of another format.
    """
    from PIL import Image

    try:
        with (
            warnings.catch_warnings(action="ignore"),
            _opened(content) as image,
        ):  # odd but readable
            if image.width * image.height > max_pixels:
                raise _too_large(f"{image.width} x {image.height}", max_pixels, name)
            image.load()
            if image.mode.startswith("I"):  # 16-bit grey
                return np.asarray(image).astype(np.float32) / np.float32(65535)
            return np.asarray(image.convert("L")).astype(np.float32) / np.float32(255)
    except D2FError:
        raise
    except Image.DecompressionBombError:  # Pillow's own limit, which may lie below ours
        raise _too_large("far too many", max_pixels, name) from None
    except Exception as error:  # decoders raise whatever they like on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise UnusableDepth(f"{name} carries a depth map that is damaged ({reason}).") from error


def _opened(content: bytes) -> Image.Image:
    from PIL import Image

    return Image.open(io.BytesIO(content), formats=["JPEG", "PNG"])


def _too_large(told: str, most: int, name: str) -> PhotoError:
    return PhotoError(
        f"{name} carries a depth map of {told} values, more than the limit of {most} for this "
        "photo: remove it from the file."
    )


def bytes_from_base64(text: str, name: str) -> bytes:
    """The content of a base64 property, blanks and missing padding forgiven.

    Raises
    ------
    UnusableDepth
        If other characters stand in it.
    """
    packed = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise UnusableDepth(
            f"{name} carries a depth map that is no base64: it is damaged."
        ) from None
