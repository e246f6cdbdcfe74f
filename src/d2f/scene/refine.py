"""Disparity at the photo's size, its steps on the photo's own edges."""

from __future__ import annotations

import numpy as np

from ..arrays import ByteImage, FloatImage
from ..errors import UsageError
from .native import area_reduce, two_sided_mode

__all__ = ["disparity_at_full_size"]

BAND_SHARE = 0.12  # of the map's range within a window: what counts as a step
COLOUR_SIGMA = 11.5  # codes; best of 8 to 20 on the ray-traced scenes, by little
KEEP = 0.3  # of a window's range: how far a side's value may lie from the side's end
RADIUS = 2


def disparity_at_full_size(
    disparity: FloatImage,
    guide_srgb: FloatImage | None,
    photo_srgb: ByteImage,
    *,
    threads: int = 0,
) -> FloatImage:
    """Bring a disparity map to the photo's size, steep where the photo has its edges.

    Parameters
    ----------
    disparity : float32 (h, w)
        Larger is nearer, any unit. A map of the photo's size is returned untouched; of one that is
        larger in either direction the values nearest to the photo's pixels are taken.
    guide_srgb : float32 (h, w, 3), 0..1, or None
        The photo reduced to the map's size; None has it made by area means.
    photo_srgb : uint8 (H, W, 3)
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    disparity : float32 (H, W)
        At steps, values of one of the two sides; elsewhere straight lines between the samples.

    Raises
    ------
    UsageError
        If the sizes of map and guide differ, or a map is empty or not finite.
    """
    _check(disparity, guide_srgb, photo_srgb)
    height, width = photo_srgb.shape[:2]
    rows, cols = disparity.shape
    if (rows, cols) == (height, width):
        return disparity
    if rows > height or cols > width:
        disparity = _nearest(disparity, min(rows, height), min(cols, width))
        return disparity_at_full_size(disparity, None, photo_srgb, threads=threads)
    if guide_srgb is None:
        guide = area_reduce(photo_srgb, rows=rows, cols=cols, threads=threads)
        guide_srgb = guide.astype(np.float32) / np.float32(255)
    return two_sided_mode(
        disparity,
        guide_srgb,
        photo_srgb,
        radius=RADIUS,
        colour_sigma=COLOUR_SIGMA,
        band_step=BAND_SHARE * float(disparity.max() - disparity.min()),
        keep=KEEP,
        threads=threads,
    )


def _check(disparity: FloatImage, guide_srgb: FloatImage | None, photo_srgb: ByteImage) -> None:
    if disparity.ndim != 2 or disparity.size == 0 or not np.isfinite(disparity).all():
        raise UsageError(
            f"the disparity map has shape {disparity.shape} or holds values that are not numbers: "
            "give (h, w) finite values."
        )
    if photo_srgb.dtype != np.uint8 or photo_srgb.ndim != 3 or photo_srgb.shape[2] != 3:
        raise UsageError(
            f"the photo is {photo_srgb.dtype} {photo_srgb.shape}: give uint8 (H, W, 3)."
        )
    if guide_srgb is not None and guide_srgb.shape != (*disparity.shape, 3):
        raise UsageError(
            f"the guide has shape {guide_srgb.shape}, the disparity map {disparity.shape}: "
            "reduce the photo to the map's size."
        )


def _nearest(disparity: FloatImage, rows: int, cols: int) -> FloatImage:
    """Fewer samples without mixing near and far."""
    down = ((np.arange(rows) + 0.5) * disparity.shape[0] / rows).astype(np.int64)
    along = ((np.arange(cols) + 0.5) * disparity.shape[1] / cols).astype(np.int64)
    return np.ascontiguousarray(disparity[np.ix_(down, along)])
