"""Earlier networks: one as a start, several as teachers of depth for photos that have none.

Self-training: what the networks see in a photo at three sizes and mirrored is averaged, which errs
less than any of them; the human-drawn outline of the subject then puts its edge where it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from d2f.arrays import ByteImage, FloatImage, resized
from d2f.errors import MissingPartError, PhotoError
from d2f.models.compact import CompactModel, network_photo, relative_disparity
from d2f.train.data import MaskPhoto
from d2f.train.install import gives_maps
from d2f.train.network import CompactNetwork

__all__ = ["labelled", "start_from"]

TEACHER_SIDES_PX = (256, 320, 384)  # long sides: depth is best at the first two, edges at the last
SOFT_RIM_SHARE = 0.016  # of the long side: how far a network's step lies from the true outline
WAY_OUT = "give compact.onnx of an earlier `d2f train compact`"


def start_from(network: CompactNetwork, start: Path) -> None:
    """Fill a network with the weights of an exported one; what that one lacks stays as it is.

    Raises
    ------
    PhotoError
        If ``start`` cannot be read as such a network.
    """
    try:
        graph = onnx.load(start).graph
    except Exception as error:  # protobuf and onnx share no base
        raise PhotoError(f"{start} cannot be read as ONNX: {WAY_OUT}.") from error
    stored = {
        tensor.name.removesuffix("_half"): numpy_helper.to_array(tensor).astype(np.float32)
        for tensor in graph.initializer
    }
    found = [name for name in network.state_dict() if name in stored]
    if not found:
        raise PhotoError(f"{start} holds none of the network's weights: {WAY_OUT}.")
    with torch.no_grad():
        for name in found:
            weights, ours = torch.from_numpy(stored[name].copy()), network.state_dict()[name]
            if weights.shape[1:] != ours.shape[1:] or len(weights) > len(ours):
                raise PhotoError(f"{start} holds another network ({name}): {WAY_OUT}.")
            ours[: len(weights)] = weights


def labelled(masks: Sequence[MaskPhoto], teachers: Sequence[Path]) -> tuple[MaskPhoto, ...]:
    """The photos with the disparity that the teachers see in them, 0.001..1.

    Raises
    ------
    PhotoError
        If a teacher cannot be read as an exported network.
    """
    models = [teacher_of(teacher) for teacher in teachers]

    def seen(model: CompactModel, photo: ByteImage, side_px: int, flip: int) -> FloatImage:
        small = np.asarray(network_photo(photo, long_side_px=side_px), np.float32)
        batch = np.ascontiguousarray(small.transpose(2, 0, 1)[None, :, :, ::flip]) / np.float32(255)
        disparity = model.run(batch)[0]
        return resized(np.ascontiguousarray(disparity[0, :, ::flip]), photo.shape[:2])

    def label(item: MaskPhoto) -> MaskPhoto:
        looks = product(models, (item.photo,), TEACHER_SIDES_PX, (1, -1))
        views = [seen(*look) for look in looks]
        mean = np.stack([relative_disparity(view) for view in views]).mean(0)
        label = np.maximum(steep_at_outline(mean, item.mask > 0), np.float32(0.001))
        return replace(item, disparity=label.astype(np.float16))

    return tuple(label(item) for item in masks)


def teacher_of(file: Path) -> CompactModel:
    """The network of a file, once it has seen a photo."""
    try:
        model = CompactModel.from_bytes(file.read_bytes())
    except (OSError, MissingPartError) as error:
        raise PhotoError(f"{file} cannot be read as a network of ours: {WAY_OUT}.") from error
    if not gives_maps(model):
        raise PhotoError(f"{file} gives no maps of a photo, or damaged ones: {WAY_OUT}.")
    return model


def steep_at_outline(disparity: FloatImage, mask: NDArray[np.bool_]) -> FloatImage:
    """The map (H x W) with its soft rim along the mask's outline refilled from either side."""
    rim = max(2, round(SOFT_RIM_SHARE * max(mask.shape)))
    inside = torch.from_numpy(mask.astype(np.float32))[None, None]
    values = torch.from_numpy(disparity)[None, None]
    near, far = (refilled(values, side, rim) for side in (inside, 1.0 - inside))
    filled: FloatImage = torch.where(inside > 0, near, far).numpy()[0, 0]
    return filled


def refilled(values: Tensor, side: Tensor, rim: int) -> Tensor:
    """Values of one side (1 x 1 x H x W), its outer ``rim`` pixels replaced by those behind."""
    known = 1.0 - functional.max_pool2d(1.0 - side, 2 * rim + 1, 1, rim)
    if not bool(known.any()):
        return values
    filled = values * known
    for _ in range(2 * rim):
        weight = functional.avg_pool2d(known, 3, 1, 1)
        around = functional.avg_pool2d(filled, 3, 1, 1) / weight.clamp_min(1e-6)
        filled = torch.where(known > 0, filled, around * (weight > 0))
        known = (weight > 0).float()
    return torch.where(known > 0, filled, values)
