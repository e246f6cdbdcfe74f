"""Disparity at the photo's size, its steps on the photo's own edges.

`reference` tells the method; here stand its sizes. Votes and planes are made on a reduced photo of
about 1000 px: on the ray-traced scenes (`evaluate.edges`) reducing by 2 or 3 changes nothing, since
the planes speak of colour and are applied to every pixel of the full photo.

A network's step is a ramp some samples wide, of which the steep part alone would become steep. So
the small map is first steepened at its own size: that is what the flanks of a step are made of, and
how far its sides lie apart. Where it turns is still told by the votes of the untouched map.
"""

from __future__ import annotations

import numpy as np

from ..arrays import ByteImage, FloatImage
from ..checks import check_map, check_photo, check_threads
from ..errors import UsageError
from ..optics import disparity_at_centres
from .native import (
    absorb_small_regions,
    area_reduce,
    enlarge_by_side,
    side_votes,
    two_sides,
    vote_planes,
)

__all__ = ["disparity_at_full_size"]

STEP_SHARE = 0.1  # of the map's range: what counts as a step; below, unrest becomes patches
FAINT_SHARE = 0.05  # the same where the colours leave no doubt
COLOUR_SIGMA = 8.0  # codes; 6 and 11.5 are as good within .004 of edge F1
VOTING_SIDE_PX = 1024  # long side of the photo that votes
FINEST_VOTING = 3  # the voting photo has at least this many pixels per sample
WINDOW_SAMPLES = 1.5  # radius of the regression; 1 and 2 are worse
STEEPENING_RADIUS = 1  # the same at the map's own size; 2 costs .004 of edge F1, 3 more
SERIAL_SAMPLES = 2**17  # a smaller map takes 2 ms: less than waking other threads can
LARGEST_RADIUS_PX = 40  # above it the kernel's whole-number sums could overflow
CRUMB_SAMPLES = 0.5  # area of the largest region that is absorbed, in samples of the small map
LARGEST = 1e37  # disparity: sums and differences of some stay below the largest float32
RIDGE = 0.65  # squared codes, 1e-5 of 255^2


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
        Larger is nearer, any unit; float16 and float64 are converted. A map of the photo's size is
        returned untouched; of one that is larger in either direction the values nearest to the
        photo's pixels are taken.
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
        If the sizes of map and guide differ, a map is empty or not finite, or an argument is of
        another type.
    """
    _check(disparity, guide_srgb, photo_srgb)
    check_threads(threads)
    disparity = disparity.astype(np.float32, copy=False)
    height, width = photo_srgb.shape[:2]
    rows, cols = disparity.shape
    if (rows, cols) == (height, width):
        return disparity
    if rows > height or cols > width:
        size = min(rows, height), min(cols, width)
        disparity = disparity_at_centres(disparity, size)
        return disparity_at_full_size(disparity, None, photo_srgb, threads=threads)
    photo_srgb, disparity = np.ascontiguousarray(photo_srgb), np.ascontiguousarray(disparity)
    if guide_srgb is None:
        guide = area_reduce(photo_srgb, rows=rows, cols=cols, threads=threads)
        guide_srgb = guide.astype(np.float32) / np.float32(255)
    guide_srgb = np.ascontiguousarray(guide_srgb, dtype=np.float32)
    extent = float(np.ptp(disparity))
    steps = {"band_step": STEP_SHARE * extent, "faint_step": FAINT_SHARE * extent}
    few_threads = threads if disparity.size > SERIAL_SAMPLES else 1
    sides = two_sides(disparity, **steps, threads=few_threads)
    planes = _planes(disparity, sides, guide_srgb, photo_srgb, threads)
    steeper = _steepened(disparity, sides, guide_srgb, few_threads)
    wider = two_sides(steeper, **steps, threads=few_threads)
    sides[0], sides[1] = np.maximum(sides[0], wider[0]), np.minimum(sides[1], wider[1])
    enlarged = enlarge_by_side(steeper, sides, planes, photo_srgb, threads=threads)
    return absorb_small_regions(
        enlarged,
        step=STEP_SHARE * extent / 2,
        min_area=round(CRUMB_SAMPLES * height * width / disparity.size),
    )


def _steepened(
    disparity: FloatImage, sides: FloatImage, guide_srgb: FloatImage, threads: int
) -> FloatImage:
    """The map at its own size, its ramps moved to the sides that the guide's colours tell."""
    photo = np.rint(guide_srgb * np.float32(255)).astype(np.uint8)
    sides = sides[[0, 1, 2, 2, 4, 5]]  # no faint steps here
    votes = side_votes(
        disparity, sides, guide_srgb, photo, colour_sigma=COLOUR_SIGMA, threads=threads
    )
    planes = vote_planes(votes, photo, radius=STEEPENING_RADIUS, ridge=RIDGE, threads=threads)
    return enlarge_by_side(disparity, sides, planes, photo, threads=threads)


def _planes(
    disparity: FloatImage,
    sides: FloatImage,
    guide_srgb: FloatImage,
    photo_srgb: ByteImage,
    threads: int,
) -> FloatImage:
    """Which colours are the near side's, around each pixel of a reduced photo."""
    samples = max(disparity.shape)
    reduction = max(photo_srgb.shape[:2]) / max(VOTING_SIDE_PX, FINEST_VOTING * samples)
    voting = photo_srgb
    if reduction > 1:
        rows, cols = (
            max(few, round(many / reduction))
            for few, many in zip(disparity.shape, photo_srgb.shape, strict=False)
        )
        voting = area_reduce(photo_srgb, rows=rows, cols=cols, threads=threads)
    votes = side_votes(
        disparity, sides, guide_srgb, voting, colour_sigma=COLOUR_SIGMA, threads=threads
    )
    radius = round(WINDOW_SAMPLES * max(voting.shape[:2]) / samples)
    radius = min(max(radius, 1), LARGEST_RADIUS_PX)
    return vote_planes(votes, voting, radius=radius, ridge=RIDGE, threads=threads)


def _check(disparity: FloatImage, guide_srgb: FloatImage | None, photo_srgb: ByteImage) -> None:
    check_map("the disparity map", disparity)
    if not max(abs(float(disparity.min())), abs(float(disparity.max()))) <= LARGEST:
        raise UsageError(
            f"the disparity map holds NaN, infinity or values beyond {LARGEST:.0e}: "
            "give finite values."
        )
    check_photo(photo_srgb)
    if guide_srgb is None:
        return
    if guide_srgb.dtype.kind != "f" or not (guide_srgb.min() >= 0 and guide_srgb.max() <= 1):
        raise UsageError(
            f"the guide is {guide_srgb.dtype} or lies outside 0..1: give float32 in 0..1."
        )
    if guide_srgb.shape != (*disparity.shape, 3):
        raise UsageError(
            f"the guide has shape {guide_srgb.shape}, the disparity map {disparity.shape}: "
            "reduce the photo to the map's size."
        )
