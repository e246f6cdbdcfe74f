"""The compiled kernels of the scene, each with its twin in `reference`.

Arrays must be C-contiguous and of the types told; `refine` sees to that. `threads` 0 uses every
core, and the result is the same for any number.
"""

from __future__ import annotations

import numpy as np

import d2f._native as _native

from ..arrays import ByteImage, FloatImage

__all__ = [
    "absorb_small_regions",
    "area_reduce",
    "enlarge_by_side",
    "side_votes",
    "two_sides",
    "vote_planes",
]


def area_reduce(photo_srgb: ByteImage, *, rows: int, cols: int, threads: int = 0) -> ByteImage:
    """Mean colour of each cell of a grid over a photo.

    Parameters
    ----------
    photo_srgb : uint8 (H, W, 3)
    rows, cols : int
        Cells, at most H and W; pixels on a border between cells count in part to both.
    threads : int

    Returns
    -------
    reduced : uint8 (rows, cols, 3)
    """
    reduced = np.empty((rows, cols, 3), np.uint8)
    _native.area_reduce(photo_srgb, reduced, threads=threads)
    return reduced


def two_sides(
    disparity: FloatImage, *, band_step: float, faint_step: float, threads: int = 0
) -> FloatImage:
    """The near and the far side of the steps in a small disparity map.

    Parameters
    ----------
    disparity : float32 (h, w)
    band_step : float, disparity
        A range this large within 3 x 3 samples is wholly a step, half of it is none; a slope that
        goes on around them is none of any range.
    faint_step : float, disparity, at most `band_step`
        The same for a faint step.
    threads : int

    Returns
    -------
    sides : float32 (6, h, w)
        Near side and far side (disparity), step and faint step (0..1), middle of the window
        (disparity), and sureness (near 0 for samples that mix both sides, near 1 for those of one).
    """
    sides = np.empty((6, *disparity.shape), np.float32)
    _native.two_sides(disparity, sides, band_step=band_step, faint_step=faint_step, threads=threads)
    return sides


def side_votes(
    disparity: FloatImage,
    sides: FloatImage,
    guide_srgb: FloatImage,
    photo_srgb: ByteImage,
    *,
    colour_sigma: float,
    threads: int = 0,
) -> FloatImage:
    """Whether a pixel's colour is that of the near or of the far samples around it.

    Parameters
    ----------
    disparity : float32 (h, w)
    sides : float32 (6, h, w)
        Of `two_sides`.
    guide_srgb : float32 (h, w, 3), 0..1
        The photo reduced to the map's size.
    photo_srgb : uint8 (H, W, 3)
    colour_sigma : float, codes of 0..255
        Difference in colour at which a sample begins to count less.
    threads : int

    Returns
    -------
    votes : float32 (H, W), -1 (far) .. 1 (near)
    """
    votes = np.empty(photo_srgb.shape[:2], np.float32)
    _native.side_votes(
        disparity, sides, guide_srgb, photo_srgb, votes, colour_sigma=colour_sigma, threads=threads
    )
    return votes


def vote_planes(
    votes: FloatImage, photo_srgb: ByteImage, *, radius: int, ridge: float, threads: int = 0
) -> FloatImage:
    """The linear function of colour that explains the votes around each pixel.

    Parameters
    ----------
    votes : float32 (H, W), -1..1
    photo_srgb : uint8 (H, W, 3)
    radius : int, 0..40
        Window of the regression and of the mean over neighbouring functions.
    ridge : float, squared codes, above 0
        Differences in colour below its root count as none.
    threads : int

    Returns
    -------
    planes : float32 (H, W, 4)
        Per code of red, green, blue, and the constant.
    """
    planes = np.empty((*votes.shape, 4), np.float32)
    _native.vote_planes(votes, photo_srgb, planes, radius=radius, ridge=ridge, threads=threads)
    return planes


def enlarge_by_side(
    disparity: FloatImage,
    sides: FloatImage,
    planes: FloatImage,
    photo_srgb: ByteImage,
    *,
    threads: int = 0,
) -> FloatImage:
    """A small disparity map at the size of a photo, at steps the side of each pixel's colour.

    Parameters
    ----------
    disparity : float32 (h, w)
    sides : float32 (6, h, w)
        Of `two_sides`.
    planes : float32 (hm, wm, 4)
        Of `vote_planes`, on the photo or a reduced one.
    photo_srgb : uint8 (H, W, 3)
    threads : int

    Returns
    -------
    enlarged : float32 (H, W)
        A faint step is one only where the votes are sure.
    """
    enlarged = np.empty(photo_srgb.shape[:2], np.float32)
    _native.enlarge_by_side(disparity, sides, planes, photo_srgb, enlarged, threads=threads)
    return enlarged


def absorb_small_regions(values: FloatImage, *, step: float, min_area: int) -> FloatImage:
    """A map without crumbs: small regions take the value of what surrounds them most.

    Parameters
    ----------
    values : float32 (H, W)
    step : float
        Neighbours that differ by more lie in different regions.
    min_area : int, px
        Regions with fewer pixels are absorbed; 1 leaves the map as it is.

    Returns
    -------
    absorbed : float32 (H, W)
    """
    absorbed = values.copy()
    _native.absorb_small_regions(absorbed, step=step, min_area=min_area)
    return absorbed
