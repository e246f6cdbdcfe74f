"""The compiled kernels of light, each with its twin in `reference`.

Arrays must be C-contiguous and of the types told; the room's other modules see to that. `threads`
0 uses every core, and the result is the same for any number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import d2f._native as _native

from ..arrays import CodeImage, FloatImage

__all__ = [
    "blob_surroundings",
    "codes_from_light",
    "codes_with_grain",
    "find_blobs",
    "light_from_codes",
]

BlobTables = tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]


def light_from_codes(codes: CodeImage, table: FloatImage, *, threads: int = 0) -> FloatImage:
    """Linear light of a file's codes by a tone curve's table.

    Parameters
    ----------
    codes : uint8, uint16 or float32, any shape
        Floats are codes where 1 is white; above it they follow the table's slope there, NaN and
        what is below 0 count as 0.
    table : float32 (65536,)
        Light at even steps of the codes 0..1.
    threads : int

    Returns
    -------
    light : float32, same shape, at most 65 504
    """
    light = np.empty(codes.shape, np.float32)
    _native.light_from_codes(codes.reshape(-1), table, light.reshape(-1), threads=threads)
    return light


def codes_from_light(
    light: FloatImage,
    inverse: FloatImage,
    *,
    dtype: np.dtype[np.generic],
    slope: float,
    threads: int = 0,
) -> CodeImage:
    """Codes of linear light by the inverse of a tone curve.

    Parameters
    ----------
    light : float32, any shape, 1 = white
    inverse : float32 (32769,)
        Code 0..1 of the light (k / 32768) squared.
    dtype : uint8, uint16 or float32
        Integer codes clip at white.
    slope : float
        Light per code at white, which float codes follow above it.
    threads : int

    Returns
    -------
    codes : dtype, same shape
    """
    codes = np.empty(light.shape, dtype)
    _native.codes_from_light(
        light.reshape(-1), inverse, codes.reshape(-1), slope=slope, threads=threads
    )
    return codes


def codes_with_grain(
    light: FloatImage,
    defocus_px: FloatImage,
    inverse: FloatImage,
    sigma: FloatImage,
    taps: FloatImage,
    *,
    dtype: np.dtype[np.generic],
    slope: float,
    seed: int,
    threads: int = 0,
) -> CodeImage:
    """Codes of linear light, with grain where blur took it away.

    Parameters
    ----------
    light : float32 (H, W, 3), 1 = white
    defocus_px : float32 (H, W), px
        Radius of the blur.
    inverse : float32 (32769,)
        Code 0..1 of the light (k / 32768) squared.
    sigma : float32 (256,)
        Standard deviation of the grain at the luma codes k / 255; 1 = white.
    taps : float32 (3,)
        Centre, first and second tap of the filter that softens white noise; squares of all five
        sum to 1.
    dtype : uint8, uint16 or float32
        Integer codes are dithered by up to half a code.
    slope : float
        Light per code at white, which float codes follow above it.
    seed : int, below 2^32
    threads : int

    Returns
    -------
    codes : dtype, as light
    """
    codes = np.empty(light.shape, dtype)
    _native.codes_with_grain(
        light, defocus_px, inverse, sigma, taps, codes, slope=slope, seed=seed, threads=threads
    )
    return codes


def find_blobs(
    radiance: FloatImage, *, clip: float, min_area: int, max_area: int, threads: int = 0
) -> BlobTables:
    """Connected groups (8 neighbours) of pixels whose largest channel reaches `clip`.

    Parameters
    ----------
    radiance : float32 (H, W, 3)
    clip : float, light
    min_area, max_area : int, px
        Smaller and larger groups are left out.
    threads : int

    Returns
    -------
    boxes : int32 (N, 5), px
        Left, top, right, bottom (one past the last pixel) and area, in reading order.
    sums : float64 (N, 6)
        Over each blob's pixels: x, y, light of the three channels; then the largest value of a
        pixel's darkest channel.
    runs : int32 (M, 4)
        Row, first column, one past the last column, blob, in reading order.
    """
    boxes, sums, runs = _native.find_blobs(
        radiance, clip=clip, min_area=min_area, max_area=max_area, threads=threads
    )
    return boxes, sums, runs


def blob_surroundings(
    radiance: FloatImage,
    boxes: NDArray[np.int32],
    centres: FloatImage,
    directions: FloatImage,
    distances: NDArray[np.int32],
    *,
    clip: float,
    threads: int = 0,
) -> tuple[FloatImage, FloatImage]:
    """Light at growing distances outside each blob.

    From the centre a ray runs in each direction to the last clipped pixel within the blob's box,
    and on from there; beyond the picture's border the border goes on.

    Parameters
    ----------
    radiance : float32 (H, W, 3)
    boxes : int32 (N, 4), px
    centres : float32 (N, 2), x and y in px
    directions : float32 (D, 2), unit vectors
        An even number of them.
    distances : int32 (K,), px
    clip : float, light
    threads : int

    Returns
    -------
    medians, means : float32 (N, K, 3), over the directions
    """
    medians = np.empty((len(boxes), len(distances), 3), np.float32)
    means = np.empty_like(medians)
    _native.blob_surroundings(
        radiance,
        boxes,
        centres,
        directions,
        distances,
        medians,
        means,
        clip=clip,
        threads=threads,
    )
    return medians, means
