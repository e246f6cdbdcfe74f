"""The oracle: every pixel spreads its own disc, one after the other, in plain NumPy.

Exact where the defocus is uniform, which is what tests compare against. Where it is not, light is
added over all depths and normalised by coverage: nothing occludes, nothing hidden is filled in.
Meant for small pictures.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatImage
from ..optics.aperture import Aperture, Place
from ..optics.point_image import channel_groups, point_image
from .layers import IN_FOCUS_PX, place_of

__all__ = ["scatter"]

MIN_KERNEL_RADIUS_PX = 0.05
WIDEST = 2.5  # radii: the corners of a triangle squeezed by 2 lie 2.2 out


def _point_image(
    defocus_px: float, stretch: tuple[float, float], aperture: Aperture, place: Place
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    if abs(defocus_px) < IN_FOCUS_PX:
        return np.ones((1, 1))
    # The pixel's own box adds 1/12 of variance per axis, a third of a squared radius.
    stretched = defocus_px * stretch[defocus_px > 0]
    radius_px = max(stretched**2 - 1 / 3, MIN_KERNEL_RADIUS_PX**2) ** 0.5
    return point_image(aperture, radius_px, nearer=defocus_px > 0, place=place)


def scatter(
    radiance: FloatImage, defocus_px: FloatImage, *, aperture: Aperture = Aperture()
) -> FloatImage:
    """Spread the light of every pixel over its own circle of confusion.

    Parameters
    ----------
    radiance : float32 (H, W, 3), linear light
    defocus_px : float32 (H, W), px
        Signed radius, + nearer than the plane of focus.
    aperture : Aperture

    Returns
    -------
    radiance : float32 (H, W, 3)
        Divided by the coverage that reached each pixel, so that the border does not darken.
    """
    reach = int(np.ceil(WIDEST * np.abs(defocus_px).max())) + 2
    out = np.zeros_like(radiance)
    for channels, stretch in channel_groups(aperture):
        seen = _scatter(radiance, defocus_px, stretch, aperture, reach)
        out[..., channels] = seen[..., channels]
    return out


def _scatter(
    radiance: FloatImage,
    defocus_px: FloatImage,
    stretch: tuple[float, float],
    aperture: Aperture,
    reach: int,
) -> FloatImage:
    """The same for one size of the circles."""
    rows, cols = defocus_px.shape
    light = np.zeros((rows + 2 * reach, cols + 2 * reach, 4))
    for y, x in np.ndindex(rows, cols):
        place = place_of(y, x, rows, cols)
        kernel = _point_image(float(defocus_px[y, x]), stretch, aperture, place)
        up, left = kernel.shape[0] // 2, kernel.shape[1] // 2
        window = np.s_[y + reach - up : y + reach + up + 1, x + reach - left : x + reach + left + 1]
        light[window] += kernel[..., None] * np.append(radiance[y, x], 1.0)
    inner = light[reach : reach + rows, reach : reach + cols]
    return (inner[..., :3] / np.maximum(inner[..., 3:], 1e-9)).astype(np.float32)
