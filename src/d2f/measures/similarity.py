"""How like two pictures are: PSNR, and SSIM with each of the windows in use.

In: two pictures H x W x C of one value range. Out: one figure. The SSIM of different windows differ
on the same pictures by hundredths, so each is named by its window wherever it is told.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from d2f.errors import UsageError

__all__ = ["Window", "psnr", "ssim"]

Window = Literal["uniform", "gaussian", "gaussian_mirrored"]
K1, K2 = 0.01, 0.03  # Wang et al. 2004, section III.C
UNIFORM_SIDE_PX = 7  # scikit-image's default
GAUSSIAN_SIDE_PX, GAUSSIAN_SIGMA_PX = 11, 1.5  # Wang et al. 2004
DoubleImage = NDArray[np.float64]


def psnr(output: NDArray[np.floating], target: NDArray[np.floating], *, peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio in dB over all samples; inf for equal pictures.

    Parameters
    ----------
    output, target : float (H, W, C)
    peak : float
        What counts as the largest value.

    Raises
    ------
    UsageError
        If the shapes differ.
    """
    _check_shapes(output, target)
    error = float(np.mean(np.square(output.astype(np.float64) - target.astype(np.float64))))
    if error == 0:
        return float("inf")
    with np.errstate(divide="ignore"):  # a black output has the peak 0 where it sets the peak
        return float(20 * np.log10(peak) - 10 * np.log10(error))


def ssim(
    output: NDArray[np.floating],
    target: NDArray[np.floating],
    *,
    window: Window,
    value_range: float = 1.0,
) -> float:
    """Structural similarity, the mean over channels and over all windows.

    Parameters
    ----------
    output, target : float (H, W, C)
        At least as high and wide as the window.
    window : "uniform", "gaussian" or "gaussian_mirrored"
        uniform: 7 x 7 of equal weights with sample covariance (N - 1), windows that fit the
        picture, as scikit-image's `structural_similarity` by default. gaussian: 11 x 11, sigma
        1.5, with the weights' own covariance, windows that fit, as MATLAB and torchmetrics below
        1.5. gaussian_mirrored: also windows around border pixels, the picture mirrored there
        without repeating its border, as torchmetrics since 1.5.
    value_range : float
        Largest minus smallest possible value.

    Raises
    ------
    UsageError
        If the shapes differ, or the picture is smaller than the window.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli 2004, equation 13.
    """
    _check_shapes(output, target)
    weights, correction = _window(window)
    if min(output.shape[:2]) < weights.size:
        raise UsageError(
            f"a picture of {output.shape[1]} x {output.shape[0]} px is smaller than SSIM's window "
            f"of {weights.size} px: give larger ones."
        )
    if window == "gaussian_mirrored":
        reach = weights.size // 2
        border = ((reach, reach), (reach, reach), (0, 0))
        output, target = (np.pad(side, border, mode="reflect") for side in (output, target))
    c1, c2 = (K1 * value_range) ** 2, (K2 * value_range) ** 2
    means = [
        _channel_ssim(
            output[..., channel].astype(np.float64),
            target[..., channel].astype(np.float64),
            weights,
            correction,
            (c1, c2),
        )
        for channel in range(output.shape[2])
    ]
    return float(np.mean(means))


def _check_shapes(output: NDArray[np.floating], target: NDArray[np.floating]) -> None:
    if output.shape != target.shape or output.ndim != 3:
        raise UsageError(
            f"pictures of shapes {output.shape} and {target.shape} cannot be compared: "
            "both must be H x W x C."
        )


def _window(window: Window) -> tuple[DoubleImage, float]:
    """Weights along one axis, sum 1, and what the covariance is multiplied with."""
    if window == "uniform":
        count = UNIFORM_SIDE_PX**2
        return np.full(UNIFORM_SIDE_PX, 1 / UNIFORM_SIDE_PX), count / (count - 1)
    offsets = np.arange(GAUSSIAN_SIDE_PX) - GAUSSIAN_SIDE_PX // 2
    weights = np.exp(-0.5 * np.square(offsets / GAUSSIAN_SIGMA_PX))
    return weights / weights.sum(), 1.0


def _channel_ssim(
    x: DoubleImage,
    y: DoubleImage,
    weights: DoubleImage,
    correction: float,
    constants: tuple[float, float],
) -> float:
    c1, c2 = constants
    mean_x, mean_y = _averaged(x, weights), _averaged(y, weights)
    variance_x = correction * (_averaged(x * x, weights) - mean_x * mean_x)
    variance_y = correction * (_averaged(y * y, weights) - mean_y * mean_y)
    covariance = correction * (_averaged(x * y, weights) - mean_x * mean_y)
    luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return float(np.mean(luminance * structure))


def _averaged(image: DoubleImage, weights: DoubleImage) -> DoubleImage:
    """Weighted means over every window that fits, (H - n + 1, W - n + 1)."""
    rows, columns = (length - weights.size + 1 for length in image.shape)
    across = sum(weight * image[:, i : i + columns] for i, weight in enumerate(weights))
    down: DoubleImage = sum(weight * across[i : i + rows] for i, weight in enumerate(weights))
    return down
