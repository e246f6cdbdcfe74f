"""The small clipped blobs of a photo: where they are, and what surrounds them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from . import native

__all__ = ["DISTANCES", "ClippedBlobs", "describe_surroundings", "find_blobs", "picture_scale"]

REFERENCE_PIXELS = 640 * 480  # the picture size in whose pixels the constants are told
DIRECTIONS = 16  # rays; an even number, as the kernel wants it
FULL_CHANNEL = 0.8  # mean light from which a channel of a blob counts as clipped
DISTANCES = (1, 2, 3, 4, 6, 9, 13)  # px outside the blob, at the reference size


@dataclass(frozen=True, slots=True)
class ClippedBlobs:
    """Connected groups of clipped pixels, in reading order.

    Attributes
    ----------
    box : int32 (N, 4)
        Left, top, right, bottom; right and bottom are one past the last pixel.
    area : int32 (N,), px
    centre : float32 (N, 2), x and y in px
    colour : float32 (N, 3)
        Mean light of its pixels.
    core : float32 (N,)
        The darkest channel of its whitest pixel: the heart of a coloured lamp is white.
    runs : int32 (M, 4)
        Their pixels: row, first column, one past the last column, blob.
    """

    box: NDArray[np.int32]
    area: NDArray[np.int32]
    centre: FloatImage
    colour: FloatImage
    core: FloatImage
    runs: NDArray[np.int32]

    @property
    def full(self) -> NDArray[np.bool_]:
        """Which channels of each blob were clipped, (N, 3)."""
        return self.colour >= FULL_CHANNEL

    def pixels(self, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row-major positions of the pixels of the chosen blobs, and the blob of each."""
        runs = self.runs[chosen[self.runs[:, 3]]].astype(np.intp)
        lengths = runs[:, 2] - runs[:, 1]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.repeat(runs[:, 0], lengths), np.repeat(runs[:, 1], lengths) + within

    def blob_of_pixels(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The blob of each of these pixels, in the same order."""
        runs = self.runs[chosen[self.runs[:, 3]]].astype(np.intp)
        return np.repeat(runs[:, 3], runs[:, 2] - runs[:, 1])


def picture_scale(rows: int, cols: int) -> float:
    """Linear size of a picture in terms of 640 x 480."""
    return math.sqrt(rows * cols / REFERENCE_PIXELS)


def find_blobs(
    radiance: FloatImage, clip_light: float, *, max_area: int, min_area: int = 1, threads: int = 0
) -> ClippedBlobs:
    """Find the connected groups (8 neighbours) of clipped pixels, up to an area.

    Parameters
    ----------
    radiance : float32 (H, W, 3), C order
    clip_light : float
        A pixel is clipped when its largest channel reaches this.
    max_area : int, px
        Larger groups (skies, windows, paper) are left out.
    min_area : int, px
        Smaller groups are left out.
    """
    box, sums, runs = native.find_blobs(
        radiance, clip=clip_light, min_area=min_area, max_area=max_area, threads=threads
    )
    area = box[:, 4]
    means = (sums[:, :5] / area[:, None]).astype(np.float32)
    core = sums[:, 5].astype(np.float32)
    return ClippedBlobs(box[:, :4], area, means[:, :2], means[:, 2:], core, runs)


def describe_surroundings(
    radiance: FloatImage,
    clip_light: float,
    box: NDArray[np.int32],
    centre: FloatImage,
    *,
    threads: int = 0,
) -> tuple[FloatImage, FloatImage]:
    """Colours at growing distances outside each blob.

    From the blob's centre a ray runs in each of 16 directions to the last clipped pixel within
    the blob's box, and on from there.

    Returns
    -------
    medians, means : float32 (N, len(DISTANCES), 3)
        Over the directions, of the light at each distance of `DISTANCES`, which grow with the
        picture.
    """
    step = max(1, round(picture_scale(*radiance.shape[:2]) / 2))
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    directions = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    distances = np.array(DISTANCES, np.int32) * np.int32(step)
    box, centre = np.ascontiguousarray(box), np.ascontiguousarray(centre)
    return native.blob_surroundings(
        radiance, box, centre, directions, distances, clip=clip_light, threads=threads
    )
