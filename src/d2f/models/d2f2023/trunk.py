"""The trunk of the defocus network: ResNeXt-50 32x4d without its classifier.

Aggregated residual transformations (Xie et al., CVPR 2017), with the stride on the 3x3 convolution.
The state keys are those of the published checkpoint: `layer1` holds the stem, too.
"""

from collections.abc import Sequence

from torch import Tensor, nn

__all__ = ["Bottleneck", "Trunk"]

BOTTLENECK_WIDTH = 2  # of a stage's base width: 32 groups of 4 channels at base width 64
EXPANSION = 4  # channels out of a stage, of its base width


class Bottleneck(nn.Module):
    """Squeeze, grouped 3x3 convolution, expand; added to the shortcut.

    Parameters
    ----------
    in_channels : int
        Channels that come in.
    base : int
        Base width of the stage: twice as many channels inside, four times as many out.
    groups : int
        Groups of the 3x3 convolution.
    stride : int
        Step of the 3x3 convolution, 1 or 2.
    shortcut : "identity" or "projection"
        What the shortcut is: the first block of each stage projects.
    """

    def __init__(
        self, in_channels: int, base: int, *, groups: int, stride: int, shortcut: str
    ) -> None:
        super().__init__()
        width, out_channels = BOTTLENECK_WIDTH * base, EXPANSION * base
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if shortcut == "projection":
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, v: Tensor) -> Tensor:
        """N x in x h x w to N x out x h/stride x w/stride."""
        shortcut = self.downsample(v)
        v = self.relu(self.bn1(self.conv1(v)))
        v = self.relu(self.bn2(self.conv2(v)))
        out: Tensor = self.relu(self.bn3(self.conv3(v)) + shortcut)
        return out


class Trunk(nn.Module):
    """Four stages, each at half the size of the one before; the first at a quarter of x.

    Parameters
    ----------
    width : int
        Base width of the first stage; it doubles from stage to stage. 64 is the published one.
    blocks : four int
        Blocks of each stage.
    """

    def __init__(self, *, width: int, blocks: Sequence[int]) -> None:
        super().__init__()
        stages = [
            _stage(
                width if index == 0 else EXPANSION * width * 2 ** (index - 1),
                width * 2**index,
                count=count,
                groups=width // 2,
                stride=1 if index == 0 else 2,
            )
            for index, count in enumerate(blocks)
        ]
        self.layer1 = nn.Sequential(
            nn.Conv2d(3, width, 7, 2, 3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
            stages[0],
        )
        self.layer2, self.layer3, self.layer4 = stages[1:]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """L1 .. L4: the stages' outputs at 1/4, 1/8, 1/16 and 1/32 of x, N x 3 x h x w."""
        l1 = self.layer1(x)
        l2 = self.layer2(l1)
        l3 = self.layer3(l2)
        return l1, l2, l3, self.layer4(l3)


def _stage(in_channels: int, base: int, *, count: int, groups: int, stride: int) -> nn.Sequential:
    first = Bottleneck(in_channels, base, groups=groups, stride=stride, shortcut="projection")
    rest = (
        Bottleneck(EXPANSION * base, base, groups=groups, stride=1, shortcut="identity")
        for _ in range(count - 1)
    )
    return nn.Sequential(first, *rest)
