"""The published renderer: weighted layered rendering with soft disk kernels.

The paper's symbols: x the picture in display codes; D its defocus, unsigned, 0 sharp to 1 most
blurred; R the radiance weight of each channel; M_i the mask of layer i and m_i its blurred form; S
coverage and T light gathered so far. N x C x h x w throughout, differentiable, any float type.

Unlike `layered.py` it knows no sign of defocus, no hidden surface and no aperture: radii are fixed
numbers of pixels. It stands here to be compared with, to the letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ..arrays import FloatImage
from ..errors import UsageError

__all__ = [
    "RADII",
    "LayeredSums",
    "blur",
    "layer_masks",
    "layered_rendering",
    "layered_sums",
    "soft_disk",
]

RADII = (0, 1, 2, 3, 5, 7, 9, 11, 13, 16, 19, 22, 26, 30, 34)  # r_i in pixels; layer 0 stays sharp
INTERVAL = 1 / (len(RADII) - 1)  # q: from one layer's D to the next one's
SHARPNESS = 100.0  # slope of the masks' edges
SMALLEST_SUM = 1e-10  # added to each divisor

# From this radius on a transform beats the sum over taps (benchmarks/published.py); sums in float64
# have no fast way.
SMALLEST_FFT_RADIUS = {torch.float32: 16, torch.float64: 2}
# Transforms are right to about 1e-15 of the largest value, sums to 1e-7 of each value. Where every
# pixel has its own mask in some layer the divisors are large enough for both.
COVERED = 0.5

Method = Literal["auto", "fft", "direct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredSums:
    """What has been gathered when the last layer is laid down.

    alpha_total : (N, 1, h, w)
        S, the coverage.
    num_sum, den_sum : (N, 3, h, w)
        T of the weighted picture x R, and T of the weight R, before their division by S.
    """

    alpha_total: Tensor
    num_sum: Tensor
    den_sum: Tensor

    @property
    def rendered(self) -> Tensor:
        """B = F(x R) / F(R), with F = T / S; (N, 3, h, w), not held to 0..1."""
        coverage = self.alpha_total + SMALLEST_SUM
        return (self.num_sum / coverage) / (self.den_sum / coverage + SMALLEST_SUM)


@cache
def soft_disk(radius: int) -> FloatImage:
    """The soft disk kernel of a radius, (2r + 1, 2r + 1) float32, sum 1.

    0.5 + 0.5 tanh(0.25 (r^2 - a^2 - b^2) + 0.5) at offset (a, b): soft in squared distance, cut
    off flat at the four ends of its axes. Normalised in float64 and then stored as float32.
    """
    offset = np.arange(-radius, radius + 1, dtype=np.float64)
    squared = offset[:, None] ** 2 + offset[None, :] ** 2
    kernel = 0.5 + 0.5 * np.tanh(0.25 * (radius**2 - squared) + 0.5)
    normalised: FloatImage = (kernel / kernel.sum()).astype(np.float32)
    normalised.flags.writeable = False  # it is kept, and everybody gets the same one
    return normalised


def layer_masks(defocus: Tensor, *, sharpness: float = SHARPNESS) -> Tensor:
    """M_i = 0.5 + 0.5 tanh(100 (q - |D - i q|)), a top-hat of half-width q about each layer.

    Neighbouring layers overlap by half: a pixel between two of them is fully in both.

    Parameters
    ----------
    defocus : (N, 1, h, w)
        D.
    sharpness : float
        The slope 100; a smaller one spreads the gradient in training.

    Returns
    -------
    (N, 15, h, w), 0..1
    """
    centres = torch.arange(len(RADII), dtype=defocus.dtype, device=defocus.device) * INTERVAL
    distance = (defocus - centres.view(1, -1, 1, 1)).abs()
    return 0.5 + 0.5 * torch.tanh(sharpness * (INTERVAL - distance))


def blur(image: Tensor, radius: int, *, method: Method = "auto") -> Tensor:
    """Each channel of an image, (N, C, h, w), correlated with the soft disk of a radius.

    Borders are mirrored without repeating the outermost pixel.

    Parameters
    ----------
    image : (N, C, h, w)
        Sides larger than the radius.
    radius : int
        In pixels; 0 returns the image.
    method : "auto", "fft" or "direct"
        Sum over the kernel's taps, or the same by transform in float64; auto takes the faster.
    """
    if radius == 0:
        return image
    mirrored = pad(image, (radius,) * 4, mode="reflect")
    kernel = torch.tensor(soft_disk(radius), device=image.device)
    fft_from = {"auto": SMALLEST_FFT_RADIUS.get(image.dtype, 1), "fft": 1, "direct": radius + 1}
    if radius < fft_from[method]:
        channels = image.shape[1]
        kernels = kernel.to(image.dtype).expand(channels, 1, -1, -1)
        return conv2d(mirrored, kernels, groups=channels)
    return _correlate_by_fft(mirrored, kernel).to(image.dtype)


def _correlate_by_fft(mirrored: Tensor, kernel: Tensor) -> Tensor:
    """Where the kernel lies wholly within the image; it is symmetric, so order does not matter."""
    side = kernel.shape[-1]
    rows, cols = mirrored.shape[-2:]
    size = (_fast_length(rows), _fast_length(cols))
    spectrum = torch.fft.rfft2(mirrored.double(), s=size)
    spectrum = spectrum * torch.fft.rfft2(kernel.double(), s=size)
    whole: Tensor = torch.fft.irfft2(spectrum, s=size)
    return whole[..., side - 1 : rows, side - 1 : cols]


@cache
def _fast_length(length: int) -> int:
    """The next length whose prime factors are 2, 3 and 5."""
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1


def layered_sums(
    image: Tensor,
    radiance_weight: Tensor,
    defocus: Tensor,
    *,
    sharpness: float = SHARPNESS,
    method: Method = "auto",
) -> LayeredSums:
    """S and T of all layers, from the strongest blur to the sharpest, which lies on top.

    Parameters
    ----------
    image, radiance_weight : (N, 3, h, w)
        x and R.
    defocus : (N, 1, h, w)
        D. Where it leaves -0.16 .. 1.16 no layer holds the pixel, and it turns black.
    sharpness : float
        Slope of the masks' edges.
    method : "auto", "fft" or "direct"
        How discs are blurred; auto takes transforms where they are as exact.

    Raises
    ------
    UsageError
        If shapes do not fit, or a side has not more pixels than the largest radius.
    """
    _check(image, radiance_weight, defocus)
    masks = layer_masks(defocus, sharpness=sharpness)
    if method == "auto" and float(masks.detach().sum(dim=1).min()) < COVERED:
        method = "direct"
    weighted = torch.cat((torch.ones_like(defocus), image * radiance_weight, radiance_weight), 1)
    sums = torch.zeros_like(weighted)
    for i in reversed(range(len(RADII))):
        layer = _blurred_layer(masks[:, i : i + 1], weighted, RADII[i], method)
        if layer is not None:
            sums = sums * (1 - layer[:, :1]) + layer
    return LayeredSums(alpha_total=sums[:, :1], num_sum=sums[:, 1:4], den_sum=sums[:, 4:])


def _blurred_layer(mask: Tensor, weighted: Tensor, radius: int, method: Method) -> Tensor | None:
    """m_i and a_i; only the box is blurred that the layer reaches. None where it has nothing."""
    held = (mask.detach() != 0).any(dim=1).any(dim=0)
    rows, cols = held.any(dim=1).nonzero(), held.any(dim=0).nonzero()
    if not len(rows):
        return None
    (top, bottom), (left, right) = ((int(kept[0]), int(kept[-1]) + 1) for kept in (rows, cols))
    height, width = held.shape
    margin = 2 * radius  # what lies within one radius of the box is reached, and needs one more
    y0, y1 = max(0, top - margin), min(height, bottom + margin)
    x0, x1 = max(0, left - margin), min(width, right + margin)
    box = mask[..., y0:y1, x0:x1] * weighted[..., y0:y1, x0:x1]
    return pad(blur(box, radius, method=method), (x0, width - x1, y0, height - y1))


def layered_rendering(
    image: Tensor,
    radiance_weight: Tensor,
    defocus: Tensor,
    *,
    sharpness: float = SHARPNESS,
    method: Method = "auto",
) -> Tensor:
    """B = F(x R) / F(R), (N, 3, h, w): the bokeh at the network's size; see `layered_sums`."""
    return layered_sums(
        image, radiance_weight, defocus, sharpness=sharpness, method=method
    ).rendered


def _check(image: Tensor, radiance_weight: Tensor, defocus: Tensor) -> None:
    count, _, rows, cols = image.shape
    if image.shape != radiance_weight.shape or defocus.shape != (count, 1, rows, cols):
        raise UsageError(
            f"image {tuple(image.shape)}, radiance_weight {tuple(radiance_weight.shape)} and "
            f"defocus {tuple(defocus.shape)} do not fit: give N x 3, N x 3 and N x 1 of one size."
        )
    if min(rows, cols) <= RADII[-1]:
        raise UsageError(
            f"the picture has {cols} x {rows} pixels: sides need more than {RADII[-1]}."
        )
