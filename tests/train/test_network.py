"""The network in torch: shapes, the folded encoder, what is frozen."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.train.network import CompactNetwork, InvertedResidual, SameConv, folded  # noqa: E402


@pytest.fixture(scope="module")
def network() -> CompactNetwork:
    """A network with random weights."""
    torch.manual_seed(0)
    return CompactNetwork().eval()


def test_maps_come_at_half_the_size(network):
    """All maps are at stride 2 for any multiple of 32; focus and sharpness lie in 0..1."""
    with torch.inference_mode():
        disparity, focus_map, sharpness = network(torch.rand(2, 3, 64, 96))
    assert disparity.shape == focus_map.shape == sharpness.shape == (2, 32, 48)
    assert 0 <= float(focus_map.min()) <= float(focus_map.max()) <= 1


def test_network_is_small(network):
    """5.0 million parameters, as the model card says."""
    assert sum(weights.numel() for weights in network.parameters()) == pytest.approx(
        5.03e6, rel=0.01
    )


@pytest.mark.parametrize("kernel", [3, 5])
def test_stride_two_pads_on_the_right_and_bottom(kernel):
    """The first output is centred where TensorFlow centres it: one step right of the corner."""
    layer = SameConv(1, 1, kernel, 2)
    with torch.no_grad():
        layer.conv.weight.zero_()
        layer.conv.weight[0, 0, kernel // 2, kernel // 2] = 1.0
        layer.conv.bias.zero_()
        picture = torch.arange(64.0).reshape(1, 1, 8, 8)
        out = layer(picture)
    assert out.shape == (1, 1, 4, 4)
    assert float(out[0, 0, 0, 0]) == 9.0  # row 1, column 1


def test_folding_gives_what_batch_norm_gave():
    """Convolution with folded weights equals convolution, then batch norm."""
    generator = torch.Generator().manual_seed(3)
    convolution = torch.nn.Conv2d(4, 6, 3, bias=False)
    norm = torch.nn.BatchNorm2d(6, eps=1e-3).eval()
    with torch.no_grad():
        for weights in (norm.weight, norm.bias, norm.running_mean):
            weights.copy_(torch.randn(6, generator=generator))
        norm.running_var.copy_(torch.rand(6, generator=generator) + 0.1)
        source = {"c.weight": convolution.weight}
        source |= {f"n.{name}": value for name, value in norm.state_dict().items()}
        weight, bias = folded(source, "c", "n")
        picture = torch.randn(1, 4, 8, 8, generator=generator)
        actual = torch.nn.functional.conv2d(picture, weight, bias)
        np.testing.assert_allclose(actual, norm(convolution(picture)), atol=1e-5)


def test_first_blocks_can_be_frozen(network):
    """Stem and blocks 0..3 stay as they are, everything else learns."""
    other = CompactNetwork()
    other.freeze_first_blocks()
    assert not any(weights.requires_grad for weights in other.encoder.stem.parameters())
    assert not any(weights.requires_grad for weights in other.encoder.blocks[3].parameters())
    assert all(weights.requires_grad for weights in other.encoder.blocks[4].parameters())
    assert isinstance(other.encoder.blocks[4], InvertedResidual)
