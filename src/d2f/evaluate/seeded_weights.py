"""Weights that anyone can make again from a rule: no trained weight is needed to check a path.

In: a state key and its shape. Out: the tensor that the conformance data was computed with, drawn
for each key on its own. The pictures look meaningless on purpose; every branch is taken.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SEED", "seeded_state", "seeded_tensor"]

SEED = 20230604
CENTRED = ("midas.scratch.", "blend.")  # whose filters lose their mean
# After the rule, so that D, s and the raw mask take all of their ranges: factor and shift.
CORRECTIONS = {
    "midas.scratch.output_conv.4.weight": (0.0102, 0.0),
    "midas.scratch.output_conv.4.bias": (1.0, 0.3),
    "radiance.conv3.weight": (3.0, 0.0),
    "blend.conv2.4.weight": (4.0, 0.0),
    "blend.conv2.4.bias": (1.0, 0.75),
}


def seeded_state(shapes: Mapping[str, Sequence[int]], *, seed: int = SEED) -> dict[str, Any]:
    """Each key's tensor, as numpy arrays of float32 (int64 for the counters)."""
    return {key: seeded_tensor(key, tuple(shape), seed=seed) for key, shape in shapes.items()}


def seeded_tensor(key: str, shape: tuple[int, ...], *, seed: int = SEED) -> NDArray[Any]:
    """The tensor of a key: standard normal numbers, scaled by what the key is.

    Parameters
    ----------
    key : str
        State key, ASCII.
    shape : tuple of int
    seed : int
        Added to the CRC-32 of the key.

    Returns
    -------
    float32 array; int64 zero for `num_batches_tracked`
    """
    if key.endswith(".num_batches_tracked"):
        return np.zeros(shape, np.int64)
    draw = np.random.RandomState((zlib.crc32(key.encode("ascii")) + seed) % 2**32)
    value = _scaled(key, draw.standard_normal(shape))
    factor, shift = CORRECTIONS.get(key, (1.0, 0.0))
    return np.asarray(value * factor + shift, np.float32)


def _scaled(key: str, n: NDArray[np.float64]) -> NDArray[np.float64]:
    if key.endswith(".running_mean"):
        return 0.1 * n
    if key.endswith(".running_var"):
        return np.asarray(np.exp(0.2 * n))
    if key.endswith(".bias"):
        return 0.05 * n
    if n.ndim == 1:
        return (0.5 if ".bn3." in key else 1.0) * (1 + 0.1 * n)
    if key.startswith(CENTRED):
        n = n - n.mean(axis=(1, 2, 3), keepdims=True)
    return np.asarray(n * np.sqrt(2 / np.prod(n.shape[1:])))
