"""Deep Poisson fusion: how much of each pixel stays the photo's own.

    m = blend(photo, defocus), held to 0..1;  fused = m photo + (1 - m) bokeh

Stage 1 is finished and stays as it is. The mask is pulled to the initial one, the fused picture to
the photographed bokeh, and its gradients to those of the photo inside the mask and of the rendered
bokeh outside it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from d2f.models.d2f2023 import D2F2023
from d2f.models.d2f2023.fusion import initial_mask
from d2f.train.bokeh_losses import initial_mask_loss, poisson_loss
from d2f.train.crops import Crop
from d2f.train.hallucination import LAST_SHARPNESS, Hallucination, half_size, psnr, sheet

__all__ = ["Fusion"]

# Ours; the paper's weights were never published. The mask's own pull is small, or nothing would
# be left to refine.
BLEND_WEIGHT, MASK_WEIGHT, POISSON_WEIGHT = 1.0, 0.1, 1.0


class Fusion(nn.Module):
    """Stage 2: the fusion network over a finished stage 1.

    Parameters
    ----------
    hallucination : Hallucination
        Its weights are kept as they are.
    """

    name = "fusion"
    learning_rate = 1e-3  # ours: 13 000 weights learn fast

    def __init__(self, hallucination: Hallucination) -> None:
        super().__init__()
        self.hallucination = hallucination.requires_grad_(False)
        self.network.blend.requires_grad_(True)

    @property
    def network(self) -> D2F2023:
        """All three networks; those of stage 1 are finished."""
        return self.hallucination.network

    def train(self, mode: bool = True) -> Fusion:
        """Training mode, in which stage 1 goes on as at inference."""
        super().train(mode)
        self.hallucination.eval()
        return self

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What learns: the fusion network."""
        return [{"params": list(self.network.blend.parameters()), "share": 1.0}]

    def forward(self, crop: Crop, progress: float) -> dict[str, Tensor]:
        """Every loss of a batch and their weighted `total`; with the picture's PSNR for the log."""
        photo, target = crop["photo"], crop["target"]
        bokeh, amount = self.stage_one(crop)
        raw = self.network.blend(photo, amount)
        first = initial_mask(amount)
        fused = fuse(photo, bokeh, raw)
        losses = {
            "blend": (fused - target).abs().mean(),
            "mask": initial_mask_loss(raw, first),
            "poisson": poisson_loss(fused, photo, bokeh, first),
        }
        total = BLEND_WEIGHT * losses["blend"] + MASK_WEIGHT * losses["mask"]
        total = total + POISSON_WEIGHT * losses["poisson"]
        figures = {"psnr": psnr(fused, target), "bokeh_psnr": psnr(bokeh, target)}
        return {"total": total, **losses, **figures}

    @torch.no_grad()
    def stage_one(self, crop: Crop) -> tuple[Tensor, Tensor]:
        """Rendered bokeh and amount of blur at full size, B x 3 and B x 1 x H x W."""
        x, size = half_size(crop["photo"]), crop["photo"].shape[-2:]
        output = self.hallucination.defocus(x)
        bokeh = self.hallucination.render(x, output, crop, sharpness=LAST_SHARPNESS)
        return enlarged(bokeh, size), enlarged(self.hallucination.amount(output), size)

    def pictures(self, crop: Crop) -> Tensor:
        """Photo, mask, fused and target beside each other, a row for each crop, 3 x h x w."""
        bokeh, amount = self.stage_one(crop)
        raw = self.network.blend(crop["photo"], amount)
        fused = fuse(crop["photo"], bokeh, raw)
        return sheet([crop["photo"], raw.clamp(0, 1), fused, crop["target"]])

    def weights(self) -> dict[str, Tensor]:
        """Both stages by the published keys."""
        return self.network.state_dict()


def fuse(photo: Tensor, bokeh: Tensor, raw_mask: Tensor) -> Tensor:
    """The published merge: clamp(m photo + (1 - m) bokeh, 0, 1)."""
    mask = raw_mask.clamp(0, 1)
    return (mask * photo + (1.0 - mask) * bokeh).clamp(0, 1)


def enlarged(picture: Tensor, size: torch.Size) -> Tensor:
    """Bilinear to full size, as the published inference does it."""
    return functional.interpolate(picture, size=size, mode="bilinear", align_corners=False)
