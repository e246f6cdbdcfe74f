"""What a file's colour words mean: its tone curve, its primaries, a profile that says the same.

Sources: ITU-T H.273 (code points), ICC.1:2022 (adaptation to D50), IEC 61966-2-1 (sRGB), SMPTE EG
432-1 (Display P3), ITU-R BT.2020.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..optics import BT709, HLG, LINEAR, PQ, SRGB, ToneCurve, gamma_curve
from .icc import cicp_of_profile, colorants_of, tone_curve_of

if TYPE_CHECKING:
    from .photo import Metadata

__all__ = ["primaries_of", "profile_of", "srgb_matrix_of", "tone_curve_of_metadata"]

Matrix = NDArray[np.float64]

D65 = (0.3127, 0.3290)
SRGB_CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *D65)
CHROMATICITIES: dict[int, tuple[float, ...]] = {  # H.273, table 2: red, green, blue, white
    1: SRGB_CHROMATICITIES,
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *D65),
}
TRANSFERS: dict[int, ToneCurve] = {  # H.273, table 3
    1: BT709,
    4: gamma_curve(2.2),
    5: gamma_curve(2.8),
    6: BT709,
    8: LINEAR,
    13: SRGB,
    14: BT709,
    15: BT709,
    16: PQ,
    18: HLG,
}
GAMMA_OF_SRGB = 2.2  # what writers of sRGB files say when they have one number only
SAME_GAMMA = 0.02
D50_XYZ = np.array([0.9642, 1.0, 0.8249])  # ICC.1:2022, 7.2.16
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)  # ICC.1:2022, E.3
# Date and time in a profile's header (ICC.1:2022, 7.2.8): a fixed one, so that the same photo
# always gives the same bytes.
MADE_ON = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
SMALL_SHIFT = 0.005  # of a matrix: below, two sets of primaries are the same


def tone_curve_of_metadata(metadata: Metadata) -> ToneCurve | None:
    """The curve that the file names; None where it names none.

    Code points win over a profile, as they do in PNG (third edition, 4.3) and HEIF, since they
    alone can say PQ and HLG.
    """
    points = metadata.cicp or cicp_of_profile(metadata.icc)
    if points is not None and points[1] in TRANSFERS:
        return TRANSFERS[points[1]]
    if metadata.icc is not None:
        return tone_curve_of(metadata.icc)
    if metadata.gamma is not None:
        if abs(metadata.gamma - GAMMA_OF_SRGB) < SAME_GAMMA:
            return SRGB
        return LINEAR if abs(metadata.gamma - 1) < SAME_GAMMA else gamma_curve(metadata.gamma)
    return None


def primaries_of(metadata: Metadata) -> tuple[float, ...] | None:
    """Chromaticities that the file tells without a profile; None where they are sRGB's."""
    told = metadata.chromaticities
    if metadata.cicp is not None:
        told = CHROMATICITIES.get(metadata.cicp[0])
    if told is None or np.allclose(told, SRGB_CHROMATICITIES, atol=SMALL_SHIFT):
        return None
    return told


def srgb_matrix_of(metadata: Metadata) -> Matrix | None:
    """What makes linear sRGB of linear codes: (3, 3); None where nothing changes or is told.

    A perfect copy needs gamut mapping; this one is for a network's eyes, and is clipped.
    """
    told = primaries_of(metadata)
    if told is not None:
        to_xyz = _xyz_from_rgb(told)
    elif metadata.cicp is None and (colorants := colorants_of(metadata.icc)) is not None:
        to_xyz = colorants
    else:
        return None
    if to_xyz is None:
        return None
    srgb = _xyz_from_rgb(SRGB_CHROMATICITIES)
    assert srgb is not None
    matrix: Matrix = np.linalg.inv(srgb) @ to_xyz
    return None if np.abs(matrix - np.eye(3)).max() < SMALL_SHIFT else matrix


def _xyz_from_rgb(chromaticities: tuple[float, ...]) -> Matrix | None:
    """Columns are the primaries in XYZ under D50; None where they span no plane of colours."""
    points = np.asarray(chromaticities, np.float64).reshape(4, 2)
    if not np.isfinite(points).all() or (points[:, 1] <= 0).any():
        return None
    xyz = np.column_stack([points[:, 0], points[:, 1], 1 - points.sum(1)]) / points[:, 1:]
    if abs(np.linalg.det(xyz[:3])) < 1e-6:
        return None
    to_xyz = xyz[:3].T * np.linalg.solve(xyz[:3].T, xyz[3])
    gains = (BRADFORD @ D50_XYZ) / (BRADFORD @ xyz[3])
    adapted: Matrix = np.linalg.inv(BRADFORD) @ (gains[:, None] * (BRADFORD @ to_xyz))
    return adapted


def profile_of(metadata: Metadata, curve: ToneCurve) -> bytes | None:
    """A matrix profile that says what the file says by numbers; None where that is plain sRGB.

    Parameters
    ----------
    metadata : Metadata
        Without a profile of its own.
    curve : ToneCurve
        Of the codes that go into the file.
    """
    chromaticities = primaries_of(metadata) or SRGB_CHROMATICITIES
    if chromaticities is SRGB_CHROMATICITIES and curve is SRGB:
        return None
    import imagecodecs

    samples = np.rint(curve.table[:: len(curve.table) // 4095] * 65535).astype(np.uint16)
    made = imagecodecs.cms_profile(
        "rgb",
        whitepoint=list(chromaticities[6:]),
        primaries=list(chromaticities[:6]),
        transferfunction=samples,
    )
    return bytes(made[:24]) + MADE_ON + bytes(made[36:])
