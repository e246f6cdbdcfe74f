"""Profiles that map colours by tables: worked on as light, carried back as differences."""

from __future__ import annotations

import struct

import numpy as np
from photo_samples import gradient, jpeg_of

from d2f import files
from d2f.files.primaries import SRGB_CHROMATICITIES, srgb_matrix_of
from d2f.files.primaries import _xyz_from_rgb as xyz_from_rgb

GAMMA = 2.0
COLOUR_ERROR = 3.0  # codes of 255 on the mean, of a halved picture; worst seen 0.4


def lut16(matrix: np.ndarray, clut: np.ndarray, before: np.ndarray, after: np.ndarray) -> bytes:
    """A lut16Type of two points a side (ICC.1:2022, 10.10)."""
    head = b"mft2\0\0\0\0" + bytes((3, 3, 2, 0))
    head += b"".join(struct.pack(">i", round(value * 65536)) for value in matrix.ravel())
    head += struct.pack(">HH", len(before), len(after))
    tables = np.concatenate([np.tile(before, 3), clut.ravel(), np.tile(after, 3)])
    return head + np.clip(np.rint(tables * 65535), 0, 65535).astype(">u2").tobytes()


def table_profile() -> bytes:
    """A printer-like profile of RGB with gamma 2 and sRGB's primaries, all in tables."""
    to_xyz = xyz_from_rgb(SRGB_CHROMATICITIES)
    ramp = np.linspace(0, 1, 1024)
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(-1, 3)
    scale = 32768 / 65535  # of XYZ in 16 bits: 1 is half of the range
    forward = lut16(np.eye(3), corners @ to_xyz.T * scale, ramp**GAMMA, np.array([0.0, 1.0]))
    back = lut16(np.linalg.inv(to_xyz) / 1, corners * 1.0, np.minimum(ramp / scale, 1),
                 ramp ** (1 / GAMMA))  # fmt: skip
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags = [(b"A2B0", forward), (b"B2A0", back), (b"wtpt", white)]
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"\0" * 4, 0x02400000, b"prtr",
                         b"RGB ", b"XYZ ").ljust(36, b"\0") + b"acsp"  # fmt: skip
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def test_a_profile_of_tables_is_worked_on_in_light_and_kept():
    """Unchanged codes come back as they were; half the light gives the codes that say so."""
    content = jpeg_of(gradient("u8"), quality=100, subsampling=0, icc_profile=table_profile())
    photo = files.photo_from_bytes(content)
    assert photo.device is not None
    assert photo.metadata.icc == table_profile()
    again = files.photo_from_bytes(files.photo_to_bytes(photo, "PNG"))
    np.testing.assert_array_equal(again.device.codes, photo.device.codes)
    assert again.metadata.icc == photo.metadata.icc

    light = photo.tone_curve.table[photo.pixels]
    codes = np.interp(light / 4, photo.tone_curve.table, np.arange(65536)).astype(np.uint16)
    dark = files.photo_from_bytes(files.photo_to_bytes(photo.with_pixels(codes), "PNG"))
    expected = photo.device.codes / 2  # a quarter of the light at gamma 2
    assert np.abs(dark.device.codes - expected).mean() < COLOUR_ERROR
    assert srgb_matrix_of(photo.metadata) is None
