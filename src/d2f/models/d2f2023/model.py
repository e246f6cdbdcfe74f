"""The three networks of the published model under one roof, by the published state keys."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from d2f.errors import UsageError

from .decoder import DefocusNetwork
from .fusion import FusionNetwork
from .radiance import RadianceNetwork, radiance_weight

__all__ = ["D2F2023", "NARROW"]

WIDTH = 64  # ResNeXt-50 32x4d
BLOCKS = (3, 4, 6, 3)
NARROW: dict[str, Any] = {"width": 8, "blocks": (1, 1, 1, 1)}  # for tests and small trainings


class D2F2023(nn.Module):
    """Stage 1 is `midas` (defocus) and `radiance`, stage 2 is `blend` (fusion).

    Parameters
    ----------
    width : int
        Base width of the trunk, even. Everything of the defocus network scales with it.
    blocks : four int
        Blocks of the trunk's stages.

    Raises
    ------
    UsageError
        If there is no network of that width or those blocks.
    """

    def __init__(self, *, width: int = WIDTH, blocks: Sequence[int] = BLOCKS) -> None:
        super().__init__()
        if width < 2 or width % 2:
            raise UsageError(f"width {width}: give an even number from 2, published is {WIDTH}.")
        if len(blocks) != 4 or min(blocks) < 1:
            raise UsageError(f"blocks {tuple(blocks)}: give four numbers from 1, e.g. {BLOCKS}.")
        self.midas = DefocusNetwork(width=width, blocks=blocks)
        self.radiance = RadianceNetwork()
        self.blend = FusionNetwork()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Stage 1: x, N x 3 x h x w in 0..1, to D, N x 1 x h x w, and R, N x 3 x h x w.

        The sides of x are multiples of 32 (the published ones are multiples of 64).
        """
        return self.midas(x), radiance_weight(x, self.radiance(x))
