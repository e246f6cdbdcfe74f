"""What the kernels of the scene compute, written to be read: the definition, slow and plain.

How a small disparity map gets the photo's edges, in four steps:

1. `two_sides`: the small map alone says where it steps, and from which value to which.
2. `side_votes`: a joint bilateral filter asks whether a pixel looks like the near or the far
   samples around it (Kopf et al. 2007); samples that mix both sides count little.
3. `vote_planes`: within a window the votes are a linear function of colour, as good as (He et al.
   2013); this adapts to the local contrast, and outvotes what noise and texture said.
4. `enlarge_by_side`: the sign of that function takes one side for each pixel. Both sides are
   smooth surfaces, so that nothing steps but where the side changes, and nothing lies between.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..arrays import ByteImage, FloatImage

__all__ = [
    "absorb_small_regions",
    "area_reduce",
    "enlarge_by_side",
    "side_votes",
    "two_sides",
    "vote_planes",
]

Indices = NDArray[np.int64]
Doubles = NDArray[np.float64]

REACH = 2  # samples to each side that tell the sides' values
BELL_REACH = 5.0  # of the weights by distance: nearly even over the window
SURENESS_FLOOR = np.float32(0.02)  # a sample halfway between the sides still counts this much
KEEP = np.float32(0.3)  # of the range: how far a side may lie off its end
SLOPE_REACH = 3  # samples around a step that must be flatter
STEEP = np.float32(0.5)  # of the largest gradient: what is as steep as the step
SLOPE_SHARE, STEP_SHARE = np.float32(0.9), np.float32(0.7)  # steep share of a slope, of a step
VOTE_SCALE = 1024
DOUBTFUL, PER_SURE = np.float32(0.3), np.float32(5)  # votes of .3 leave a faint step, .5 take it
ONE, TWO, HALF, TINY = np.float32(1), np.float32(2), np.float32(0.5), np.float32(1e-30)


def area_reduce(photo_srgb: ByteImage, *, rows: int, cols: int, threads: int = 0) -> ByteImage:
    """Twin of `native.area_reduce`; may differ by a code at ties of the rounding."""
    height, width = photo_srgb.shape[:2]
    tall = np.einsum("yp,pxc->yxc", _shares(height, rows), photo_srgb.astype(np.float64))
    small = np.einsum("xp,ypc->yxc", _shares(width, cols), tall)
    reduced: ByteImage = np.minimum(np.floor(small + 0.5), 255).astype(np.uint8)
    return reduced


def _shares(pixels: int, cells: int) -> Doubles:
    """Share of each cell that each pixel fills, cells x pixels."""
    begin = np.arange(cells)[:, None] * pixels / cells
    end = np.arange(1, cells + 1)[:, None] * pixels / cells
    at = np.arange(pixels)[None]
    overlap = np.clip(np.minimum(at + 1, end) - np.maximum(at, begin), 0, 1)
    shares: Doubles = overlap * (cells / pixels)
    return shares


def two_sides(
    disparity: FloatImage, *, band_step: float, faint_step: float, threads: int = 0
) -> FloatImage:
    """Twin of `native.two_sides`, bit for bit."""
    windows = _windows(disparity, REACH)
    low, high = windows.min((2, 3)), windows.max((2, 3))
    off = TWO * ((disparity - low) / np.maximum(high - low, np.float32(1e-6))) - ONE
    middle, sureness = HALF * (low + high), off * off + SURENESS_FLOOR
    room = KEEP * (high - low)
    near, far = _mean_beyond(disparity, sureness, middle)
    near, far = np.maximum(near, high - room), np.minimum(far, low + room)
    stepping = high > low
    return np.stack(
        [
            np.where(stepping, near, disparity),
            np.where(stepping, far, disparity),
            *_steps(disparity, band_step, faint_step),
            middle,
            sureness,
        ]
    )


def _windows(values: FloatImage, reach: int) -> FloatImage:
    size = 2 * reach + 1
    padded = np.pad(values, reach, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size))


def _mean_beyond(
    disparity: FloatImage, sureness: FloatImage, middle: FloatImage
) -> tuple[FloatImage, FloatImage]:
    """Weighted means of the samples above and below each window's middle."""
    values, sure = _windows(disparity, REACH), _windows(sureness, REACH)
    bell = ((1 - (np.arange(-REACH, REACH + 1) / BELL_REACH) ** 2) ** 2).astype(np.float32)
    weights, sums = np.zeros((2, 2, *disparity.shape), np.float32)
    for down, along in np.ndindex(values.shape[2:]):
        value, weight = values[..., down, along], bell[down] * bell[along] * sure[..., down, along]
        for side, on_side in enumerate((value > middle, value <= middle)):
            weights[side] += weight * on_side
            sums[side] += weight * value * on_side
    near, far = sums / np.maximum(weights, TINY)
    return near, far


def _steps(disparity: FloatImage, *steps: float) -> Iterator[FloatImage]:
    """How much of each step there is: high, and not part of a slope that goes on around it."""
    windows = _windows(disparity, 1)
    extent = windows.max((2, 3)) - windows.min((2, 3))
    gradient = np.maximum(_change(disparity), _change(disparity.T).T)
    steepest = _windows(gradient, 1).max((2, 3))
    steep = _windows(gradient, SLOPE_REACH) > (STEEP * steepest)[..., None, None]
    share = steep.sum((2, 3)).astype(np.float32) / np.float32((2 * SLOPE_REACH + 1) ** 2)
    flat = np.clip((SLOPE_SHARE - share) / (SLOPE_SHARE - STEP_SHARE), 0, 1)
    for step in steps:
        yield np.clip(TWO * extent / np.float32(max(step, 1e-6)) - ONE, 0, 1) * flat


def _change(disparity: FloatImage) -> FloatImage:
    """Difference of the samples above and below, as if columns went on straight at their ends."""
    if len(disparity) == 1:
        return np.zeros_like(disparity)
    before, after = TWO * disparity[:1] - disparity[1:2], TWO * disparity[-1:] - disparity[-2:-1]
    longer = np.concatenate([before, disparity, after])
    change: FloatImage = np.abs(longer[2:] - longer[:-2])
    return change


def _places(pixels: int, samples: int) -> Doubles:
    """Where the centres of pixels lie among samples that cover the same ground."""
    places: Doubles = (np.arange(pixels) + 0.5) * samples / pixels - 0.5
    return places


def _taps(pixels: int, samples: int) -> Iterator[tuple[Indices, FloatImage]]:
    """The three samples around each pixel's nearest one, with their weights by distance."""
    places = _places(pixels, samples)
    nearest = np.clip(np.rint(places).astype(np.int64), 0, samples - 1)
    for step in (-1, 0, 1):
        off = (nearest + step - places) / 2.0
        bell = np.maximum(1.0 - off * off, 0.0)
        yield np.clip(nearest + step, 0, samples - 1), (bell * bell).astype(np.float32)


def side_votes(
    disparity: FloatImage,
    sides: FloatImage,
    guide_srgb: FloatImage,
    photo_srgb: ByteImage,
    *,
    colour_sigma: float,
    threads: int = 0,
) -> FloatImage:
    """Twin of `native.side_votes`, bit for bit."""
    height, width = photo_srgb.shape[:2]
    row_taps, col_taps = (
        list(_taps(*axis)) for axis in zip((height, width), disparity.shape, strict=True)
    )
    sureness = sides[5]
    middle = sides[4][np.ix_(row_taps[1][0], col_taps[1][0])]
    photo, guide = photo_srgb.astype(np.float32), guide_srgb * np.float32(255)
    sigma = np.float32(colour_sigma)
    per_colour = ONE / (np.float32(4) * sigma * sigma)
    near, far = np.zeros((2, height, width), np.float32)
    for rows, row_weight in row_taps:
        for cols, col_weight in col_taps:
            tap = np.ix_(rows, cols)
            red, green, blue = np.moveaxis(photo - guide[tap], 2, 0)
            tail = ONE + (red * red + green * green + blue * blue) * per_colour
            weight = row_weight[:, None] * col_weight * sureness[tap] / (tail * tail)
            near += weight * (disparity[tap] > middle)
            far += weight * (disparity[tap] <= middle)
    votes: FloatImage = (near - far) / (near + far + TINY)
    return votes


def vote_planes(
    votes: FloatImage, photo_srgb: ByteImage, *, radius: int, ridge: float, threads: int = 0
) -> FloatImage:
    """Twin of `native.vote_planes`, bit for bit."""
    whole = np.rint(votes * np.float32(VOTE_SCALE)).astype(np.int64)
    red, green, blue = np.moveaxis(photo_srgb.astype(np.int64), 2, 0)

    def mean(values: Indices) -> Doubles:
        return _window_sum(values, radius) * per_count

    per_count = 1.0 / _window_sum(np.ones_like(whole), radius)
    v, r, g, b = mean(whole) / VOTE_SCALE, mean(red), mean(green), mean(blue)
    vr = mean(whole * red) / VOTE_SCALE - v * r
    vg = mean(whole * green) / VOTE_SCALE - v * g
    vb = mean(whole * blue) / VOTE_SCALE - v * b
    rr, rg, rb = (
        mean(red * red) - r * r + ridge,
        mean(red * green) - r * g,
        mean(red * blue) - r * b,
    )
    gg, gb = mean(green * green) - g * g + ridge, mean(green * blue) - g * b
    bb = mean(blue * blue) - b * b + ridge
    crr, crg, crb = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    cgg, cgb, cbb = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    det = rr * crr + rg * crg + rb * crb
    ar = (crr * vr + crg * vg + crb * vb) / det
    ag = (crg * vr + cgg * vg + cgb * vb) / det
    ab = (crb * vr + cgb * vg + cbb * vb) / det
    planes = np.stack([ar, ag, ab, v - (ar * r + ag * g + ab * b)], -1).astype(np.float32)
    return _window_mean(planes, radius)


def _ends(size: int, radius: int) -> tuple[Indices, Indices]:
    """Begin and end of the window around each place; windows end at the border."""
    at = np.arange(size)
    return np.maximum(at - radius, 0), np.minimum(at + radius + 1, size)


def _window_sum(values: Indices, radius: int) -> Indices:
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    (top, bottom), (left, right) = (_ends(size, radius) for size in values.shape)
    sums = sums[bottom] - sums[top]
    windows: Indices = sums[:, right] - sums[:, left]
    return windows


def _window_mean(planes: FloatImage, radius: int) -> FloatImage:
    prefix = np.pad(planes.astype(np.float64), ((0, 0), (1, 0), (0, 0))).cumsum(1)
    begin, end = _ends(planes.shape[1], radius)
    along = ((prefix[:, end] - prefix[:, begin]) / (end - begin)[:, None]).astype(np.float32)
    means = np.zeros_like(planes)
    for row, (begin_row, end_row) in enumerate(zip(*_ends(planes.shape[0], radius), strict=True)):
        for line in along[begin_row:end_row]:
            means[row] += line
        means[row] /= np.float32(end_row - begin_row)
    return means


def _between(pixels: int, samples: int) -> tuple[Indices, Indices, FloatImage]:
    inside = np.clip(_places(pixels, samples), 0, samples - 1)
    below = inside.astype(np.int64)
    return below, np.minimum(below + 1, samples - 1), (inside - below).astype(np.float32)


def _bilinear(values: FloatImage, rows: int, cols: int) -> FloatImage:
    """Straight lines between samples, first down, then along."""
    below, above, fraction = _between(rows, values.shape[0])
    tall = values[below] + (values[above] - values[below]) * fraction[:, None]
    left, right, fraction = _between(cols, values.shape[1])
    enlarged: FloatImage = tall[:, left] + (tall[:, right] - tall[:, left]) * fraction
    return enlarged


def enlarge_by_side(
    disparity: FloatImage,
    sides: FloatImage,
    planes: FloatImage,
    photo_srgb: ByteImage,
    *,
    threads: int = 0,
) -> FloatImage:
    """Twin of `native.enlarge_by_side`, bit for bit."""
    rows, cols = photo_srgb.shape[:2]
    straight = _bilinear(disparity, rows, cols)
    near, far, step, faint = (_bilinear(side, rows, cols) for side in sides[:4])
    photo = photo_srgb.astype(np.float32)
    votes = np.zeros(straight.shape, np.float32)
    for colour in range(3):
        votes += _bilinear(planes[..., colour], rows, cols) * photo[..., colour]
    votes += _bilinear(planes[..., 3], rows, cols)
    sure = np.clip((np.abs(votes) - DOUBTFUL) * PER_SURE, 0, 1)
    side: FloatImage = np.where(votes > 0, near, far)
    enlarged: FloatImage = straight + np.maximum(step, faint * sure) * (side - straight)
    return enlarged


def absorb_small_regions(values: FloatImage, *, step: float, min_area: int) -> FloatImage:
    """Twin of `native.absorb_small_regions`, but for the order of sums."""
    region = _regions(values, step)
    area = np.bincount(region.ravel())
    contacts: dict[tuple[int, int], list[float]] = {}
    for here, there in _neighbours(values.shape):
        a, b = int(region[here]), int(region[there])
        if a != b and area[a] < min_area <= area[b]:
            contacts.setdefault((a, b), []).append(float(values[there]))
    absorbed = values.copy()
    for small in {pair[0] for pair in contacts}:
        met = {b: beside for (a, b), beside in contacts.items() if a == small}
        most = min(met, key=lambda b: (-len(met[b]), b))
        absorbed[region == small] = np.float32(np.mean(met[most]))
    return absorbed


def _regions(values: FloatImage, step: float) -> Indices:
    """Number of each pixel's region, in the order of their first pixels."""
    region = np.full(values.shape, -1, np.int64)
    count = 0
    for start in np.ndindex(*values.shape):
        if region[start] >= 0:
            continue
        region[start], front = count, [start]
        while front:
            here = front.pop()
            for there in _around(here, values.shape):
                if region[there] < 0 and not abs(values[there] - values[here]) > step:
                    region[there] = count
                    front.append(there)
        count += 1
    return region


def _around(here: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    row, col = here
    for there in ((row - 1, col), (row, col - 1), (row, col + 1), (row + 1, col)):
        if 0 <= there[0] < shape[0] and 0 <= there[1] < shape[1]:
            yield there


def _neighbours(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    for here in np.ndindex(*shape):
        for there in _around(here, shape):
            yield here, there
