"""The photo's own grain: measured in the flattest places, put back where blur took it away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import CodeImage, FloatImage
from ..errors import UsageError
from ..optics.luminance import BT601_LUMA
from ..optics.tone_curves import ToneCurve, slope_at_white
from . import native
from .radiance import check_codes, codes_from_radiance

__all__ = ["Grain", "codes_with_grain", "grain_of"]

# Grain is told by one curve, of luma: in the flattest blocks of 12 photos of 0.25 to 20 megapixels
# the colour differences vary by 0 to 0.7 codes of 255 where luma varies by 1 to 5, but for four
# photos where they vary as much; there, too, only luma gets grain, so that nothing speckles.
BLOCK = 16  # px: grain is what a block differs by from a plane
MOST_BLOCKS = 1500
LEVELS = 16  # steps of brightness
LEAST_BLOCKS = 16  # at one brightness
# Texture lies in coarse detail, grain in fine: what the means of 4 x 4 px hold is left out. What
# is left of grain depends on its softness: white noise, then as seen in skies and blur of photos.
COARSE = 4
SOFTNESS, FINE_SHARE = (0.0, 0.55, 0.8), (0.94, 0.86, 0.66)
FLATTEST = 0.15  # of the blocks of one brightness: their noise is not texture
OF_FLATTEST = 1.06  # that quantile of blocks of pure noise lies so much below its deviation
# Where the flattest differ by more than this from the very flattest, they hold texture, too.
VERY_FLATTEST, LARGEST_RATIO = 0.04, 1.3
# From one step of brightness to the next grain rises by no more; what rises more is texture.
STEEPEST, STEEPEST_CODES = 1.15, 0.6 / 255
STRONGEST = 6 / 255  # codes; more, in every flat place, is texture: sand, fur, cloth
# Rounding to integers and the dither before it add this much themselves, in squared codes.
VARIANCE_OF_ROUNDING = 1 / 6
LARGEST_CODE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
SOFTEST = 0.8  # correlation of neighbours that five taps can give
LEAST_VARIANCE = (0.5 / 255) ** 2  # from here the correlation can be told
USUAL_CORRELATION = 0.65  # of JPEG photos; counts only below
SEED = 0x6D2B79F5


@dataclass(frozen=True, slots=True)
class Grain:
    """What a photo's noise looks like.

    Attributes
    ----------
    sigma : tuple of 256 floats
        Standard deviation at the luma codes k / 255, in codes where 1 is white, as it stands in
        the photo less what rounding and dithering add again.
    correlation : float, 0..0.8
        Of neighbouring pixels: 0 is white noise; demosaicing and JPEG soften it to 0.5 and more.
    """

    sigma: tuple[float, ...]
    correlation: float

    def made_smaller(self, times: float) -> Grain:
        """The grain of the same photo whose sides were divided by `times` (1 or more), as means
        over areas make it: weaker, and hardly softer than white noise.
        """
        widths = np.array((np.floor(times), np.floor(times) + 1))
        variance, covariance = (
            float(np.interp(times, widths, both))
            for both in zip(*(_of_means(self.correlation, int(k)) for k in widths), strict=True)
        )
        softness = min(covariance / variance, SOFTEST)
        return Grain(tuple(s * variance for s in self.sigma), softness)


def grain_of(codes: CodeImage) -> Grain:
    """Measure a photo's grain.

    The picture is seen in blocks of 16 x 16 px, at most about 1500 of them. Of the blocks of one
    brightness the flattest tell the noise: what they differ by from a plane.

    Parameters
    ----------
    codes : uint8, uint16 or float32 (H, W, 3)

    Returns
    -------
    grain : Grain
        Without noise where nothing is flat enough to tell, or the photo is smaller than a block.

    Raises
    ------
    UsageError
        If the codes have another type or shape.
    """
    check_codes(codes)
    own = np.sqrt(VARIANCE_OF_ROUNDING) / LARGEST_CODE.get(codes.dtype, np.inf)
    luma, clipped = _blocks(codes)
    level, residual = _without_plane(luma)
    spread, whole = np.sqrt(_fine_variance(residual)), (residual**2).mean(axis=(1, 2))
    steps = np.where(clipped, -1, np.clip(level * LEVELS, 0, LEVELS - 1)).astype(int)
    centres, sigmas, flattest = [0.0], [0.0], []  # clipping takes all noise at black and white
    for step in range(LEVELS):
        here = np.flatnonzero(steps == step)
        if len(here) < LEAST_BLOCKS:
            continue
        least, limit = np.quantile(spread[here], [VERY_FLATTEST, FLATTEST])
        centres.append((step + 0.5) / LEVELS)
        sigmas.append(float(min(limit, LARGEST_RATIO * least)) * OF_FLATTEST)
        flattest.append(here[whole[here] <= np.quantile(whole[here], FLATTEST)])
    flat = residual[np.concatenate(flattest)] if flattest else residual[:0]
    correlation = _correlation(flat, rounding=float(own**2))
    share = np.interp(correlation, SOFTNESS, FINE_SHARE)
    curve = _least_steep(np.array(centres), np.array(sigmas) / np.sqrt(share))
    sigma = np.minimum(np.sqrt(np.maximum(curve**2 - own**2, 0)), STRONGEST)
    return Grain(tuple(float(s) for s in sigma), correlation)


def codes_with_grain(
    radiance: FloatImage,
    defocus_px: FloatImage,
    curve: ToneCurve,
    dtype: np.dtype[np.generic] | type,
    *,
    grain: Grain,
    amount: float,
    threads: int = 0,
) -> CodeImage:
    """Codes of blurred light, with the grain that the blur took away.

    As `codes_from_radiance`; before rounding, noise like the photo's own is added to brightness,
    and integer codes are dithered by up to half a code, so that wide gradients do not band even
    in a photo without noise. A blur of radius r takes noise away as the mean of pi r^2 pixels
    does; below a radius of 0.56 px nothing is added. The photo's own pixels stay, once
    `fusion.keep_in_focus` has put them back.

    Parameters
    ----------
    radiance : float32 (H, W, 3), 1 = white
        After the blur.
    defocus_px : float32 (H, W), px
        Radius of the blur, of either sign.
    curve : ToneCurve
    dtype : uint8, uint16 or float32
        Float codes are not dithered.
    grain : Grain
        Of the photo before the blur.
    amount : float, 0..1
        Scales the noise; 0 is exactly `codes_from_radiance`.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    codes : dtype (H, W, 3)

    Raises
    ------
    UsageError
        If the amount lies outside 0..1, or the arrays do not belong together.
    """
    if not 0 <= amount <= 1:
        raise UsageError(f"grain amount={amount:g} lies outside 0..1.")
    if radiance.ndim != 3 or defocus_px.shape != radiance.shape[:2] or radiance.shape[2] != 3:
        raise UsageError(
            f"radiance has shape {radiance.shape}, defocus_px {defocus_px.shape}: "
            "give (H, W, 3) and (H, W)."
        )
    dtype = np.dtype(dtype)
    sigma = np.array(grain.sigma, np.float32) * np.float32(amount)
    if amount == 0 or (dtype not in LARGEST_CODE and not sigma.any()):
        return codes_from_radiance(radiance, curve, dtype, threads=threads)
    return native.codes_with_grain(
        np.ascontiguousarray(radiance, dtype=np.float32),
        np.ascontiguousarray(defocus_px, dtype=np.float32),
        curve.inverse,
        sigma,
        _taps(grain.correlation),
        dtype=dtype,
        slope=float(slope_at_white(curve)),
        seed=SEED,
        threads=threads,
    )


def _blocks(codes: CodeImage) -> tuple[FloatImage, NDArray[np.bool_]]:
    """Luma 0..1 of blocks on an even grid, (N, 16, 16), and which of them hold black or white."""
    rows, cols = codes.shape[0] // BLOCK, codes.shape[1] // BLOCK
    tiles = codes[: rows * BLOCK, : cols * BLOCK].reshape(rows, BLOCK, cols, BLOCK, 3)
    stride = max(1, round(np.sqrt(rows * cols / MOST_BLOCKS)))
    chosen = tiles[::stride, :, ::stride].transpose(0, 2, 1, 3, 4).reshape(-1, BLOCK, BLOCK, 3)
    white = LARGEST_CODE.get(codes.dtype, 1)
    clipped = (chosen.min(axis=(1, 2, 3), initial=white) <= 0) | (
        chosen.max(axis=(1, 2, 3), initial=0) >= white
    )
    return (chosen @ BT601_LUMA).astype(np.float32) / np.float32(white), clipped


def _without_plane(blocks: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Mean of each block, and its difference from the plane that fits it best."""
    across = np.arange(BLOCK, dtype=np.float32) - np.float32((BLOCK - 1) / 2)
    level = blocks.mean(axis=(1, 2))
    norm = (across**2).sum() * BLOCK
    slope_x, slope_y = (blocks.sum(axis=axis) @ across / norm for axis in (1, 2))
    plane = slope_x[:, None, None] * across + slope_y[:, None, None] * across[:, None]
    return level, blocks - level[:, None, None] - plane


def _fine_variance(residual: FloatImage) -> FloatImage:
    """Variance of what is finer than 4 px, in each block."""
    cells = BLOCK // COARSE
    coarse = residual.reshape(-1, cells, COARSE, cells, COARSE).mean(axis=(2, 4))
    fine = (residual**2).mean(axis=(1, 2)) - (coarse**2).mean(axis=(1, 2))
    variance: FloatImage = np.maximum(fine, 0)
    return variance


def _least_steep(centres: NDArray[np.float64], sigmas: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curve at 256 levels, nowhere rising faster than grain does; 0 at white."""
    levels = np.linspace(0, 1, 256)
    limited = sigmas.copy()
    for order in (range(2, len(centres)), range(len(centres) - 2, 0, -1)):
        for i in order:
            before = i - 1 if order.step > 0 else i + 1
            steps = abs(centres[i] - centres[before]) * LEVELS
            limit = limited[before] * STEEPEST**steps + STEEPEST_CODES * steps
            limited[i] = min(limited[i], limit)
    if len(centres) == 1:
        return np.zeros(256)
    curve: NDArray[np.float64] = np.interp(levels, [*centres, 1.0], [*limited, 0.0])
    return curve


def _correlation(residual: FloatImage, *, rounding: float) -> float:
    """Of neighbouring pixels, both ways, without the white noise of this variance."""
    energy = (residual**2).mean(axis=(1, 2)) - np.float32(rounding)
    noisy = residual[energy > LEAST_VARIANCE]
    if not len(noisy):
        return USUAL_CORRELATION
    across = (noisy[:, :, 1:] * noisy[:, :, :-1]).mean(axis=(1, 2))
    down = (noisy[:, 1:] * noisy[:, :-1]).mean(axis=(1, 2))
    ratio = (across + down) / 2 / energy[energy > LEAST_VARIANCE]
    return float(np.clip(np.median(ratio), 0, SOFTEST))


def _of_means(correlation: float, width: int) -> tuple[float, float]:
    """Variance of grain's means over `width` pixels of a line, and covariance with the next mean.

    Along both axes the variance is the square: hence the deviation of a square's mean.
    """
    middle, first, second = _taps(correlation)
    taps = np.array((second, first, middle, first, second), np.float64)
    means = np.convolve(taps, np.full(width, 1 / width))
    return float(means @ means), float(means[width:] @ means[:-width])


def _taps(correlation: float) -> FloatImage:
    """Centre, first and second tap of the Gaussian that softens white noise to a correlation."""
    first = np.linspace(0, 0.9, 901)
    second = first**4
    energy = 1 + 2 * first**2 + 2 * second**2
    t = np.interp(correlation, (2 * first + 2 * first * second) / energy, first)
    taps: FloatImage = np.array((1, t, t**4), np.float32)
    taps /= np.sqrt(1 + 2 * (taps[1:] ** 2).sum())
    return taps
