"""Convolutions on strips of rows: the same numbers, a fraction of the memory."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["in_strips"]

STRIP_PX = 1_000_000  # pixels of a strip's result: 64 channels of them are 0.25 GB


def in_strips(
    network: Callable[..., Tensor], *maps: Tensor, reach: int, scale: int = 1, px: int = STRIP_PX
) -> Tensor:
    """What a network of convolutions makes of maps, from strips that overlap by its reach.

    Parameters
    ----------
    network : callable
        Of as many maps as are given; pads with zeros, enlarges by `scale`.
    *maps : (N, C, h, w)
        All of one height.
    reach : int
        Rows of the maps that a row of the result depends on, above and below.
    scale : int
        Rows of the result for each row of the maps.
    px : int
        Pixels of the result that are made at once.

    Returns
    -------
    (N, C, scale h, scale w)
    """
    rows, cols = maps[0].shape[-2:]
    height = max(1, px // (scale * scale * cols))
    if height >= rows:
        return network(*maps)
    strips = []
    for top in range(0, rows, height):
        start, end = max(0, top - reach), min(rows, top + height + reach)
        strip = network(*(each[..., start:end, :] for each in maps))
        offset = scale * (top - start)
        strips.append(strip[..., offset : offset + scale * height, :])
    return torch.cat(strips, dim=-2)
