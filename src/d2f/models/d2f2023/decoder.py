"""The defocus network: the trunk, and a decoder that brings its four sizes together.

After MiDaS v2 (Ranftl et al., TPAMI 2022), with one output channel and no activation.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from .strips import in_strips
from .trunk import EXPANSION, Trunk

__all__ = ["DefocusNetwork", "FusionBlock", "ResidualUnit"]

HEAD_REACH = 2  # rows of P1 that a row of D sees: one of a convolution, half of each step after


class ResidualUnit(nn.Module):
    """RCU(v) = r + conv2(ReLU(conv1(r))) with r = ReLU(v).

    The skip carries the *rectified* input: the published unit rectifies in place, and so what it
    adds is no longer v. A textbook unit, which adds v, gives other pictures with these weights.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, 1, 1)
        self.conv2 = nn.Conv2d(features, features, 3, 1, 1)

    def forward(self, v: Tensor) -> Tensor:
        """N x C x h x w to the same shape."""
        r = v.relu()
        out: Tensor = r + self.conv2(self.conv1(r).relu())
        return out


class FusionBlock(nn.Module):
    """Pk = BL1x2(RCU2(P(k+1) + RCU1(Ek))); the coarsest has no P(k+1) and skips RCU1."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.resConfUnit1 = ResidualUnit(features)  # never used in refinenet4, yet in its state
        self.resConfUnit2 = ResidualUnit(features)

    def forward(self, e: Tensor, coarser: Tensor | None = None) -> Tensor:
        """Ek and P(k+1), both N x C x h x w, to Pk at twice that size."""
        v = e if coarser is None else coarser + self.resConfUnit1(e)
        return interpolate(
            self.resConfUnit2(v), scale_factor=2, mode="bilinear", align_corners=True
        )


class Scratch(nn.Module):
    """What is trained from scratch: everything after the trunk, by the published keys."""

    def __init__(self, *, width: int, features: int) -> None:
        super().__init__()
        for k in range(4):
            channels = EXPANSION * width * 2**k
            self.add_module(f"layer{k + 1}_rn", nn.Conv2d(channels, features, 3, 1, 1, bias=False))
        for k in (4, 3, 2, 1):
            self.add_module(f"refinenet{k}", FusionBlock(features))
        self.output_conv = nn.Sequential(
            nn.Conv2d(features, features // 2, 3, 1, 1),  # no activation follows
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.Conv2d(features // 2, features // 8, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(features // 8, 1, 1),
        )

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """L1 .. L4 to D."""
        path: Tensor | None = None
        for k in (4, 3, 2, 1):
            e = self.get_submodule(f"layer{k}_rn")(stages[k - 1])
            path = self.get_submodule(f"refinenet{k}")(e, path)
        assert path is not None
        if torch.is_grad_enabled():
            out: Tensor = self.output_conv(path)
            return out
        return in_strips(self.output_conv, path, reach=HEAD_REACH, scale=2)


class DefocusNetwork(nn.Module):
    """Defocus hallucination: D = midas(x), with no mean or deviation taken from x.

    Parameters
    ----------
    width : int
        Base width, even; the decoder has four times as many features. 64 is the published one.
    blocks : four int
        Blocks of the trunk's stages.
    """

    def __init__(self, *, width: int, blocks: Sequence[int]) -> None:
        super().__init__()
        self.pretrained = Trunk(width=width, blocks=blocks)
        self.scratch = Scratch(width=width, features=4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """x, N x 3 x h x w in 0..1, sides multiples of 32, to D, N x 1 x h x w, unbounded."""
        out: Tensor = self.scratch(self.pretrained(x))
        return out
