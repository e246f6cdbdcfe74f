"""A photo made to suit a format: depth, light, colour, inks; and words on what does not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..optics import LINEAR, SRGB, codes_from_light, light_from_codes
from .codes import requantised
from .containers.jpeg import JpegCoding
from .device import D50, WIDE_PRIMARIES, device_codes_of
from .formats import FileFormat
from .photo import Depth, Metadata, Photo
from .primaries import profile_of

__all__ = ["fitted", "losses"]

INTEGERS: tuple[Depth, ...] = ("u8", "u10", "u12", "u16")
BITS: dict[Depth, int] = {"u8": 8, "u10": 10, "u12": 12, "u16": 16, "f16": 16, "f32": 32}
HALF_HOLDS = 10  # bits of sRGB codes that come back from light in half floats: 11 significant bits
WORDS: dict[Depth, str] = {
    "u8": "8 bits",
    "u10": "10 bits",
    "u12": "12 bits",
    "u16": "16 bits",
    "f16": "half floats",
    "f32": "floats",
}
INK_FORMATS = frozenset({"JPEG", "TIFF"})


def fitted(photo: Photo, row: FileFormat) -> Photo:
    """The photo with codes and colour words that the format can hold."""
    depth = _depth_for(photo, row)
    dtype = np.dtype({"u8": np.uint8, "f16": np.float32, "f32": np.float32}.get(depth, np.uint16))
    if photo.device is not None:
        photo = _without_device(photo, row, depth)
        if photo.device is not None:
            return photo
    photo = _in_light(photo, row, dtype)
    if photo.premultiplied and not row.premultiplied and row.alpha:
        photo = _with_straight_alpha(photo)
    if photo.pixels.dtype != dtype:
        alpha = None if photo.alpha is None else requantised(photo.alpha, dtype)
        photo = replace(photo, pixels=requantised(photo.pixels, dtype), alpha=alpha)
    photo = replace(photo, depth=depth, alpha=photo.alpha if row.alpha else None)
    return photo if photo.format == row.name else _with_told_colour(photo, row)


def _depth_for(photo: Photo, row: FileFormat) -> Depth:
    """What the file is written with: the same if it can be, else the next deeper, else the last."""
    own = photo.stored_depth
    if own in row.writes or (photo.format == row.name and own in row.keeps):
        return own
    if own in INTEGERS:
        deeper = [depth for depth in row.writes if depth in INTEGERS and BITS[depth] >= BITS[own]]
        if deeper:
            return min(deeper, key=lambda depth: BITS[depth])
    return row.writes[-1]


def _without_device(photo: Photo, row: FileFormat, depth: Depth) -> Photo:
    """The photo in its file's own codes if the format takes them, else as plain RGB."""
    device = photo.device
    assert device is not None
    inks = device.codes.shape[2] == 4
    same_depth = depth == photo.stored_depth
    if same_depth and (row.name in INK_FORMATS if inks else "icc" in row.carries):
        codes = device_codes_of(photo)
        if inks:
            return replace(photo, device=replace(device, codes=codes))
        alpha = None if photo.alpha is None else requantised(photo.alpha, codes.dtype)
        return replace(photo, pixels=codes, alpha=alpha, device=None, tone_curve=SRGB)
    if inks:
        return replace(photo, device=None, metadata=replace(photo.metadata, icc=None))
    words = replace(photo.metadata, icc=None, chromaticities=(*WIDE_PRIMARIES, *D50))
    return replace(photo, device=None, metadata=words)


def _in_light(photo: Photo, row: FileFormat, dtype: np.dtype[Any]) -> Photo:
    """Light for formats of light, sRGB codes for formats of integers that say nothing else."""
    same = photo.format == row.name
    if row.linear and not (photo.tone_curve is LINEAR and photo.pixels.dtype == np.float32):
        light = light_from_codes(photo.pixels, photo.tone_curve)
        light = light / np.float32(photo.tone_curve.white)
        pixels = photo.pixels if photo.tone_curve is LINEAR else light
        pixels = light if pixels.dtype != np.float32 else pixels
        return replace(photo, pixels=pixels.astype(np.float32), tone_curve=LINEAR)
    plain = photo.metadata.icc is None and photo.metadata.cicp is None and not same
    if not row.linear and plain and photo.tone_curve is LINEAR and dtype != np.float32:
        light = light_from_codes(photo.pixels, LINEAR)
        deep = np.uint16 if photo.pixels.dtype == np.uint16 else np.float32
        return replace(photo, pixels=codes_from_light(light, SRGB, deep), tone_curve=SRGB)
    if not row.linear and photo.format == "RAW":
        light = light_from_codes(photo.pixels, LINEAR)
        return replace(photo, pixels=codes_from_light(light, SRGB, dtype), tone_curve=SRGB)
    return photo


def _with_straight_alpha(photo: Photo) -> Photo:
    assert photo.alpha is not None
    alpha = requantised(photo.alpha, np.dtype(np.float32))[..., None]
    colour = requantised(photo.pixels, np.dtype(np.float32))
    straight = np.where(alpha > 0, colour / np.maximum(alpha, np.float32(1e-6)), 0)
    pixels = requantised(straight.astype(np.float32), photo.pixels.dtype)
    return replace(photo, pixels=pixels, premultiplied=False)


def _with_told_colour(photo: Photo, row: FileFormat) -> Photo:
    """A profile in place of numbers where the format has no room for these."""
    metadata = photo.metadata
    if metadata.icc is not None or "icc" not in row.carries:
        return photo
    if metadata.cicp is not None and "cicp" in row.carries:
        return photo
    profile = profile_of(metadata, photo.tone_curve)
    words = Metadata() if profile is None else Metadata(icc=profile)
    return replace(
        photo,
        metadata=replace(metadata, icc=words.icc, cicp=None, chromaticities=None, gamma=None),
    )


def losses(photo: Photo, row: FileFormat) -> tuple[str, ...]:
    """What of a photo a format cannot hold, each in words that go on from "NAME: "."""
    lost = []
    depth = _depth_for(photo, row)
    own = photo.stored_depth
    if BITS[depth] < BITS[own] or (depth == "f16" and own in INTEGERS and BITS[own] > HALF_HOLDS):
        lost.append(f"{row.title} holds {WORDS[depth]}: the photo's {WORDS[own]} "
                    "are rounded")  # fmt: skip
    if own not in INTEGERS and depth in INTEGERS:
        lost.append("light above white is clipped")
    if photo.alpha is not None and not row.alpha:
        lost.append(f"{row.title} has no alpha: it is left out")
    for block in ("exif", "icc", "xmp", "iptc"):
        if getattr(photo.metadata, block) is not None and block not in row.carries:
            lost.append(f"{row.title} holds no {block.upper()}: it is left out")
    if (
        photo.device is not None
        and photo.device.codes.shape[2] == 4
        and (row.name not in INK_FORMATS)
    ):
        lost.append(f"{row.title} holds no inks: the photo becomes sRGB")
    if photo.gain_map is not None and row.name != photo.format:
        lost.append(f"d2f writes no gain map into {row.title}: it is left out")
    trailer = photo.coding.trailer if isinstance(photo.coding, JpegCoding) else None
    if trailer is not None and any(trailer.pieces) and row.name != photo.format:
        lost.append(f"{row.title} holds nothing behind its picture: depth or a film is left out")
    return tuple(lost)
