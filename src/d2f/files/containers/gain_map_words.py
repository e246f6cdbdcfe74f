"""What a gain map's codes mean: Adobe's words in XMP, or the numbers of ISO 21496-1."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable

import numpy as np

from ..photo import GainMap

__all__ = ["gain_map_of_words"]

Three = tuple[float, float, float]

ISO = b"urn:iso:std:iso:ts:21496:-1\0"
NUMBER = re.compile(rb"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
NAMES = {
    "low": b"GainMapMin",
    "high": b"GainMapMax",
    "gamma": b"Gamma",
    "base_offset": b"OffsetSDR",
    "bright_offset": b"OffsetHDR",
}
LARGEST = 64.0  # stops; more is damage
NO_CODES = np.zeros((1, 1, 3), np.uint8)


def gain_map_of_words(payloads: Iterable[bytes]) -> GainMap:
    """A gain map without its codes, from the segments of its file; defaults where they are silent.

    Apple's maps tell nothing here: their range is in the maker note. A usual range stands in, which
    is right as long as it is used both ways.
    """
    payloads = list(payloads)
    told: dict[str, Three] = {}
    for payload in payloads:
        if payload.startswith(ISO):
            told = _iso(payload[len(ISO) :]) or told
    for payload in payloads:
        if b"hdr-gain-map" in payload:
            found = ((key, _xmp(payload, name)) for key, name in NAMES.items())
            told |= {key: value for key, value in found if value is not None}
    sound = all(math.isfinite(number) for three in told.values() for number in three)
    if not sound or max(told.get("high", (2.0,))) > LARGEST or min(told.get("gamma", (1.0,))) <= 0:
        told = {}
    return GainMap(codes=NO_CODES, **told)


def _xmp(packet: bytes, name: bytes) -> Three | None:
    """One number or three, in an attribute or in an element."""
    match = re.search(rb"[:\s]" + name + rb"\s*=\s*[\"']([^\"']*)", packet)
    match = match or re.search(rb":" + name + rb">(.*?)</[^>]*:" + name + rb">", packet, re.DOTALL)
    if match is None:
        return None
    inside = re.sub(rb"<[^>]*>", b" ", match[1])
    numbers = [float(number) for number in NUMBER.findall(inside)]
    if len(numbers) >= 3:
        return (numbers[0], numbers[1], numbers[2])
    return (numbers[0],) * 3 if numbers else None


def _iso(payload: bytes) -> dict[str, Three] | None:
    """ISO 21496-1, annex C.2: fractions for each channel, behind versions, flags and headrooms."""
    if len(payload) < 5:
        return None
    flags = payload[4]
    if flags & 0x08:  # a common denominator: rare, and told in XMP as well
        return None
    channels = 3 if flags & 0x80 else 1
    try:
        values = [
            [_fraction(payload, 21 + 40 * channel + 8 * k, signed=k != 2) for k in range(5)]
            for channel in range(channels)
        ]
    except (struct.error, ZeroDivisionError):
        return None
    columns = list(zip(*(values * (3 // channels)), strict=True))
    return dict(zip(NAMES, columns, strict=True))


def _fraction(payload: bytes, at: int, *, signed: bool) -> float:
    top, bottom = struct.unpack_from(">iI" if signed else ">II", payload, at)
    return float(top / bottom)
