"""The defocus network with a signed output: what our renderer trains, and what it renders from.

The same network as the published one but for its last convolution, which says how far from focus a
pixel lies, in shares of the picture's long side, and on which side.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from d2f.arrays import ByteImage, FloatImage
from d2f.errors import PhotoError, UsageError

from .model import D2F2023
from .trained import read_weights

__all__ = [
    "LARGEST_SHARE",
    "SignedHallucination",
    "load_hallucination",
    "radius_and_nearness",
    "signed_network",
]

LARGEST_SHARE = 0.05  # of the long side: EBB! at f/1.8 hardly goes beyond 0.045
NEARER = 0.5  # nearness from which a pixel counts as nearer
SIDE_STEP_PX = 64  # the network's sides, as the published inference rounds them
WEIGHTS, CONFIG = "weights.safetensors", "config.json"
RENDERER = "d2f"


def signed_network(*, width: int, blocks: Sequence[int]) -> D2F2023:
    """A D2F2023 whose defocus network answers two questions: how far, and on which side."""
    network = D2F2023(width=width, blocks=blocks)
    head = network.midas.scratch.output_conv
    last = head.get_submodule("4")
    assert isinstance(last, torch.nn.Conv2d)
    head[4] = torch.nn.Conv2d(last.in_channels, 2, 1)
    return network


def radius_and_nearness(output: Tensor) -> tuple[Tensor, Tensor]:
    """How far from focus, and how surely on the near side.

    A signed number would have to pass through perfect sharpness to change sides, which no loss on
    pictures lets it do. Apart, the side can be learnt while the radius stays.

    Parameters
    ----------
    output : (B, 2, h, w)
        What the network of `signed_network` gives.

    Returns
    -------
    radius : (B, 1, h, w), 0..0.05
        Of the circle of confusion at f/1.8, as a share of the long side.
    nearness : (B, 1, h, w), 0..1
        1 = nearer than the plane of focus.
    """
    answers = output.sigmoid()
    return LARGEST_SHARE * answers[:, :1], answers[:, 1:]


class SignedHallucination:
    """A trained defocus network; made by `load_hallucination`.

    Attributes
    ----------
    network : D2F2023
    long_side_px : int
        Larger photos are reduced to this before the network halves them, as in training.
    """

    def __init__(self, network: D2F2023, *, long_side_px: int) -> None:
        self.network, self.long_side_px = network.eval(), long_side_px

    def defocus_px(self, photo: ByteImage, *, f_number: float = 1.8) -> FloatImage:
        """Signed radius of the circle of confusion, for `d2f.renderer.blur`.

        Parameters
        ----------
        photo : uint8 (H, W, 3), sRGB
        f_number : float
            The radius falls as the f-number rises.

        Returns
        -------
        defocus_px : float32 (H, W), px
            Positive nearer than the plane of focus.
        """
        rows, columns = photo.shape[:2]
        scale = min(1.0, self.long_side_px / max(rows, columns)) / 2.0
        sides = [
            max(1, round(side * scale / SIDE_STEP_PX)) * SIDE_STEP_PX for side in (columns, rows)
        ]
        small = Image.fromarray(photo).resize((sides[0], sides[1]), Image.Resampling.BILINEAR)
        x = torch.from_numpy(np.asarray(small, np.float32) / np.float32(255)).permute(2, 0, 1)
        with torch.inference_mode():
            radius, nearness = radius_and_nearness(self.network.midas(x[None]))
            share = torch.where(nearness > NEARER, radius, -radius)[0, 0].numpy()
        map_ = Image.fromarray(share).resize((columns, rows), Image.Resampling.BILINEAR)
        factor = np.float32(max(rows, columns) * 1.8 / f_number)
        defocus_px: FloatImage = np.asarray(map_) * factor
        return defocus_px


def load_hallucination(path: Path) -> SignedHallucination:
    """The network of a finished `d2f train hallucination --renderer d2f`.

    Parameters
    ----------
    path : Path
        The run's folder, with weights.safetensors and config.json.

    Raises
    ------
    UsageError
        If the folder holds no trained network, or one of the published renderer.
    PhotoError
        If a file is damaged, or the weights fit another network.
    """
    weights, config = path / WEIGHTS, path / CONFIG
    for file in (weights, config):
        if not file.is_file():
            raise UsageError(
                f"{file} does not exist: give the folder of a d2f train hallucination."
            )
    try:
        told = json.loads(config.read_text(encoding="utf-8"))
        renderer, long_side_px = told["renderer"], int(told["long_side_px"])
        width, blocks = int(told["width"]), [int(count) for count in told["blocks"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PhotoError(f"{config} is no configuration of a training: train anew.") from error
    if renderer != RENDERER:
        raise UsageError(
            f"{path} was trained with the {renderer} renderer, whose defocus has no sign: use its "
            "weights with d2f render --model d2f2023."
        )
    network = signed_network(width=width, blocks=blocks)
    read_weights(network, weights, parts=("midas",))
    return SignedHallucination(network, long_side_px=long_side_px)
