"""Radiance virtualization: R, by how much each pixel weighs in a disc of confusion.

Away from highlights R is a learned scalar s of the pixel's colour alone; on a highlight it is
3 x^5 of each channel, whatever the network says, and no gradient reaches the network there.
"""

import torch
from torch import Tensor, nn

__all__ = ["RadianceNetwork", "radiance_weight"]

HIDDEN = 16
HIGHLIGHT = 0.99  # a pixel is a highlight where any channel of x reaches this
GAIN = 3.0
EXPONENT = 5


class RadianceNetwork(nn.Module):
    """s: three 1x1 convolutions and a logistic sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, HIDDEN, 1)
        self.conv2 = nn.Conv2d(HIDDEN, HIDDEN, 1)
        self.conv3 = nn.Conv2d(HIDDEN, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x, N x 3 x h x w in 0..1, to s, N x 1 x h x w in 0..1."""
        hidden = self.conv2(self.conv1(x).relu()).relu()
        return torch.sigmoid(self.conv3(hidden))


def radiance_weight(x: Tensor, s: Tensor) -> Tensor:
    """R = s (1 - H) + 3 x^5 H, with H = 1 where any channel of x is at least 0.99.

    Parameters
    ----------
    x : (N, 3, h, w), 0..1
        The picture at the network's size, display codes.
    s : (N, 1, h, w), 0..1
        The radiance network's answer to it.

    Returns
    -------
    (N, 3, h, w), 0..3
    """
    highlight = (x >= HIGHLIGHT).any(dim=1, keepdim=True)
    return torch.where(highlight, GAIN * x**EXPONENT, s)
