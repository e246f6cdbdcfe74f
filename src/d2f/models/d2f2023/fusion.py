"""Deep Poisson fusion: m, by how much each pixel of the picture stays as it was.

The network sees the defocus map and the luma, at full size, through a window of 9 x 9 pixels; it
never sees the bokeh. Training is held to Poisson's gradients; nothing is solved at inference.
"""

import torch
from torch import Tensor, nn

__all__ = ["FusionNetwork", "initial_mask", "mask_threshold"]

LUMA = (0.299, 0.587, 0.114)  # of display codes, ITU-R BT.601
THRESHOLD = 1 / 8  # t: share of the range of D, or D itself, below which a pixel is in focus
REACH_PX = 4  # of the four 3x3 convolutions together


class FusionNetwork(nn.Module):
    """The raw mask, not yet held to 0..1: four 3x3 convolutions of 1 - D and the luma."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(2, 64, 3, 1, 1), nn.ReLU(inplace=True))
        self.conv2 = nn.Sequential(
            nn.Conv2d(64, 16, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 16, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 1, 3, 1, 1),
        )

    def forward(self, image: Tensor, defocus: Tensor) -> Tensor:
        """I, N x 3 x H x W in 0..1, and D at its size, N x 1 x H x W, to the raw mask."""
        red, green, blue = torch.split(image, 1, dim=1)
        luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
        out: Tensor = self.conv2(self.conv1(torch.cat((1 - defocus, luma), dim=1)))
        return out


def mask_threshold(defocus: Tensor) -> Tensor:
    """thr: an eighth of the range of D above its least value, or 1/8 where that lies below 1/8.

    Parameters
    ----------
    defocus : (N, 1, H, W)
        D at the picture's size.

    Returns
    -------
    (N, 1, 1, 1)
    """
    low = defocus.amin(dim=(1, 2, 3), keepdim=True)
    high = defocus.amax(dim=(1, 2, 3), keepdim=True)
    above = (high - low) * THRESHOLD + low
    return torch.where(low >= THRESHOLD, above, torch.full_like(low, THRESHOLD))


def initial_mask(defocus: Tensor) -> Tensor:
    """M0, (N, 1, H, W), 1 where D lies below `mask_threshold`, else 0: in focus or not.

    The published inference computes it and does not use it; training pulls the mask towards it.
    """
    return (defocus < mask_threshold(defocus)).to(defocus.dtype)
