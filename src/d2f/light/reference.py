"""What the kernels of light compute, written to be read: the definition, slow and plain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..arrays import CodeImage, FloatImage
from ..optics.luminance import BT601_LUMA

__all__ = [
    "blob_surroundings",
    "codes_from_light",
    "codes_with_grain",
    "find_blobs",
    "light_from_codes",
]

BlobTables = tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]
ONE, HALF = np.float32(1), np.float32(0.5)
PI = np.float32(np.pi)
DITHER = np.float32(1023 / 1024)  # less than half a code, so that unblurred codes stay
LARGEST_LIGHT = np.float32(65504)  # the largest half float


def light_from_codes(codes: CodeImage, table: FloatImage, *, threads: int = 0) -> FloatImage:
    """Twin of `native.light_from_codes`; floats agree to rounding."""
    if codes.dtype == np.uint8:
        return table[::257][codes]
    if codes.dtype == np.uint16:
        return table[codes]
    known = np.where(codes > 0, codes, 0)  # NaN fails the comparison
    slope = (table[-1] - table[-257]) * np.float32((len(table) - 1) / 256)
    within = np.interp(known, np.linspace(0, 1, len(table)), table).astype(np.float32)
    light: FloatImage = within + np.maximum(known - ONE, 0) * slope
    return np.minimum(light, LARGEST_LIGHT).astype(np.float32)


def codes_from_light(
    light: FloatImage,
    inverse: FloatImage,
    *,
    dtype: np.dtype[np.generic],
    slope: float,
    threads: int = 0,
) -> CodeImage:
    """Twin of `native.codes_from_light`, bit for bit."""
    codes = _encoded(light, inverse)
    if dtype == np.float32:
        extended: CodeImage = codes + np.maximum(light - ONE, 0) / np.float32(slope)
        return extended
    largest = 255 if dtype == np.uint8 else 65535
    rounded: CodeImage = np.rint(codes * np.float32(largest)).astype(dtype)
    return rounded


def _encoded(light: FloatImage, inverse: FloatImage) -> FloatImage:
    """Codes 0..1 of light clipped to 0..1."""
    last = len(inverse) - 1
    position = np.sqrt(np.clip(light, 0, 1)) * np.float32(last)
    below = np.minimum(position.astype(np.int32), last - 1)
    low = inverse[below]
    codes: FloatImage = low + (inverse[below + 1] - low) * (position - below.astype(np.float32))
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
    """Twin of `native.codes_with_grain`, bit for bit."""
    codes = _encoded(light, inverse)
    r, g, b = (k * codes[..., c] for c, k in enumerate(BT601_LUMA))
    level = np.minimum((r + g + b) * np.float32(255) + HALF, 255).astype(np.int32)
    lost = ONE - ONE / np.maximum(PI * defocus_px * defocus_px, ONE)
    noise = _softened(_white(_hashes(level, seed, margin=2)), taps)
    noise = (noise * (sigma[level] * np.sqrt(lost)))[..., None]
    if dtype == np.float32:
        above = np.maximum(light - ONE, 0) / np.float32(slope)
        floats: CodeImage = np.maximum(codes + above + noise, 0)
        return floats
    largest = np.float32(255 if dtype == np.uint8 else 65535)
    hashes = _hashes(level, seed, margin=0)
    evenly = ((hashes * np.uint32(0xC2B2AE35)) >> np.uint32(9)).astype(np.float32)
    dither = (((evenly + HALF) * np.float32(2.0**-23) - HALF) * DITHER)[..., None]
    rounded: CodeImage = np.rint(np.clip(codes * largest + (noise * largest + dither), 0, largest))
    return rounded.astype(dtype)


def _scrambled(h: NDArray[np.uint32]) -> NDArray[np.uint32]:
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x735A2D97)
    return h ^ (h >> np.uint32(15))


def _hashes(like: NDArray[np.int32], seed: int, *, margin: int) -> NDArray[np.uint32]:
    """A number per pixel that tells nothing of its neighbours'."""
    y, x = (np.arange(-margin, n + margin).astype(np.uint32) for n in like.shape)
    keys = _scrambled(y + np.uint32(seed))
    return _scrambled(x * np.uint32(0x9E3779B1) + keys[:, None])


def _white(hashes: NDArray[np.uint32]) -> FloatImage:
    """White noise, nearly normal: the sum of a hash's four bytes."""
    total = sum((hashes >> np.uint32(shift)) & np.uint32(255) for shift in (0, 8, 16, 24))
    return (np.asarray(total, np.int32) - 510).astype(np.float32) * (ONE / np.float32(147.80054))


def _softened(white: FloatImage, taps: FloatImage) -> FloatImage:
    """Five taps along each axis; what they reach beyond the picture is given and cut off."""
    for _ in range(2):
        a, b, c, d, e = (white[k : len(white) - 4 + k] for k in range(5))
        white = (taps[0] * c + taps[1] * (b + d) + taps[2] * (a + e)).T
    return white


def find_blobs(
    radiance: FloatImage, *, clip: float, min_area: int, max_area: int, threads: int = 0
) -> BlobTables:
    """Twin of `native.find_blobs`: a flood fill in reading order; sums agree to rounding."""
    inside = _clipped(radiance, clip)
    labels = np.full(inside.shape, -1, np.int32)
    boxes: list[list[int]] = []
    sums: list[list[float]] = []
    for start in zip(*np.nonzero(inside), strict=True):
        if not inside[start]:
            continue
        y, x = _flooded(inside, (int(start[0]), int(start[1])))
        if not min_area <= len(y) <= max_area:
            continue
        labels[y, x] = len(boxes)
        boxes.append([x.min(), y.min(), x.max() + 1, y.max() + 1, len(y)])
        light = radiance[y, x].astype(np.float64)
        sums.append([x.sum(), y.sum(), *light.sum(axis=0), light.min(axis=1).max()])
    tables = np.array(boxes, np.int32).reshape(-1, 5), np.array(sums, np.float64).reshape(-1, 6)
    return *tables, _runs_of_labels(labels)


def _clipped(radiance: FloatImage, clip: float) -> NDArray[np.bool_]:
    clipped: NDArray[np.bool_] = radiance.max(axis=-1) >= np.float32(clip)
    return clipped


def _flooded(
    inside: NDArray[np.bool_], start: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the group that a pixel is in, which is taken out of the mask."""
    inside[start], front, members = False, [start], []
    while front:
        y, x = front.pop()
        members.append((y, x))
        top, left = max(y - 1, 0), max(x - 1, 0)
        for dy, dx in np.argwhere(inside[top : y + 2, left : x + 2]):
            near = int(top + dy), int(left + dx)
            inside[near] = False
            front.append(near)
    rows, cols = np.array(members, np.intp).T
    return rows, cols


def _runs_of_labels(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Row, first column, one past the last column and label of each run of a label above -1."""
    runs = []
    for row, line in enumerate(labels):
        ends = np.flatnonzero(np.diff(line, prepend=-1, append=-1))
        for begin, end in pairwise(ends):
            if line[begin] >= 0:
                runs.append([row, begin, end, line[begin]])
    return np.array(runs, np.int32).reshape(-1, 4)


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
    """Twin of `native.blob_surroundings`: medians to the bit, means to rounding."""
    rows, cols = radiance.shape[:2]
    inside = _clipped(radiance, clip)
    found = np.empty((len(boxes), len(distances), len(directions), 3), np.float32)
    for b, k in np.ndindex(len(boxes), len(directions)):
        last = _last_inside(inside, boxes[b], centres[b], directions[k])
        for j, distance in enumerate(distances):
            x, y = _pixel_on_ray(centres[b], directions[k], last + int(distance))
            found[b, j, k] = radiance[np.clip(y, 0, rows - 1), np.clip(x, 0, cols - 1)]
    return np.median(found, axis=2), found.mean(axis=2)


def _pixel_on_ray(centre: FloatImage, direction: FloatImage, step: int) -> tuple[int, int]:
    x, y = np.floor(centre + np.float32(step) * direction + HALF)
    return int(x), int(y)


def _last_inside(
    inside: NDArray[np.bool_], box: NDArray[np.int32], centre: FloatImage, direction: FloatImage
) -> int:
    """Steps along a ray to the last clipped pixel before it leaves the box; -1 if there is none."""
    left, top, right, bottom = box
    last, step = -1, 0
    while True:
        x, y = _pixel_on_ray(centre, direction, step)
        if not (left <= x < right and top <= y < bottom):
            return last
        last = step if inside[y, x] else last
        step += 1
