"""How a photo was taken, as far as optics needs it: focal length, sensor, aperture, focus."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .exif import ORIENTATION, Entry, byte_order_of, entries_of

__all__ = ["Shot", "shot_of"]

F_NUMBER, FOCAL_LENGTH, DISTANCE, EQUIVALENT = 0x829D, 0x920A, 0x9206, 0xA405
PLANE_X, PLANE_UNIT, PIXELS_X = 0xA20E, 0xA210, 0xA002
UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 1e-3}  # Exif 2.32, FocalPlaneResolutionUnit
FULL_FRAME_DIAGONAL_MM = math.hypot(36, 24)
SHORT, LONG, RATIONAL = 3, 4, 5
LARGEST_SENSOR_MM = 300.0  # of a plate camera; more is a slip of a writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What EXIF tells; None where it tells nothing sensible.

    Attributes
    ----------
    focal_length_mm, f_number : float, optional
        Of the lens itself.
    focal_length_sides : float, optional
        Focal length over the long side of the sensor: the angle of view.
    focus_distance_m : float, optional
        Where the camera focused; inf is far.
    """

    focal_length_mm: float | None = None
    f_number: float | None = None
    focal_length_sides: float | None = None
    focus_distance_m: float | None = None


def shot_of(exif: bytes | None, size: tuple[int, int]) -> Shot:
    """How a photo of this size (H, W) was taken.

    The angle of view comes from the resolution of the focal plane, which speaks of this very
    sensor, or else from the 35-mm equivalent, which compares diagonals (CIPA DC-008, annex G).
    """
    told = dict(_numbers(exif or b""))
    focal, number = _positive(told, FOCAL_LENGTH), _positive(told, F_NUMBER)
    distance = _positive(told, DISTANCE)
    return Shot(
        focal_length_mm=focal,
        f_number=number,
        focal_length_sides=_by_sensor(told, focal, size) or _by_equivalent(told, size),
        focus_distance_m=distance,
    )


def _positive(told: dict[int, float], tag: int) -> float | None:
    value = told.get(tag, 0.0)
    return value if value > 0 else None


def _by_sensor(told: dict[int, float], focal: float | None, size: tuple[int, int]) -> float | None:
    per_unit, unit = _positive(told, PLANE_X), UNIT_MM.get(int(told.get(PLANE_UNIT, 2)))
    columns = _positive(told, PIXELS_X)
    if focal is None or per_unit is None or unit is None or columns is None:
        return None
    stored_upright = told.get(ORIENTATION, 1) < 5
    width_mm = columns / per_unit * unit  # of the file's rows, which may be the short side
    long_side_mm = width_mm * max(size) / (size[1] if stored_upright else size[0])
    return focal / long_side_mm if 1 <= long_side_mm <= LARGEST_SENSOR_MM else None


def _by_equivalent(told: dict[int, float], size: tuple[int, int]) -> float | None:
    equivalent = _positive(told, EQUIVALENT)
    if equivalent is None:
        return None
    return equivalent / FULL_FRAME_DIAGONAL_MM * math.hypot(*size) / max(size)


def _numbers(exif: bytes) -> Iterator[tuple[int, float]]:
    """The first number of each entry, directories below included."""
    order = byte_order_of(exif)
    stack = list(entries_of(exif)) if order else []
    while stack:
        entry = stack.pop()
        stack += entry.children
        value = _number(entry, order or "<")
        if value is not None:
            yield entry.tag, value


def _number(entry: Entry, order: str) -> float | None:
    if entry.kind == SHORT and len(entry.value) >= 2:
        return float(struct.unpack_from(order + "H", entry.value)[0])
    if entry.kind == LONG and len(entry.value) >= 4:
        return float(struct.unpack_from(order + "I", entry.value)[0])
    if entry.kind == RATIONAL and len(entry.value) >= 8:
        over, under = struct.unpack_from(order + "II", entry.value)
        if over == 0xFFFFFFFF:  # Exif 2.32, SubjectDistance: infinity
            return math.inf
        return over / under if under else None
    return None
