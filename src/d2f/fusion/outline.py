"""Hair: how much of each pixel along the subject's outline is the subject, told by its colour.

The defocus map is sure of a pixel's side only some of its samples away from an outline. There, the
colours of both sides are known, and between them a linear function of colour tells them apart
(Fisher's discriminant). Where it does so well, it tells the coverage of the pixels between; where
it does not, the outline of the map stays. The renderer takes the rest from there: see
`renderer.blur`, whose matte this is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import optics
from ..arrays import ByteImage, FloatImage
from ..checks import check_map, check_photo, check_threads
from ..errors import UsageError
from . import native

__all__ = ["SoftOutline", "soft_outline"]

Bools = NDArray[np.bool_]
Places = tuple[NDArray[np.intp], NDArray[np.intp]]

FINEST_PX = 2.0  # a map of finer samples knows its outlines; nor is there room for hair
MOST_CELLS = 256  # along the long side
POINTS = 4  # of a cell, in each direction, are looked at
IN_FOCUS_PX = 1.0  # of the circle of confusion: what can be the subject
FAR_PX, FAR_SHARE = 2.0, 0.2  # blur from which it is the background: in px, and of a sample
SIDE_SIGMA = 1.5  # cells: over which the side of a pixel is not sure
COLOUR_SIGMA = 1.6  # cells: from how far away a side's colours are taken
SURE_NEAR, SURE_FAR = 0.85, 0.03  # of the blurred map: samples that are surely of one side
LEAVING_FAR, REACHING_NEAR = (SURE_FAR, 0.1), (0.7, SURE_NEAR)  # where colours begin to count
LEAST_WEIGHT = 0.004  # of a side's samples within reach
NOISE = 3.0  # deviation of tones on each side, at least
CHROMA_NOISE = 6.0  # and of their differences, which JPEG keeps in blocks
SEPARATE = (6.0, 10.0)  # squared distance of the two sides in deviations: from none to all
MISTAKEN = (0.15, 0.35)  # share of the sure samples that look like the other side: likewise
STRAY = 16.0  # squared deviations of a point that is neither side nor a mixture
STRAYING = (0.15, 0.4)  # share of a cell's points that are: likewise
ENDS = (2.0, 0.03, 0.45)  # deviations of a side that count as that side; at least, at most
CHANNELS = 3
TINY = np.float32(1e-6)
# Tones, 0..255, by sRGB code. Light mixes linearly, but eyes and noise do not tell it linearly.
TONES = optics.light_from_codes(np.arange(256, dtype=np.uint8), optics.SRGB) ** np.float32(1 / 1.5)
TONES *= np.float32(255)
# Added to covariances.
UNSURENESS = (
    NOISE**2 * np.eye(CHANNELS) + CHROMA_NOISE**2 * (np.eye(CHANNELS) - 1 / CHANNELS)
).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftOutline:
    """What the colours along an outline say.

    Attributes
    ----------
    matte : float32 (H, W), 0..1
        Share of the subject where it lies between 0 and 1; else the pixel is of one surface.
    defocus_px : float32 (H, W), px
        The map with its outline moved to where the colours change; soft pixels have the subject's.
    """

    matte: FloatImage
    defocus_px: FloatImage


def soft_outline(
    photo_srgb: ByteImage, defocus_px: FloatImage, *, sample_px: float, threads: int = 0
) -> SoftOutline | None:
    """Find the hair, fur and fine leaves that stand out from a subject in focus.

    Parameters
    ----------
    photo_srgb : uint8 (H, W, 3)
    defocus_px : float32 (H, W), px, finite
        Signed radius of the circle of confusion, + nearer than the plane of focus.
    sample_px : float, px
        Side of a sample of the map that the defocus was made of.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    SoftOutline or None
        None where nothing is to be told: no outline between focus and blur, colours that do not
        differ there, or a map of finer samples than 2 px.

    Raises
    ------
    UsageError
        If the photo, the map or the number of threads is none, or the sizes differ.
    """
    check_photo(photo_srgb)
    check_map("defocus_px", defocus_px)
    check_threads(threads)
    if defocus_px.shape != photo_srgb.shape[:2]:
        raise UsageError(
            f"defocus_px has shape {defocus_px.shape}, the photo {photo_srgb.shape}: resize the "
            "map first, and scale its values with it."
        )
    if not FINEST_PX <= sample_px < np.inf:
        return None
    sample_px = max(sample_px, max(defocus_px.shape) / MOST_CELLS)
    rows, cols = (max(round(length / sample_px), 1) for length in defocus_px.shape)
    defocus_px = defocus_px.astype(np.float32, copy=False)
    points = _points(photo_srgb, defocus_px, (rows, cols))
    if not np.isfinite(points[1]).all():
        raise UsageError("defocus_px holds NaN or infinity: replace them first.")
    far_px = max(FAR_PX, FAR_SHARE * sample_px)
    cells = _cells(*points, far_px)
    if cells is None:
        return None
    photo, defocus = np.ascontiguousarray(photo_srgb), np.ascontiguousarray(defocus_px)
    matte, moved = native.apply_outline(photo, TONES, defocus, cells, threads=threads)
    return SoftOutline(matte=matte, defocus_px=moved)


def _points(
    photo_srgb: ByteImage, defocus_px: FloatImage, size: tuple[int, int]
) -> tuple[FloatImage, FloatImage]:
    """Tones (rows, cols, 16, 3) and defocus (rows, cols, 16) of some pixels of each cell."""
    at = [
        ((np.arange(POINTS * cells) + 0.5) * length / (POINTS * cells)).astype(np.intp)
        for cells, length in zip(size, defocus_px.shape, strict=True)
    ]
    place = np.ix_(*at)

    def by_cell(values: NDArray[np.generic]) -> FloatImage:
        split = values.reshape(size[0], POINTS, size[1], POINTS, -1).swapaxes(1, 2)
        return split.reshape(*size, POINTS * POINTS, -1).astype(np.float32)

    return by_cell(TONES[photo_srgb[place]]), by_cell(defocus_px[place])[..., 0]


def _cells(tones: FloatImage, defocus_px: FloatImage, far_px: float) -> FloatImage | None:
    """What `apply_outline` takes, or None where no cell tells anything."""
    nearness = _blurred((defocus_px > -IN_FOCUS_PX).mean(axis=2, keepdims=True), SIDE_SIGMA)[..., 0]
    unsure = (nearness > SURE_FAR) & (nearness < SURE_NEAR)
    if not unsure.any():
        return None
    beside = _blurred(unsure.astype(np.float32)[..., None], COLOUR_SIGMA)[..., 0] > 0
    sure_near, sure_far = beside & (nearness >= SURE_NEAR), beside & (nearness <= SURE_FAR)
    near = _Side(tones, defocus_px, (np.abs(defocus_px) < IN_FOCUS_PX) & sure_near[..., None])
    far = _Side(tones, defocus_px, (defocus_px < -far_px) & sure_far[..., None])
    rows, cols = np.nonzero((near.weight > LEAST_WEIGHT) & (far.weight > LEAST_WEIGHT))
    told = rows, cols
    if not rows.size:
        return None
    slope, offset, separation, inverse = _discriminant(near, far, told)
    cover = np.clip(np.einsum("npc,nc->np", tones[told], slope) + offset[:, None], 0, 1)
    likeness = np.zeros(nearness.shape, np.float32)
    likeness[told] = cover.mean(axis=1)
    mistaken = far.share_of(likeness)[told] + near.share_of(1 - likeness)[told]
    mixed = far.mean[told][:, None] + cover[..., None] * (near.mean - far.mean)[told][:, None]
    aside = tones[told] - mixed
    stray = np.einsum("npc,ncd,npd->np", aside, inverse, aside) > STRAY
    trust = _step(separation, *SEPARATE) * (1 - _step(mistaken, *MISTAKEN))
    trust *= 1 - _step(stray.mean(axis=1), *STRAYING)
    trust *= _step(nearness[told], *LEAVING_FAR) * (1 - _step(nearness[told], *REACHING_NEAR))
    if not trust.any():
        return None
    values = (*slope.T, offset, near.defocus_px[told], far.defocus_px[told], np.ones_like(trust))
    cells = np.zeros((*nearness.shape, len(values)), np.float32)
    cells[told] = (trust * np.stack(values)).T
    return cells


def _discriminant(
    near: _Side, far: _Side, told: Places
) -> tuple[FloatImage, FloatImage, FloatImage, FloatImage]:
    """Coverage as a linear function of tones: slopes (n, 3) and offsets (n,) of some cells.

    Then the squared distance (n,) of the two sides' means, in deviations, and the inverse (n, 3, 3)
    of the covariance that counts them.
    """
    difference = near.mean[told] - far.mean[told]
    covariance = near.covariance[told] + far.covariance[told] + UNSURENESS
    inverse = np.linalg.inv(covariance)
    slope = np.einsum("ncd,nd->nc", inverse, difference)
    separation = np.maximum((slope * difference).sum(axis=1), TINY)
    slope /= separation[:, None]  # now 1 from mean to mean
    low, high = (
        np.clip(ENDS[0] * side.deviation_along(slope, told), *ENDS[1:]) for side in (far, near)
    )
    room = 1 - high - low
    slope /= room[:, None]
    offset = -(slope * far.mean[told]).sum(axis=1) - low / room
    return slope, offset, separation, inverse


class _Side:
    """Colours and defocus around each cell, of those points that surely lie on one side."""

    def __init__(self, tones: FloatImage, defocus_px: FloatImage, chosen: Bools) -> None:
        at = np.nonzero(chosen.any(axis=2))
        count, seen = chosen[at].astype(np.float32)[..., None], tones[at]
        pairs = (seen[..., :, None] * seen[..., None, :]).reshape(*seen.shape[:2], CHANNELS**2)
        each = np.concatenate(
            [count, count * seen, count * pairs, count * defocus_px[at][..., None]], axis=2
        )
        sums = np.zeros((*chosen.shape[:2], each.shape[2]), np.float32)
        sums[at] = each.mean(axis=1)
        self._sure = sums[..., 0]
        around = _blurred(sums, COLOUR_SIGMA)
        self.weight = around[..., 0]
        around /= np.maximum(self.weight, TINY)[..., None]
        self.mean = around[..., 1:4]
        squares = around[..., 4:13].reshape(*self.weight.shape, CHANNELS, CHANNELS)
        self.covariance = squares - self.mean[..., :, None] * self.mean[..., None, :]
        self.defocus_px = around[..., 13]

    def deviation_along(self, slope: FloatImage, at: Places) -> FloatImage:
        """Standard deviation of slope . colour at some cells."""
        variance = np.einsum("nc,ncd,nd->n", slope, self.covariance[at], slope)
        deviation: FloatImage = np.sqrt(np.maximum(variance, 0))
        return deviation

    def share_of(self, values: FloatImage) -> FloatImage:
        """Mean of a map (rows, cols) over the sure cells around."""
        share: FloatImage = _blurred((self._sure * values)[..., None], COLOUR_SIGMA)[..., 0]
        share /= np.maximum(self.weight, TINY)
        return share


def _step(values: FloatImage, low: float, high: float) -> FloatImage:
    """0 up to low, 1 from high, a smooth step between."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    step: FloatImage = t * t * (3 - 2 * t)
    return step


def _blurred(values: NDArray[np.floating], sigma: float) -> FloatImage:
    """Planes (rows, cols, n) after a Gaussian; the border is repeated."""
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    blurred: FloatImage = values.astype(np.float32)
    for _ in range(2):  # down, then along
        padded = np.pad(blurred, ((reach, reach), (0, 0), (0, 0)), mode="edge")
        blurred = np.zeros_like(blurred)
        for step, weight in enumerate(weights):
            blurred += weight * padded[step : step + len(blurred)]
        blurred = blurred.swapaxes(0, 1)
    return blurred
