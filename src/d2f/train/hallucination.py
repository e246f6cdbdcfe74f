"""Learning to focus: a defocus map without a label, found because its rendering must match a photo.

    photo -> x at half size -> network -> defocus -> renderer -> picture, compared with the bokeh

Two renderers can teach it. `d2f2023` is the published one: D in 0..1, unsigned, layers of fixed
radii, and the radiance network learns with it. `d2f` is our own: signed radii in pixels, in linear
light, nothing to learn but the defocus. What the paper leaves open is chosen here and documented
in docs/training.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from d2f.models.d2f2023 import D2F2023
from d2f.models.d2f2023.radiance import radiance_weight
from d2f.models.d2f2023.signed import LARGEST_SHARE, radius_and_nearness, signed_network
from d2f.renderer.layered import Surfaces, blur_surfaces
from d2f.renderer.paper import layered_rendering
from d2f.train.bokeh_losses import photometric_loss, range_loss, smoothness_loss
from d2f.train.crops import Crop

__all__ = ["Hallucination", "Precision", "RendererName", "half_size"]

RendererName = Literal["d2f2023", "d2f"]
Precision = Literal["float32", "bfloat16"]
SMOOTHNESS_WEIGHT = 0.01  # to 1 of the photometric loss: fills plain surfaces, moves no edge
RANGE_WEIGHT = 1.0
# The published masks are steep: their gradient is zero but for 3 % of D around each edge. They
# begin soft and end as inference has them.
FIRST_SHARPNESS, LAST_SHARPNESS = 10.0, 100.0
SHARP_FROM = 0.7  # of the run: the rest is learnt with the masks of inference
FIRST_DEFOCUS = 0.25  # D begins within 0..1, a little blurred: at 0 our renderer has no slope
FIRST_NEARNESS = 0.25  # most of a portrait's blur is background
LAST_LAYER_SHARE = 0.1  # of its usual weights: the first map is nearly even
# The published radii grow as about D^1.5: this power of ours is what the fusion network calls D.
AMOUNT_POWER = 2 / 3
TRUNK_SHARE = 0.1  # of the learning rate, where the trunk has learnt before (Ranftl et al. 2020)


class Hallucination(nn.Module):
    """Stage 1: the defocus and radiance networks with the renderer that teaches them.

    Parameters
    ----------
    renderer : "d2f2023" or "d2f"
    width, blocks : int, four int
        Of the network; 64 and (3, 4, 6, 3) are the published ones.
    statistics : "batch" or "frozen"
        Whether the trunk's batch norms learn their means or keep ImageNet's.
    precision : "float32" or "bfloat16"
        Of the defocus network; rendering and losses stay in float32.
    """

    name = "hallucination"
    learning_rate = 1e-4  # Ranftl et al. 2020, for MiDaS, of which the network is a kind

    def __init__(
        self,
        *,
        renderer: RendererName,
        width: int,
        blocks: Sequence[int],
        statistics: Literal["batch", "frozen"] = "batch",
        precision: Precision = "float32",
    ) -> None:
        super().__init__()
        self.renderer, self.statistics, self.precision = renderer, statistics, precision
        network = D2F2023 if renderer == "d2f2023" else signed_network
        self.network = network(width=width, blocks=blocks)
        scratch = self.network.midas.scratch
        last = scratch.output_conv.get_submodule("4")
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        with torch.no_grad():
            last.weight.mul_(LAST_LAYER_SHARE)
            first = torch.tensor([FIRST_DEFOCUS, FIRST_NEARNESS][: last.out_channels])
            last.bias.copy_(first if renderer == "d2f2023" else first.logit())
        # Never used, though the published state has them; the fusion network learns in stage 2.
        scratch.get_submodule("refinenet4.resConfUnit1").requires_grad_(False)
        self.network.blend.requires_grad_(False)
        if renderer == "d2f":
            self.network.radiance.requires_grad_(False)

    def train(self, mode: bool = True) -> Hallucination:
        """Training mode, in which frozen statistics stay as they are."""
        super().train(mode)
        if self.statistics == "frozen":
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm):
                    module.eval()
        return self

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What learns, each part with its share of the learning rate."""
        trunk = list(self.network.midas.pretrained.parameters())
        known = {id(parameter) for parameter in trunk}
        others = [p for p in self.parameters() if p.requires_grad and id(p) not in known]
        share = TRUNK_SHARE if self.statistics == "frozen" else 1.0
        return [{"params": trunk, "share": share}, {"params": others, "share": 1.0}]

    def defocus(self, x: Tensor) -> Tensor:
        """The network's output for x, B x 3 x h x w, in float32: D, or radius and side."""
        reduced = self.precision == "bfloat16"
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=reduced):
            out: Tensor = self.network.midas(x)
        return out.float()

    def render(self, x: Tensor, output: Tensor, crop: Crop, *, sharpness: float) -> Tensor:
        """The bokeh of x by a defocus map, B x 3 x h x w codes, not held to 0..1."""
        if self.renderer == "d2f2023":
            weight = radiance_weight(x, self.network.radiance(x))
            return layered_rendering(x, weight, output, sharpness=sharpness)
        half_long_side = (crop["long_side_px"] * crop["blur_share"] / 2.0).view(-1, 1, 1)
        radius, nearness = radius_and_nearness(output)
        radius_px = radius[:, 0] * half_long_side
        light = torch.cat([light_from_srgb(x), torch.ones_like(x[:, :1])], dim=1)
        # A pixel whose side is not sure is shown on both, each with its share of coverage.
        surfaces = Surfaces(
            front=(nearness * light).movedim(1, -1),
            front_defocus_px=radius_px,
            back=((1.0 - nearness) * light).movedim(1, -1),
            back_defocus_px=-radius_px,
        )
        return srgb_from_light(blur_surfaces(surfaces).movedim(-1, 1))

    def amount(self, output: Tensor) -> Tensor:
        """How blurred each pixel is, 0 sharp .. 1: what the fusion network takes for D."""
        if self.renderer == "d2f2023":
            return output
        return output[:, :1].sigmoid() ** AMOUNT_POWER

    def forward(self, crop: Crop, progress: float) -> dict[str, Tensor]:
        """Every loss of a batch and their weighted `total`; with the picture's PSNR for the log."""
        x, target = half_size(crop["photo"]), half_size(crop["target"])
        output = self.defocus(x)
        rendered = self.render(x, output, crop, sharpness=sharpness_at(progress))
        photometric = photometric_loss(rendered, target)
        smoothness = smoothness_loss(output if self.renderer == "d2f2023" else output.sigmoid(), x)
        total = photometric + SMOOTHNESS_WEIGHT * smoothness
        losses = {"photometric": photometric, "smoothness": smoothness}
        if self.renderer == "d2f2023":
            losses["range"] = range_loss(output)
            total = total + RANGE_WEIGHT * losses["range"]
        figures = {"psnr": psnr(rendered, target), "identity_psnr": psnr(x, target)}
        return {"total": total, **losses, **figures}

    def pictures(self, crop: Crop) -> Tensor:
        """Photo, defocus, rendered and target beside each other, a row for each crop, 3 x h x w."""
        x, target = half_size(crop["photo"]), half_size(crop["target"])
        output = self.defocus(x)
        rendered = self.render(x, output, crop, sharpness=LAST_SHARPNESS)
        return sheet([x, self.visible(output), rendered, target])

    def visible(self, output: Tensor) -> Tensor:
        """A defocus map to look at: 0..1, or grey in focus, white nearer and black behind."""
        if self.renderer == "d2f2023":
            return output
        radius, nearness = radius_and_nearness(output)
        return 0.5 + radius * (nearness - 0.5) / LARGEST_SHARE

    def weights(self) -> dict[str, Tensor]:
        """What stage 1 has learnt, by the published keys."""
        state = self.network.state_dict()
        return {name: state[name] for name in state if not name.startswith("blend.")}


def half_size(picture: Tensor) -> Tensor:
    """The size at which the published network works: bilinear, half of each side."""
    return functional.interpolate(picture, scale_factor=0.5, mode="bilinear", align_corners=False)


def sharpness_at(progress: float) -> float:
    """Slope of the published masks' edges over a run (0..1): soft first, then as at inference."""
    share = min(1.0, progress / SHARP_FROM)
    return float(FIRST_SHARPNESS * (LAST_SHARPNESS / FIRST_SHARPNESS) ** share)


def psnr(picture: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of codes held to 0..1, over the whole batch."""
    error = (picture.detach().clamp(0, 1) - target).square().mean()
    return -10.0 * torch.log10(error.clamp_min(1e-10))


def sheet(columns: Sequence[Tensor]) -> Tensor:
    """Batches of pictures (B x 1 or 3 x h x w) as one: a column for each batch, 3 x B h x N w."""
    beside = torch.cat([part.expand(-1, 3, -1, -1) for part in columns], dim=3)
    return torch.cat(list(beside), dim=1)


def light_from_srgb(codes: Tensor) -> Tensor:
    """Linear light of sRGB codes 0..1 (IEC 61966-2-1), differentiable."""
    curved = ((codes.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(codes <= 0.04045, codes / 12.92, curved)


def srgb_from_light(light: Tensor) -> Tensor:
    """sRGB codes of linear light (IEC 61966-2-1), differentiable; the curve goes on above 1."""
    curved = 1.055 * light.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, curved)
