"""LPIPS with AlexNet, from weights that the user has: how differently a network sees two pictures.

In: two pictures H x W x 3, sRGB codes 0..1. Out: one figure, 0 for equal pictures. No weights come
with d2f; the figure is only worth telling with those of the official package.

Zhang, Isola, Efros, Shechtman, Wang, "The unreasonable effectiveness of deep features as a
perceptual metric", CVPR 2018, equation 1.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from d2f.arrays import FloatImage
from d2f.errors import PhotoError
from d2f.evaluate.pairs.networks import torch_installed

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Lpips"]

# The official package's input scaling, for pictures in -1..1.
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
# AlexNet's convolutions as the official package numbers them: key, stride, padding, pool before.
LAYERS = (
    ("net.slice1.0", 4, 2, False),
    ("net.slice2.3", 1, 2, True),
    ("net.slice3.6", 1, 1, True),
    ("net.slice4.8", 1, 1, False),
    ("net.slice5.10", 1, 1, False),
)
SHAPES = ((64, 3, 11, 11), (192, 64, 5, 5), (384, 192, 3, 3), (256, 384, 3, 3), (256, 256, 3, 3))
TINY = 1e-10  # added to a feature's length before it is divided by it
HOW = "save it with torch.save(lpips.LPIPS(net='alex').state_dict(), FILE)"


class Lpips:
    """The figure with loaded weights; call it with two pictures."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self._state = state

    @classmethod
    def load(cls, path: Path) -> Self:
        """Weights from the state of the official package's `LPIPS(net='alex')`; tensors only.

        Raises
        ------
        PhotoError
            If the file holds no such state.
        MissingPartError
            If torch is missing.
        """
        with torch_installed():
            import torch
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except OSError as error:
            raise PhotoError(f"{path} cannot be read: {error.strerror or error}.") from None
        except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError):
            raise PhotoError(f"{path} holds no weights of LPIPS: {HOW}.") from None
        for index, ((key, *_), shape) in enumerate(zip(LAYERS, SHAPES, strict=True)):
            wanted = {
                f"{key}.weight": shape,
                f"{key}.bias": shape[:1],
                f"lin{index}.model.1.weight": (1, shape[0], 1, 1),
            }
            for name, size in wanted.items():
                found = state.get(name) if isinstance(state, dict) else None
                if found is None or tuple(found.shape) != size:
                    raise PhotoError(f"{path} has no {name} of shape {size}: {HOW}.")
        return cls(state)

    def __call__(self, output: FloatImage, target: FloatImage) -> float:
        """The distance of two pictures, float32 (H, W, 3), 0..1, at least 63 x 63 px."""
        import torch

        with torch.inference_mode():
            sides = [self._features(picture) for picture in (output, target)]
            total = 0.0
            for index, (a, b) in enumerate(zip(*sides, strict=True)):
                weight = self._state[f"lin{index}.model.1.weight"]
                total += float((weight * (a - b) ** 2).sum(dim=1).mean())
        return total

    def _features(self, picture: FloatImage) -> list[Tensor]:
        """The five layers' features, each pixel's of length 1."""
        import torch
        from torch.nn.functional import conv2d, max_pool2d, relu

        shift, scale = np.array(SHIFT, np.float32), np.array(SCALE, np.float32)
        scaled = (2 * picture - 1 - shift) / scale
        value = torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32))
        features = []
        for key, stride, padding, pooled in LAYERS:
            if pooled:
                value = max_pool2d(value, 3, stride=2)
            weight, bias = self._state[f"{key}.weight"], self._state[f"{key}.bias"]
            value = relu(conv2d(value, weight, bias, stride=stride, padding=padding))
            features.append(value / (value.square().sum(dim=1, keepdim=True).sqrt() + TINY))
        return features
