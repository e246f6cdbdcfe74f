"""The published networks: their state keys, their quirks, their parts against known values."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from d2f.errors import UsageError

torch = pytest.importorskip("torch", reason="needs torch: pip install 'd2f[torch]'")
pytest.importorskip("safetensors", reason="needs safetensors: pip install 'd2f[torch]'")

from d2f.models.d2f2023 import D2F2023, NARROW  # noqa: E402
from d2f.models.d2f2023.checkpoint import model_of_shapes, shapes_of  # noqa: E402
from d2f.models.d2f2023.decoder import HEAD_REACH, ResidualUnit  # noqa: E402
from d2f.models.d2f2023.fusion import REACH_PX, initial_mask, mask_threshold  # noqa: E402
from d2f.models.d2f2023.radiance import radiance_weight  # noqa: E402
from d2f.models.d2f2023.strips import in_strips  # noqa: E402

# Of the keys and shapes in the published listing, sorted, as JSON: holds without the shared folder.
LISTING_SHA256 = "3bd327c41fec916cb1f2147824d186c7f5918a4c580705341f27b816f60753b7"
EXACT = 1e-12  # float64; worst seen 6e-17


def listing_sha256(shapes):
    """One number for all keys and shapes."""
    text = json.dumps({key: list(shapes[key]) for key in sorted(shapes)})
    return hashlib.sha256(text.encode()).hexdigest()


def test_state_keys_and_shapes_are_the_published_ones():
    """366 entries of stage 1 and 8 of stage 2, by name and shape."""
    shapes = shapes_of(model_of_shapes({}))
    assert listing_sha256(shapes) == LISTING_SHA256
    assert sum(key.startswith("blend.") for key in shapes) == 8
    assert len(shapes) == 374


def test_state_is_the_shared_listing(shared):
    """The same, and the types, against the file that came with the conformance data."""
    told = json.loads((shared / "conformance" / "state_dict.json").read_text())
    listed = told["stage1_defocus_hallucination"] | told["stage2_deep_poisson_fusion"]
    state = model_of_shapes({}).state_dict()
    assert {key: (list(value.shape), f"{value.dtype}"[6:]) for key, value in state.items()} == {
        key: (entry["shape"], entry["dtype"]) for key, entry in listed.items()
    }
    assert listing_sha256({key: entry["shape"] for key, entry in listed.items()}) == LISTING_SHA256


def test_parameter_counts_are_the_published_ones():
    """41,600,866 of stage 1 and 12,913 of stage 2."""
    model = model_of_shapes({})
    count = {
        name: sum(parameter.numel() for parameter in child.parameters())
        for name, child in model.named_children()
    }
    assert count["midas"] + count["radiance"] == 41_600_866
    assert count["blend"] == 12_913


def test_a_narrow_model_has_the_same_shape_of_answers():
    """D, R of x's size, for sides that are multiples of 32."""
    x = torch.rand(2, 3, 64, 96)
    defocus, weight = D2F2023(**NARROW)(x)
    assert defocus.shape == (2, 1, 64, 96)
    assert weight.shape == (2, 3, 64, 96)


def test_the_model_of_a_state_is_as_wide_and_deep_as_the_state():
    """Width and blocks are found in the shapes."""
    model = D2F2023(width=4, blocks=(2, 1, 3, 1))
    assert shapes_of(model_of_shapes(shapes_of(model))) == shapes_of(model)


@pytest.mark.parametrize("options", [{"width": 7}, {"width": 0}, {"blocks": (1, 2)}])
def test_networks_that_cannot_be_are_refused(options):
    """Odd widths, too few stages."""
    with pytest.raises(UsageError, match="give"):
        D2F2023(**options)


def test_the_skip_of_a_residual_unit_is_rectified():
    """With zero weights the unit returns ReLU(v), not v: the published quirk."""
    unit = ResidualUnit(2)
    for parameter in unit.parameters():
        torch.nn.init.zeros_(parameter)
    v = torch.tensor([-1.0, 2.0]).view(1, 2, 1, 1)
    assert unit(v).flatten().tolist() == [0, 2]
    assert v.flatten().tolist() == [-1, 2]


def test_highlights_weigh_three_times_their_fifth_power():
    """From 0.99 in any channel on, and each channel by itself; elsewhere s counts."""
    x = torch.tensor([[0.99, 0.5, 0.1], [0.98, 0.98, 0.98]]).T.reshape(1, 3, 1, 2)
    s = torch.full((1, 1, 1, 2), 0.25)
    found = radiance_weight(x, s)[0, :, 0].T.numpy()
    np.testing.assert_allclose(found[0], 3 * np.array([0.99, 0.5, 0.1]) ** 5, rtol=1e-6)
    assert found[1].tolist() == [0.25] * 3


def test_no_gradient_reaches_s_on_a_highlight():
    """The hand-made rule replaces the network there."""
    x = torch.tensor([1.0, 0.2]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    s = torch.full((1, 1, 1, 2), 0.5, requires_grad=True)
    radiance_weight(x, s).sum().backward()
    assert s.grad.flatten().tolist() == [0, 3]


def test_the_mask_threshold_has_two_cases():
    """An eighth of the range above a lowest D from 1/8 on; else 1/8 itself."""
    low, high = torch.tensor([0.05, 0.1, 0.9]), torch.tensor([0.2, 0.25, 0.6])
    maps = torch.stack([low, high]).view(2, 1, 1, 3)
    assert mask_threshold(maps).flatten().tolist() == pytest.approx([0.125, 0.25])
    assert initial_mask(maps).flatten().tolist() == [1, 1, 0, 1, 0, 0]


@pytest.mark.parametrize("px", [100, 500, 3000])
def test_strips_give_the_numbers_of_the_whole(px):
    """Of the decoder's head, which enlarges, and of the fusion network."""
    torch.manual_seed(0)
    model = D2F2023(**NARROW).double()
    head = model.midas.scratch.output_conv
    path = torch.rand(1, 32, 20, 24, dtype=torch.float64)
    image, defocus = torch.rand(2, 1, 3, 30, 24, dtype=torch.float64)
    with torch.no_grad():
        strips = in_strips(head, path, reach=HEAD_REACH, scale=2, px=px)
        torch.testing.assert_close(strips, head(path), rtol=0, atol=EXACT)
        strips = in_strips(model.blend, image, defocus[:, :1], reach=REACH_PX, px=px)
        torch.testing.assert_close(strips, model.blend(image, defocus[:, :1]), rtol=0, atol=EXACT)


def test_strips_without_their_reach_differ():
    """The reach is no larger than it must be."""
    torch.manual_seed(0)
    model = D2F2023(**NARROW).double()
    image = torch.rand(1, 3, 30, 24, dtype=torch.float64)
    with torch.no_grad():
        whole = model.blend(image, image[:, :1])
        short = in_strips(model.blend, image, image[:, :1], reach=REACH_PX - 1, px=500)
        assert (short - whole).abs().max() > 1e-6
        path = torch.rand(1, 32, 20, 24, dtype=torch.float64)
        head = model.midas.scratch.output_conv
        short = in_strips(head, path, reach=HEAD_REACH - 1, scale=2, px=500)
        assert (short - head(path)).abs().max() > 1e-6
