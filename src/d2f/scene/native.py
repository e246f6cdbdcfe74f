"""The compiled kernels of the scene, each with its twin in `reference`."""

from __future__ import annotations

import numpy as np

import d2f._native as _native

from ..arrays import ByteImage, FloatImage

__all__ = ["area_reduce", "two_sided_mode"]


def area_reduce(photo_srgb: ByteImage, *, rows: int, cols: int, threads: int = 0) -> ByteImage:
    """Mean colour of each cell of a grid over a photo.

    Parameters
    ----------
    photo_srgb : uint8 (H, W, 3)
    rows, cols : int
        Cells, at most H and W; pixels on a border between cells count in part to both.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    reduced : uint8 (rows, cols, 3)
    """
    reduced = np.empty((rows, cols, 3), np.uint8)
    _native.area_reduce(np.ascontiguousarray(photo_srgb), reduced, threads=threads)
    return reduced


def two_sided_mode(
    disparity: FloatImage,
    guide_srgb: FloatImage,
    photo_srgb: ByteImage,
    *,
    radius: int,
    colour_sigma: float,
    band_step: float,
    keep: float,
    threads: int = 0,
) -> FloatImage:
    """A small disparity map at the size of a photo, its steps moved to the photo's edges.

    Parameters
    ----------
    disparity : float32 (h, w)
    guide_srgb : float32 (h, w, 3), 0..1
        The photo reduced to the map's size.
    photo_srgb : uint8 (H, W, 3)
    radius : int, 1..3
        Samples to each side of a pixel's nearest one that vote.
    colour_sigma : float, codes of 0..255
        Difference in colour at which a sample begins to count less.
    band_step : float, disparity
        A window of samples with a smaller range is enlarged bilinearly.
    keep : float, 0..1
        Share of a window's range by which a value may lie off its side's end.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    enlarged : float32 (H, W)
    """
    enlarged = np.empty(photo_srgb.shape[:2], np.float32)
    _native.two_sided_mode(
        np.ascontiguousarray(disparity),
        np.ascontiguousarray(guide_srgb),
        np.ascontiguousarray(photo_srgb),
        enlarged,
        radius=radius,
        colour_sigma=colour_sigma,
        band_step=band_step,
        keep=keep,
        threads=threads,
    )
    return enlarged
