"""Every intermediate array of the published model, by the names of the conformance data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from d2f.models.d2f2023 import D2F2023
from d2f.models.d2f2023.fusion import initial_mask, mask_threshold
from d2f.models.d2f2023.radiance import radiance_weight
from d2f.published.stages import published_stages
from d2f.renderer.paper import RADII, blur, layer_masks, layered_sums

__all__ = ["Arrays", "layered_arrays", "picture_arrays"]

Arrays = dict[str, NDArray[Any]]

FEATURES_SHOWN = {"feat_path1": 4}  # the first channels of a feature map that are kept
FEATURES_SHOWN_ELSE = 8
FEATURES = {
    **{f"feat_layer{k}": f"pretrained.layer{k}" for k in (1, 2, 3, 4)},
    **{f"feat_path{k}": f"scratch.refinenet{k}" for k in (1, 2, 3, 4)},
}


def picture_arrays(model: D2F2023, codes: NDArray[np.uint8]) -> Arrays:
    """Every array of `PICTURE`, without its batch axis.

    Parameters
    ----------
    model : D2F2023
    codes : uint8 (H, W, 3)
        The picture, RGB.

    Raises
    ------
    PhotoError
        If a side is too short.
    """
    image = torch.tensor(codes).permute(2, 0, 1)[None].to(torch.float32) / 255
    image = image.to(next(model.parameters()).dtype)
    features: dict[str, Tensor] = {}
    with _watched(model.midas, features):
        stages = published_stages(model, image)
    masks = layer_masks(stages.defocus)
    blurred = [blur(masks[:, i : i + 1], radius) for i, radius in enumerate(RADII)]
    tensors = {
        **features,
        "net_input": stages.x,
        "defocus": stages.defocus,
        "radiance_sigmoid": stages.radiance_sigmoid,
        "radiance_weight": stages.radiance_weight,
        "layer_mask": masks,
        "layer_mask_blurred": torch.cat(blurred, dim=1),
        "alpha_total": stages.sums.alpha_total,
        "num_sum": stages.sums.num_sum,
        "den_sum": stages.sums.den_sum,
        "bokeh_low": stages.sums.rendered,
        "bokeh_up": stages.bokeh,
        "defocus_up": stages.defocus_up,
        "mask_threshold": mask_threshold(stages.defocus_up).reshape(1),
        "initial_mask": initial_mask(stages.defocus_up),
        "refined_raw": stages.mask_raw,
        "output": stages.output,
        "output_u8": (stages.output * 255).round().permute(0, 2, 3, 1),
    }
    return {name: tensor[0].numpy() for name, tensor in tensors.items()}


@contextmanager
def _watched(midas: nn.Module, features: dict[str, Tensor]) -> Iterator[None]:
    """Keep the first channels of what the trunk's stages and the decoder's blocks give."""

    def keep(name: str) -> Any:  # a hook of torch
        count = FEATURES_SHOWN.get(name, FEATURES_SHOWN_ELSE)

        def hook(_module: nn.Module, _given: Any, result: Tensor) -> None:
            features[name] = result[:, :count].clone()

        return hook

    hooks = [
        midas.get_submodule(module).register_forward_hook(keep(name))
        for name, module in FEATURES.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def layered_arrays(x: Tensor, defocus: Tensor, sigmoid: Tensor) -> Arrays:
    """The arrays of a layered case: the highlight rule and the renderer, without networks.

    Parameters
    ----------
    x : (1, 3, h, w), 0..1
    defocus, sigmoid : (1, 1, h, w)
        D and s.
    """
    weight = radiance_weight(x, sigmoid)
    sums = layered_sums(x, weight, defocus)
    tensors = {
        "radiance_weight": weight,
        "alpha_total": sums.alpha_total,
        "num_sum": sums.num_sum,
        "den_sum": sums.den_sum,
        "output": sums.rendered,
    }
    return {name: tensor[0].numpy() for name, tensor in tensors.items()}
