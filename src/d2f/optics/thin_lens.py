"""Thin lens: from a lens and a disparity map to signed blur radii, and back.

The circle of confusion of a thin lens is linear in disparity, which is why everything upstream of
the renderer speaks disparity (Potmesil and Chakravarty 1981, written in 1/z):

    c = f^2 / N * z_f / (z_f - f) * (1/z - 1/z_f)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatImage
from ..errors import UsageError

__all__ = [
    "ThinLens",
    "blur_scale_px",
    "defocus_from_disparity",
    "f_number_from_blur",
    "untilted_disparity",
]

MM_PER_M = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinLens:
    """A lens in front of a sensor.

    Parameters
    ----------
    f_number : float
        Focal length over the diameter of the opening; inf for a pinhole.
    focal_length_mm : float
    sensor_width_mm : float
        Long side of the sensor.

    Raises
    ------
    UsageError
        If a length or the f-number is not positive.
    """

    f_number: float = 1.8
    focal_length_mm: float = 50.0
    sensor_width_mm: float = 36.0

    def __post_init__(self) -> None:
        if not self.f_number > 0:
            raise UsageError(f"f_number={self.f_number:g} is no aperture: give a number above 0.")
        for name in ("focal_length_mm", "sensor_width_mm"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise UsageError(f"{name}={value:g} is no length: give millimetres above 0.")


def blur_scale_px(focus_disparity_per_m: float, lens: ThinLens, *, long_side_px: int) -> float:
    """Blur radius in pixels for each 1/m that a point lies off the plane of focus.

    Parameters
    ----------
    focus_disparity_per_m : float, 1/m
        One over the focus distance; 0 focuses at infinity.
    lens : ThinLens
    long_side_px : int
        Long side of the picture in whose pixels the radius is told.

    Raises
    ------
    UsageError
        If the plane of focus lies inside the focal length.
    """
    focal_length_m = lens.focal_length_mm / MM_PER_M
    magnification_loss = 1.0 - focal_length_m * focus_disparity_per_m  # (z_f - f) / z_f
    if magnification_loss <= 0:
        raise UsageError(
            f"the plane of focus at {1 / focus_disparity_per_m:.3g} m lies inside the focal length "
            f"of {lens.focal_length_mm:g} mm; focus farther than {focal_length_m:g} m."
        )
    opening_m = focal_length_m / lens.f_number
    diameter_on_sensor_m = opening_m * focal_length_m / magnification_loss
    return long_side_px / 2 * diameter_on_sensor_m / (lens.sensor_width_mm / MM_PER_M)


def defocus_from_disparity(
    disparity_per_m: FloatImage, focus_disparity_per_m: float, lens: ThinLens, *, long_side_px: int
) -> FloatImage:
    """Signed blur radius of every pixel behind a thin lens.

    Parameters
    ----------
    disparity_per_m : float32 (..., H, W), 1/m
        One over the distance along the optical axis; 0 is infinity.
    focus_disparity_per_m : float, 1/m
        Disparity of the plane of focus.
    lens : ThinLens
    long_side_px : int
        Long side of the picture in whose pixels the radius is told.

    Returns
    -------
    defocus_px : float32 (..., H, W), px
        Radius, not diameter. Positive nearer than the plane of focus, negative beyond it.

    Raises
    ------
    UsageError
        If the plane of focus lies inside the focal length.

    Examples
    --------
    >>> lens = ThinLens(focal_length_mm=50, f_number=1.8)
    >>> infinity = np.zeros((1, 1), np.float32)
    >>> round(float(defocus_from_disparity(infinity, 0.5, lens, long_side_px=6000)[0, 0]), 1)
    -59.4
    """
    scale = blur_scale_px(focus_disparity_per_m, lens, long_side_px=long_side_px)
    return (disparity_per_m - np.float32(focus_disparity_per_m)) * np.float32(scale)


def untilted_disparity(
    disparity_per_m: FloatImage, *, tilt: tuple[float, float], point: tuple[float, float]
) -> FloatImage:
    """Disparity in which a tilted plane of focus is upright.

    Defocus is linear in disparity, so a lens tilted against a scene (Scheimpflug) sees what an
    upright lens sees of the scene tilted the other way.

    Parameters
    ----------
    disparity_per_m : float32 (H, W), 1/m
    tilt : (x, y), 1/m
        What the plane of focus gains in disparity from the left to the right border, and from the
        top to the bottom.
    point : (x, y), 0..1
        Where the tilted plane has the disparity that is focused on.

    Returns
    -------
    disparity_per_m : float32 (H, W)
        The input itself where there is no tilt.
    """
    if not any(tilt):
        return disparity_per_m
    rows, cols = disparity_per_m.shape
    across = tilt[0] * ((np.arange(cols) + 0.5) / cols - point[0])
    down = tilt[1] * ((np.arange(rows) + 0.5) / rows - point[1])
    plane: FloatImage = (across + down[:, None]).astype(np.float32)
    return disparity_per_m - plane


def f_number_from_blur(
    radius_px: float,
    disparity_span_per_m: float,
    focus_disparity_per_m: float,
    lens: ThinLens,
    *,
    long_side_px: int,
) -> float:
    """The f-number at which a point that far off the plane of focus gets this blur radius.

    Parameters
    ----------
    radius_px : float, px, at least 0
        Wanted radius of the circle of confusion.
    disparity_span_per_m : float, 1/m, at least 0
        Distance of the point from the plane of focus, in disparity.
    focus_disparity_per_m : float, 1/m
    lens : ThinLens
        Its own f-number does not count.
    long_side_px : int

    Returns
    -------
    f_number : float
        inf (a pinhole) where no blur is wanted or nothing lies off the plane of focus.
    """
    if radius_px <= 0 or disparity_span_per_m <= 0:
        return math.inf
    wide_open = ThinLens(
        f_number=1.0, focal_length_mm=lens.focal_length_mm, sensor_width_mm=lens.sensor_width_mm
    )
    scale = blur_scale_px(focus_disparity_per_m, wide_open, long_side_px=long_side_px)
    return scale * disparity_span_per_m / radius_px
