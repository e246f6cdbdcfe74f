"""ICC profiles: the tone curve of matrix profiles, and a profile's name (ICC.1:2022)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..optics import LINEAR, SRGB, ToneCurve

__all__ = [
    "cicp_of_profile",
    "colorants_of",
    "has_tables",
    "profile_name",
    "profile_space",
    "tone_curve_of",
]

CODES = np.arange(65536) / 65535
SAME_CURVE = 2e-4  # profiles of sRGB differ from the formula by rounding; worst seen 8e-5
MAX_TAGS = 200


def tone_curve_of(profile: bytes | None) -> ToneCurve:
    """The curve that a profile's codes follow.

    Matrix and grey profiles name it; the green curve stands for all three, which are equal in every
    profile in common use. Without a profile, and for table profiles, the curve is sRGB's.
    """
    if profile is None:
        return SRGB
    tags = _tags(profile)
    curve = tags.get(b"gTRC", tags.get(b"kTRC"))
    if curve is None or b"A2B0" in tags:
        return SRGB
    try:
        light = _curve(curve)
    except (struct.error, ValueError, ZeroDivisionError, OverflowError):
        return SRGB
    if light is None or not np.isfinite(light).all() or light[-1] - light[0] < 0.5:
        return SRGB
    table: FloatImage = np.maximum.accumulate(np.clip(light, 0, 1)).astype(np.float32)
    for known in (SRGB, LINEAR):
        if np.abs(table - known.table).max() < SAME_CURVE:
            return known
    return ToneCurve(profile_name(profile) or "ICC profile", table)


def profile_name(profile: bytes | None) -> str | None:
    """What the profile calls itself, e.g. "Display P3"; None where it does not."""
    description = _tags(profile or b"").get(b"desc", b"")
    try:
        if description[:4] == b"mluc":
            length, offset = struct.unpack_from(">II", description, 20)
            name = description[offset : offset + length].decode("utf-16-be")
        else:
            (length,) = struct.unpack_from(">I", description, 8)
            name = description[12 : 12 + length].decode("ascii")
    except (struct.error, UnicodeDecodeError):
        return None
    printable = "".join(letter for letter in name if letter.isprintable()).strip()
    return printable[:80] or None


def profile_space(profile: bytes | None) -> str | None:
    """The colours that a profile speaks of: "RGB", "GRAY", "CMYK", ...; None without a profile."""
    return (profile or b"")[16:20].decode("ascii", "replace").strip() or None


def has_tables(profile: bytes | None) -> bool:
    """Whether a profile of RGB maps colours by tables in both directions."""
    tags = _tags(profile or b"")
    return b"A2B0" in tags and b"B2A0" in tags and profile_space(profile) == "RGB"


def cicp_of_profile(profile: bytes | None) -> tuple[int, int] | None:
    """Code points for primaries and transfer in a profile's cicp tag (ICC.1:2022, 10.3)."""
    tag = _tags(profile or b"").get(b"cicp", b"")
    return (tag[8], tag[9]) if len(tag) >= 12 and tag[:4] == b"cicp" else None


def colorants_of(profile: bytes | None) -> NDArray[np.float64] | None:
    """Columns are a matrix profile's primaries in XYZ under D50; None for other profiles."""
    tags = _tags(profile or b"")
    columns = []
    for name in (b"rXYZ", b"gXYZ", b"bXYZ"):
        data = tags.get(name, b"")
        if len(data) < 20 or data[:4] != b"XYZ ":
            return None
        columns.append([value / 65536 for value in struct.unpack_from(">3i", data, 8)])
    matrix = np.array(columns).T
    return matrix if abs(np.linalg.det(matrix)) > 1e-6 else None


def _tags(profile: bytes) -> dict[bytes, bytes]:
    if len(profile) < 132:
        return {}
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for index in range(min(count, MAX_TAGS)):
        entry = profile[132 + 12 * index : 144 + 12 * index]
        if len(entry) == 12:
            name, offset, size = struct.unpack(">4sII", entry)
            tags[name] = profile[offset : offset + size]
    return tags


def _curve(data: bytes) -> NDArray[np.float64] | None:
    if data[:4] == b"curv":
        (count,) = struct.unpack_from(">I", data, 8)
        values = np.frombuffer(data, ">u2", count, 12).astype(np.float64)
        if count == 0:
            return CODES
        if count == 1:
            return np.asarray(CODES ** (values[0] / 256))  # u8Fixed8Number
        return np.interp(CODES, np.linspace(0, 1, count), values / 65535)
    if data[:4] == b"para":
        return _parametric(data)
    return None


def _parametric(data: bytes) -> NDArray[np.float64] | None:
    """The five curves of parametricCurveType, told by g a b c d e f."""
    (kind,) = struct.unpack_from(">H", data, 8)
    if kind > 4:
        return None
    count = (1, 3, 4, 5, 7)[kind]
    given = [value / 65536 for value in struct.unpack_from(f">{count}i", data, 12)]
    g, a, b, c, d, e, f = given + [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0][count:]
    if kind == 1:  # Y = (aX + b)^g above -b/a, else 0
        d = -b / a
    if kind == 2:  # Y = (aX + b)^g + c above -b/a, else c
        d, e, f, c = -b / a, c, c, 0.0
    power = np.maximum(a * CODES + b, 0) ** g + e
    light: NDArray[np.float64] = np.where(d <= CODES, power, c * CODES + f)
    return light
