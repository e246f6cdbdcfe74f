"""Learning to focus and to fuse in small: no label of defocus, and yet it is found."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from torch.utils.data import default_collate  # noqa: E402

from d2f.errors import PhotoError, UsageError  # noqa: E402
from d2f.measures.pairs import csv_pairs  # noqa: E402
from d2f.models.d2f2023 import NARROW  # noqa: E402
from d2f.models.d2f2023.checkpoint import load_d2f2023  # noqa: E402
from d2f.models.d2f2023.signed import LARGEST_SHARE, load_hallucination  # noqa: E402
from d2f.optics.tone_curves import SRGB, codes_from_light, light_from_codes  # noqa: E402
from d2f.train.crops import PairCrops  # noqa: E402
from d2f.train.fusion import Fusion  # noqa: E402
from d2f.train.hallucination import (  # noqa: E402
    Hallucination,
    light_from_srgb,
    sharpness_at,
    srgb_from_light,
)
from d2f.train.pair_loop import PairPlan  # noqa: E402
from d2f.train.published import listed_pairs, train_fusion, train_hallucination  # noqa: E402

RENDERERS = ("d2f", "d2f2023")
CURVE_TOL = 2e-4  # codes; worst seen 4e-5: the table of SRGB is interpolated
SHORT = PairPlan(split="all", crop_px=128, batch=2, steps=2, learning_rate=1e-3, threads=1)


def a_crop(made_pairs):
    """All four made pairs as one batch."""
    crops = PairCrops(csv_pairs(made_pairs), crop_px=128, long_side_px=1536, seed=0)
    return default_collate([crops.centre(number) for number in range(4)])


@pytest.fixture(scope="module", params=RENDERERS)
def finished(request, made_pairs, tmp_path_factory):
    """A short finished stage 1 of each renderer."""
    run = tmp_path_factory.mktemp("stage1") / request.param
    train_hallucination(made_pairs, run, SHORT, renderer=request.param, narrow=True)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("renderer", RENDERERS)
def test_defocus_is_learnt_without_a_label(learning, tmp_path, renderer):
    """PSNR rises by 5 dB and the amount of blur follows the true one, from pictures alone.

    Seen: 8.5 (ours, 160 steps) and 13.4 dB more, correlations of 0.96 and 0.91.
    """
    table = learning.write_pairs(tmp_path / "pairs", made_by=renderer, side_px=128, count=4)
    learnt = learning.learn(
        table, tmp_path / "run", taught_by=renderer, made_by=renderer, steps=200
    )
    assert learnt.psnr - learnt.first_psnr >= 5.0
    assert learnt.correlation > 0.8


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_loss_reaches_what_is_to_learn(made_pairs, renderer):
    """After one backward pass each learning weight has a finite gradient, some of them not zero."""
    torch.manual_seed(0)
    stage = Hallucination(renderer=renderer, **NARROW).train()
    stage(a_crop(made_pairs), 0.0)["total"].backward()
    learning = [p for p in stage.parameters() if p.requires_grad]
    assert all(bool(torch.isfinite(p.grad).all()) for p in learning)
    last = stage.network.midas.scratch.output_conv[4]
    assert float(last.weight.grad.abs().max()) > 0


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_first_map_is_nearly_even_and_blurs(made_pairs, renderer):
    """Training begins within the renderer's range, where there is a slope."""
    torch.manual_seed(0)
    stage = Hallucination(renderer=renderer, **NARROW).eval()
    crop = a_crop(made_pairs)
    with torch.no_grad():
        amount = stage.amount(stage.defocus(torch.nn.functional.avg_pool2d(crop["photo"], 2)))
    assert float(amount.min()) > 0.1
    assert float(amount.max()) < 0.6


def test_reduced_precision_gives_nearly_the_same_map(made_pairs):
    """bfloat16 by CPU autocast: the network's alone, the losses stay float32."""
    losses = {}
    for precision in ("float32", "bfloat16"):
        torch.manual_seed(0)
        stage = Hallucination(renderer="d2f", precision=precision, **NARROW).train()
        values = stage(a_crop(made_pairs), 0.0)
        assert values["total"].dtype == torch.float32
        values["total"].backward()
        losses[precision] = float(values["total"].detach())
    # worst seen 0.1 %: bfloat16 has 8 bits
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


def test_frozen_statistics_stay_as_they_are(made_pairs):
    """With ImageNet weights a small batch must not move the trunk's means."""
    moved = {}
    for statistics in ("frozen", "batch"):
        stage = Hallucination(renderer="d2f", statistics=statistics, **NARROW).train()
        before = stage.network.midas.pretrained.layer1[1].running_mean.clone()
        stage(a_crop(made_pairs), 0.0)
        moved[statistics] = not torch.equal(
            before, stage.network.midas.pretrained.layer1[1].running_mean
        )
    assert moved == {"frozen": False, "batch": True}


def test_the_published_masks_begin_soft_and_end_as_at_inference():
    """Slope 10 at the start, 100 from seven tenths of the run on, never falling."""
    slopes = [sharpness_at(progress) for progress in (0.0, 0.35, 0.7, 1.0)]
    assert slopes[0] == 10.0
    assert slopes[2:] == pytest.approx([100.0, 100.0])
    assert slopes == sorted(slopes)


def test_the_tone_curve_is_the_one_of_optics():
    """The differentiable sRGB curve and the table agree, both ways, with a slope at black."""
    codes = np.linspace(0, 1, 513, dtype=np.float32)
    light = light_from_codes(codes, SRGB)
    ours = light_from_srgb(torch.from_numpy(codes)).numpy()
    np.testing.assert_allclose(ours, light, atol=CURVE_TOL)
    back = srgb_from_light(torch.from_numpy(light)).numpy()
    np.testing.assert_allclose(back, codes_from_light(light, SRGB, np.float32), atol=CURVE_TOL)
    black = torch.zeros(3, requires_grad=True)
    srgb_from_light(light_from_srgb(black)).sum().backward()
    assert bool(torch.isfinite(black.grad).all())


def test_a_finished_signed_run_gives_defocus_of_any_photo(made_pairs, tmp_path):
    """Its map has the photo's size, scales with it, and shrinks with the f-number."""
    run = tmp_path / "run"
    train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)
    network = load_hallucination(run)
    photo = np.asarray(Image.open(made_pairs.parent / "0_photo.png").resize((200, 140)))
    defocus_px = network.defocus_px(photo)
    assert defocus_px.shape == (140, 200)
    assert defocus_px.dtype == np.float32
    assert 0 < np.abs(defocus_px).max() <= LARGEST_SHARE * 200
    halved = network.defocus_px(photo, f_number=3.6)
    np.testing.assert_allclose(halved, defocus_px / 2, rtol=1e-5)


def test_fusion_trains_its_network_alone_and_exports_the_published_keys(
    finished, made_pairs, tmp_path
):
    """Stage 1 stays bit for bit; both stages lie in one file."""
    out = tmp_path / "fusion"
    weights = train_fusion(made_pairs, out, SHORT, hallucination=finished)
    from safetensors.torch import load_file

    first, both = load_file(finished / "weights.safetensors"), load_file(weights)
    assert all(torch.equal(value, both[name]) for name, value in first.items())
    assert {name.split(".")[0] for name in both} == {"midas", "radiance", "blend"}
    told = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert told["stage"] == "fusion"
    assert told["steps"] == 2
    if finished.name == "d2f2023":
        network = load_d2f2023(weights)  # as d2f render --model d2f2023 does
        assert torch.equal(network.blend.conv1[0].weight, both["blend.conv1.0.weight"])


def test_fusion_learns(made_pairs):
    """Its loss falls by a tenth within twenty steps on one batch, and stage 1 gets no gradient."""
    torch.manual_seed(0)
    stage = Fusion(Hallucination(renderer="d2f", **NARROW)).train()
    optimiser = torch.optim.Adam(stage.parameter_groups(), lr=1e-2)
    crop = a_crop(made_pairs)
    totals = []
    for _ in range(20):
        total = stage(crop, 0.0)["total"]
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.9 * totals[0]
    assert all(p.grad is None for p in stage.network.midas.parameters())


def test_what_cannot_be_trained_on_is_told_in_one_sentence(made_pairs, tmp_path):
    """A missing folder, an unknown layout, unpaired files, an empty table."""
    with pytest.raises(UsageError, match="none does not exist: give a folder"):
        listed_pairs(tmp_path / "none")
    with pytest.raises(UsageError, match="is neither EBB!"):
        listed_pairs(tmp_path)
    for folder in ("original", "bokeh"):
        (tmp_path / folder).mkdir()
    (tmp_path / "original" / "7.jpg").touch()
    with pytest.raises(PhotoError, match=r"7\.jpg has no partner"):
        listed_pairs(tmp_path)
    empty = tmp_path / "empty.csv"
    empty.write_text("photo,target\n", encoding="utf-8")
    with pytest.raises(PhotoError, match="has no row"):
        listed_pairs(empty)
    assert len(listed_pairs(made_pairs, split="all")) == 4


def test_what_is_no_finished_stage_is_told_in_one_sentence(made_pairs, tmp_path):
    """Fusion and load_hallucination both name the file that is missing, damaged or foreign."""
    run = tmp_path / "run"
    with pytest.raises(UsageError, match=r"config\.json does not exist"):
        train_fusion(made_pairs, tmp_path / "out", SHORT, hallucination=run)
    with pytest.raises(UsageError, match=r"weights\.safetensors does not exist"):
        load_hallucination(run)
    train_hallucination(made_pairs, run, SHORT, renderer="d2f2023", narrow=True)
    with pytest.raises(UsageError, match="whose defocus has no sign"):
        load_hallucination(run)
    told = json.loads((run / "config.json").read_text(encoding="utf-8"))
    (run / "config.json").write_text(json.dumps(told | {"renderer": "d2f"}), encoding="utf-8")
    with pytest.raises(PhotoError, match="holds no weights of"):
        load_hallucination(run)
    (run / "weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(PhotoError, match="holds no weights of this network"):
        train_fusion(made_pairs, tmp_path / "out", SHORT, hallucination=run)
    odd = {"renderer": "ours"}, {"width": "a"}, {"blocks": 5}, {"statistics": []}, {"width": 10**9}
    for text in ("[" * 100_000, *(json.dumps(told | change) for change in odd), "{"):
        (run / "config.json").write_text(text, encoding="utf-8")
        with pytest.raises(PhotoError, match="is no configuration of a training"):
            train_fusion(made_pairs, tmp_path / "out", SHORT, hallucination=run)
    with pytest.raises(PhotoError, match="is no configuration of a training"):
        load_hallucination(run)
