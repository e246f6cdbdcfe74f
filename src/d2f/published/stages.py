"""The way of a whole picture through the published D2F model: stage by stage, to the letter.

The paper's symbols: I the picture in display codes 0..1, N x 3 x H x W; x its copy at the network's
size h x w; D the defocus, R the radiance weight, B the bokeh at that size; U and Du are B and D at
full size; m the fusion mask; O the picture that comes out.

Display codes are blended as they are: no tone curve is undone, no colour profile looked at. That is
how the published method works, and it is kept so that its pictures can be compared with ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..errors import PhotoError
from ..models.d2f2023 import D2F2023
from ..models.d2f2023.fusion import REACH_PX
from ..models.d2f2023.radiance import radiance_weight
from ..models.d2f2023.strips import in_strips
from ..renderer.paper import LayeredSums, Method, layered_sums

__all__ = ["SMALLEST_SIDE_PX", "Stages", "network_size", "published_stages"]

SMALLEST_SIDE_PX = 65  # 64 / 128 is rounded to even, which is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """All that the model makes of a picture.

    x, defocus, radiance_sigmoid, radiance_weight : (N, C, h, w)
        x, D, s and R.
    sums : LayeredSums
        S and T of the layers; `sums.rendered` is B.
    bokeh, defocus_up, mask_raw : (N, C, H, W)
        U, Du, and m before it is held to 0..1.
    output : (N, 3, H, W), 0..1
        O.
    """

    x: Tensor
    defocus: Tensor
    radiance_sigmoid: Tensor
    radiance_weight: Tensor
    sums: LayeredSums
    bokeh: Tensor
    defocus_up: Tensor
    mask_raw: Tensor
    output: Tensor

    @property
    def mask(self) -> Tensor:
        """m, 0..1: by how much each pixel stays as it was."""
        return self.mask_raw.clamp(0, 1)


def network_size(rows: int, cols: int) -> tuple[int, int]:
    """h and w = 64 rint(H / 128) and 64 rint(W / 128), each axis on its own; rint halves to even.

    Raises
    ------
    PhotoError
        If a side is shorter than 65 pixels, of which the network would see nothing.
    """
    if min(rows, cols) < SMALLEST_SIDE_PX:
        raise PhotoError(
            f"the photo has {cols} x {rows} pixels: the published model needs sides of at least "
            f"{SMALLEST_SIDE_PX}."
        )
    return 64 * int(np.rint(rows / 128)), 64 * int(np.rint(cols / 128))


@torch.no_grad()
def published_stages(model: D2F2023, image: Tensor, *, method: Method = "auto") -> Stages:
    """The published inference, steps (b) to (h).

    Parameters
    ----------
    model : D2F2023
        Used in evaluation mode; the networks' weights set the float type.
    image : (N, 3, H, W), 0..1
        I.
    method : "auto", "fft" or "direct"
        How discs are blurred (`d2f.renderer.paper.layered_sums`).

    Raises
    ------
    PhotoError
        If a side is too short.
    """
    model.eval()
    size = (image.shape[-2], image.shape[-1])
    x = resized(image, network_size(*size))
    defocus = model.midas(x)
    sigmoid = model.radiance(x)
    weight = radiance_weight(x, sigmoid)
    sums = layered_sums(x, weight, defocus, method=method)
    bokeh = resized(sums.rendered, size)
    defocus_up = resized(defocus, size)
    mask_raw = in_strips(model.blend, image, defocus_up, reach=REACH_PX)
    mask = mask_raw.clamp(0, 1)
    return Stages(
        x=x,
        defocus=defocus,
        radiance_sigmoid=sigmoid,
        radiance_weight=weight,
        sums=sums,
        bokeh=bokeh,
        defocus_up=defocus_up,
        mask_raw=mask_raw,
        output=(mask * image + (1 - mask) * bokeh).clamp(0, 1),
    )


def resized(image: Tensor, size: tuple[int, int]) -> Tensor:
    """BL0: bilinear with half-pixel centres, of two samples per axis even where it shrinks."""
    return interpolate(image, size, mode="bilinear", align_corners=False)
