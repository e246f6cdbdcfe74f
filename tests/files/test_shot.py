"""How a photo was taken, from EXIF made here."""

from __future__ import annotations

import math

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from d2f.files import shot_of

FULL_FRAME_DIAGONAL_MM = math.hypot(36, 24)


def exif_of(*, orientation: int = 1, **told: float) -> bytes:
    """An EXIF block with these entries."""
    tags = {"f_number": 0x829D, "focal_mm": 0x920A, "distance_m": 0x9206, "plane_x": 0xA20E}
    whole = {"equivalent_mm": 0xA405, "plane_unit": 0xA210, "columns": 0xA002}
    block = Image.Exif()
    block[0x0112] = orientation
    inner = block.get_ifd(0x8769)
    for name, value in told.items():
        inner[tags.get(name) or whole[name]] = IFDRational(value) if name in tags else int(value)
    return block.tobytes().removeprefix(b"Exif\0\0")


def test_the_focal_plane_tells_the_sensor():
    """A 50 mm lens on 6000 columns at 2540 to the cm: 23.6 mm wide."""
    told = {"focal_mm": 50, "plane_x": 2540, "plane_unit": 3, "columns": 6000}
    shot = shot_of(exif_of(**told, f_number=2.8, equivalent_mm=99), (4000, 6000))
    assert shot.focal_length_sides == pytest.approx(50 / (6000 / 2540 * 10))
    assert (shot.focal_length_mm, shot.f_number) == (50, pytest.approx(2.8))


@pytest.mark.parametrize(("orientation", "size"), [(1, (4000, 6000)), (6, (6000, 4000))])
def test_a_turned_photo_has_the_same_lens(orientation, size):
    """The long side of the sensor stays the long side."""
    told = {"focal_mm": 50, "plane_x": 2540, "plane_unit": 3, "columns": 6000}
    shot = shot_of(exif_of(orientation=orientation, **told), size)
    assert shot.focal_length_sides == pytest.approx(50 / (6000 / 2540 * 10))


def test_the_equivalent_compares_diagonals():
    """26 mm on full frame, seen by a 4:3 sensor; a film's own shape gives 26 / 36."""
    shot = shot_of(exif_of(equivalent_mm=26), (3024, 4032))
    assert shot.focal_length_sides == pytest.approx(26 / FULL_FRAME_DIAGONAL_MM * 1.25)
    assert shot_of(exif_of(equivalent_mm=26), (24, 36)).focal_length_sides == pytest.approx(26 / 36)


def test_nonsense_tells_nothing():
    """Zeros, sensors of a metre, damaged blocks, no block; infinity is a distance."""
    size = (3024, 4032)
    assert shot_of(exif_of(focal_mm=0, f_number=0, equivalent_mm=0), size) == shot_of(None, size)
    told = {"focal_mm": 50, "plane_x": 1, "plane_unit": 3, "columns": 4032}
    assert shot_of(exif_of(**told), size).focal_length_sides is None
    assert shot_of(b"II*\0 nothing", size) == shot_of(None, size)
    far = exif_of(distance_m=3).replace((3).to_bytes(4, "big") + (1).to_bytes(4, "big"),
                                        b"\xff\xff\xff\xff\0\0\0\1")  # fmt: skip
    assert shot_of(far, size).focus_distance_m == math.inf
