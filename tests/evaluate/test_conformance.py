"""The published model's numbers: the shared arrays, a small stand-in, mistakes to catch."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from d2f.errors import PhotoError

torch = pytest.importorskip("torch", reason="needs torch: pip install 'd2f[torch]'")
pytest.importorskip("safetensors", reason="needs safetensors: pip install 'd2f[torch]'")

from torch import nn  # noqa: E402
from torch.nn.functional import interpolate, pad  # noqa: E402

from d2f.cli.app import app  # noqa: E402
from d2f.evaluate.agreement import LAYERED, PICTURE, Tolerance, compared  # noqa: E402
from d2f.evaluate.conformance import evaluate_conformance, seeded_model  # noqa: E402
from d2f.evaluate.published_arrays import layered_arrays, picture_arrays  # noqa: E402
from d2f.evaluate.seeded_weights import seeded_tensor  # noqa: E402
from d2f.models.d2f2023 import D2F2023, NARROW, decoder, fusion, radiance  # noqa: E402
from d2f.published import stages  # noqa: E402
from d2f.renderer import paper  # noqa: E402

CHECK_TOLERANCE = 1e-9  # sums of up to 5 million numbers; worst seen 1e-12
SIZE = (320, 72)  # 320 / 128 is halfway between 2 and 3


def picture():
    """Blocks of colour with noise and a few saturated lights, uint8."""
    rng = np.random.default_rng(3)
    blocks = rng.uniform(20, 220, (8, 3, 3)).repeat(40, axis=0).repeat(24, axis=1)
    codes = blocks + rng.normal(0, 8, (*SIZE, 3))
    codes[100:112, 20:32] = (255, 215, 120)
    codes[200:230, 40:60] = (255, 255, 250)
    return np.clip(codes, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory):
    """A folder in the form of the shared one: a narrow model, computed in float64 tap by tap."""
    folder = tmp_path_factory.mktemp("conformance")
    shapes = {key: list(value.shape) for key, value in D2F2023(**NARROW).state_dict().items()}
    listing = {"stage1": {key: {"shape": shape} for key, shape in shapes.items()}}
    (folder / "state_dict.json").write_text(json.dumps(listing))
    Image.fromarray(picture()).save(folder / "blocks.png")
    model = seeded_model(folder / "state_dict.json").double()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "SMALLEST_FFT_RADIUS", {torch.float64: 100})
        arrays = picture_arrays(model, picture())
        case = layered_case()
        drawn = layered_arrays(*(torch.tensor(part)[None] for part in case.values()))
    single = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez(folder / "blocks.npz", **single)
    given = {"image": case["image"], **{name: case[name][0] for name in list(case)[1:]}}
    layered = {f"noise/{name}": array.astype(np.float32) for name, array in given.items()}
    layered |= {f"noise/{name}": array.astype(np.float32) for name, array in drawn.items()}
    np.savez(folder / "layered_rendering.npz", **layered)
    np.savez(folder / "kernels.npz", kernel_3=paper.soft_disk(1), kernel_69=paper.soft_disk(34))
    return folder


def layered_case():
    """x, D and s of a case without networks, as float32 files hold them."""
    rng = np.random.default_rng(8)
    case = {
        "image": rng.uniform(0, 1, (3, 40, 50)),
        "defocus": rng.uniform(-0.05, 1.05, (1, 40, 50)),
        "radiance_sigmoid": rng.uniform(0.3, 1, (1, 40, 50)),
    }
    return {name: array.astype(np.float32).astype(np.float64) for name, array in case.items()}


def beyond(folder):
    """Names of the arrays that are not within tolerance."""
    return {row.array for row in evaluate_conformance(folder) if not row.within}


@pytest.mark.slow
def test_every_shared_array_is_reproduced(shared):
    """All pictures, all layered cases, all kernels, within the published tolerances."""
    rows = evaluate_conformance(shared / "conformance")
    assert len(rows) == 102
    assert [row.line() for row in rows if not row.within] == []


def test_layered_cases_and_kernels_are_reproduced(shared, tmp_path):
    """The shared arrays that need no network: the part that is fast."""
    for name in ("layered_rendering.npz", "kernels.npz"):
        (tmp_path / name).symlink_to(shared / "conformance" / name)
    rows = evaluate_conformance(tmp_path)
    assert len(rows) == 14 + 3 * len(LAYERED)
    assert all(row.within for row in rows)


def test_seeded_weights_are_drawn_key_by_key(shared):
    """First and second value, sum and sum of squares of every tensor."""
    folder = shared / "conformance"
    told = json.loads((folder / "state_dict.json").read_text())
    listed = told["stage1_defocus_hallucination"] | told["stage2_deep_poisson_fusion"]
    check = json.loads((folder / "seeded_weights_check.json").read_text())
    assert listed.keys() == check.keys()
    for key, entry in listed.items():
        tensor = seeded_tensor(key, tuple(entry["shape"]), seed=told["seed"])
        assert str(tensor.dtype) == entry["dtype"]
        values = tensor.astype(np.float64).ravel()
        found = [*values[:2], values.sum(), (values**2).sum()]
        np.testing.assert_allclose(found, check[key], rtol=CHECK_TOLERANCE, atol=CHECK_TOLERANCE)


def test_the_stand_in_is_reproduced(stand_in):
    """Float32 with transforms against float64 tap by tap, for each known array."""
    rows = evaluate_conformance(stand_in)
    assert [row.line() for row in rows if not row.within] == []
    assert {row.array for row in rows if row.case == "blocks"} == set(PICTURE)
    assert {row.array for row in rows if row.case == "noise"} == set(LAYERED)


def published_mistakes():
    """The single deliberate mistakes of the method's section 8.5, as (target, name, value)."""
    original = decoder.DefocusNetwork.forward
    blend = fusion.FusionNetwork.forward
    batch_norm = nn.BatchNorm2d.forward

    def enlarged(v, *, align_corners):
        return interpolate(v, scale_factor=2, mode="bilinear", align_corners=align_corners)

    def raw_skip(unit, v):
        return v + unit.conv2(unit.conv1(v.relu()).relu())

    def swapped(v, **options):
        options["align_corners"] = False
        return interpolate(v, **options)

    def narrow_masks(defocus, *, sharpness=100):
        centres = torch.arange(15, dtype=defocus.dtype).view(1, -1, 1, 1) / 14
        return 0.5 + 0.5 * torch.tanh(sharpness * (0.5 / 14 - (defocus - centres).abs()))

    def all_channels(x, s):
        return torch.where((x >= 0.99).all(dim=1, keepdim=True), 3 * x**5, s)

    def half_up(rows, cols):
        return 64 * int(rows / 128 + 0.5), 64 * int(cols / 128 + 0.5)

    def imagenet(network, x):
        mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        return original(network, (x - mean) / 0.226)

    def loose(layer, v):
        layer.eps = 1e-3
        return batch_norm(layer, v)

    def hard_disk(radius):
        offset = np.arange(-radius, radius + 1)
        inside = (offset[:, None] ** 2 + offset**2 <= radius**2).astype(np.float32)
        return inside / inside.sum()

    def edge(image, by, mode="constant"):
        return pad(image, by, mode="replicate" if mode == "reflect" else mode)

    return {
        "raw skip in the residual unit": (decoder.ResidualUnit, "forward", raw_skip),
        "align_corners swapped in the decoder": (decoder, "interpolate", swapped),
        "align_corners swapped in the head": (
            nn.Upsample,
            "forward",
            lambda _, v: enlarged(v, align_corners=True),
        ),
        "masks of half the width": (paper, "layer_masks", narrow_masks),
        "highlights where all channels are": (stages, "radiance_weight", all_channels),
        "half rounded up": (stages, "network_size", half_up),
        "edge instead of mirror": (paper, "pad", edge),
        "layers in reversed order": (paper, "reversed", lambda layers: layers),
        "ImageNet's mean taken off": (decoder.DefocusNetwork, "forward", imagenet),
        "hard disk": (paper, "soft_disk", hard_disk),
        "D instead of 1 - D": (
            fusion.FusionNetwork,
            "forward",
            lambda network, image, defocus: blend(network, image, 1 - defocus),
        ),
        "ReLU after the first head convolution": (
            nn.Upsample,
            "forward",
            lambda _, v: enlarged(v.relu(), align_corners=False),
        ),
        "batch norm with another epsilon": (nn.BatchNorm2d, "forward", loose),
        "exponent 4": (radiance, "EXPONENT", 4),
    }


@pytest.mark.slow
@pytest.mark.parametrize("mistake", published_mistakes())
def test_a_single_mistake_is_caught(stand_in, tmp_path, monkeypatch, mistake):
    """Each of them moves the picture that comes out beyond its tolerance."""
    for file in ("state_dict.json", "blocks.png"):
        (tmp_path / file).symlink_to(stand_in / file)
    with np.load(stand_in / "blocks.npz") as arrays:
        np.savez(tmp_path / "blocks.npz", output=arrays["output"])
    target, name, value = published_mistakes()[mistake]
    monkeypatch.setattr(target, name, value, raising=False)
    assert beyond(tmp_path) == {"output"}


def test_any_part_of_a_folder_will_do(stand_in, tmp_path):
    """No listing, no kernels, no layered cases, a single array: those that are there count."""
    codes = picture()[:80, :70]
    Image.fromarray(codes).save(tmp_path / "one.png")
    x = interpolate(torch.tensor(codes).permute(2, 0, 1)[None] / 255, (64, 64), mode="bilinear")[0]
    np.savez(tmp_path / "one.npz", net_input=x.numpy(), mask_threshold=np.float32(0.125))
    rows = evaluate_conformance(tmp_path)
    assert [row.array for row in rows] == ["net_input", "mask_threshold"]
    assert rows[0].within


def test_the_command_tells_each_array_and_exits_1_beyond(stand_in, tmp_path):
    """A line per array, a sum, and an exit code for scripts; JSON holds the same."""
    result = CliRunner().invoke(app, ["evaluate", "conformance", str(stand_in)])
    assert result.exit_code == 0, result.output
    assert "arrays within tolerance" in result.output
    assert result.output.count("  ok\n") == len(PICTURE) + len(LAYERED) + 2
    kernel = paper.soft_disk(1).copy()
    kernel[0, 0] += 1e-3
    np.savez(tmp_path / "kernels.npz", kernel_3=kernel, kernel_5=np.zeros((3, 3)))
    result = CliRunner().invoke(app, ["evaluate", "conformance", str(tmp_path)])
    assert result.exit_code == 1
    assert "largest 1.0e-03 of" in result.output
    assert "has shape (3, 3), the model's is (5, 5)  BEYOND" in result.output
    result = CliRunner().invoke(app, ["evaluate", "conformance", str(tmp_path), "--json"])
    told = json.loads(result.output)
    assert result.exit_code == 1
    assert told["beyond"] == told["arrays"] == 2


def test_what_is_not_finite_is_beyond_every_tolerance():
    """NaN compares with nothing, and must not pass for that."""
    row = compared("case", "array", np.zeros(3), np.array([0, np.nan, 0]), Tolerance(1.0, 1.0))
    assert not row.within
    row = compared("case", "array", np.full(3, np.nan), np.zeros(3), Tolerance(1.0))
    assert not row.within


def test_an_infinite_array_is_beyond_and_told_without_a_warning():
    """Tolerances that grow with the value do not grow with infinity."""
    for tolerance in (Tolerance(1.0), Tolerance(1.0, relative=1e-6), Tolerance(0.0, peak=1e-5)):
        row = compared("case", "array", np.zeros(3), np.array([0, np.inf, 0]), tolerance)
        assert not row.within
        row = compared("case", "array", np.full(3, np.inf), np.full(3, np.inf), tolerance)
        assert not row.within


@pytest.mark.parametrize("values", [[], [0.2, 0.3]])
def test_a_threshold_of_another_size_is_beyond(stand_in, tmp_path, values):
    """A row that tells the shape, no crash; one value may come with axes or without."""
    for name in ("blocks.png", "state_dict.json"):
        shutil.copy(stand_in / name, tmp_path)
    np.savez(tmp_path / "blocks.npz", mask_threshold=np.array(values, np.float32))
    (row,) = evaluate_conformance(tmp_path)
    assert not row.within
    assert "has shape" in row.note


def _without_picture(folder):
    np.savez(folder / "lonely.npz", defocus=np.zeros((1, 64, 64)))


def _strange_array(folder):
    Image.fromarray(picture()).save(folder / "a.png")
    np.savez(folder / "a.npz", depth=np.zeros(3))


def _pickled(folder):
    Image.fromarray(picture()).save(folder / "a.png")
    np.savez(folder / "a.npz", defocus=np.array([{}], object))


def _cut(folder):
    np.savez(folder / "kernels.npz", kernel_3=np.zeros((3, 3)))
    content = (folder / "kernels.npz").read_bytes()
    (folder / "kernels.npz").write_bytes(content[: len(content) // 2])


def _lone_array(folder):
    np.save(folder / "kernels.npy", np.zeros((3, 3)))
    (folder / "kernels.npy").rename(folder / "kernels.npz")


def _text(folder):
    (folder / "kernels.npz").write_text("no archive")


def _words(folder):
    np.savez(folder / "kernels.npz", kernel_3=np.array(["a", "b"]))


def _half_a_case(folder):
    np.savez(folder / "layered_rendering.npz", **{"a/image": np.zeros((3, 40, 40))})


def _odd_case(folder):
    arrays = {"a/image": np.zeros((3, 40, 40)), "a/defocus": np.zeros((40, 41))}
    arrays["a/radiance_sigmoid"] = np.zeros((40, 40))
    np.savez(folder / "layered_rendering.npz", **arrays)


def _case_without_name(folder):
    np.savez(folder / "layered_rendering.npz", image=np.zeros((3, 40, 40)))


def _small_picture(folder):
    Image.fromarray(picture()[:64]).save(folder / "a.png")
    np.savez(folder / "a.npz", defocus=np.zeros((1, 64, 64)))


def _broken_listing(folder):
    _strange_array(folder)
    np.savez(folder / "a.npz", defocus=np.zeros((1, 64, 64)))
    (folder / "state_dict.json").write_text("[1]")


def _foreign_listing(folder):
    _broken_listing(folder)
    listing = {"stage": {"midas.new.weight": {"shape": [3]}}}
    (folder / "state_dict.json").write_text(json.dumps(listing))


def _nothing(folder):
    (folder / "readme.txt").write_text("nothing here")


def _empty(folder):
    np.savez(folder / "kernels.npz")


def _text_in_archive(folder):
    with zipfile.ZipFile(folder / "layered_rendering.npz", "w") as archive:
        archive.writestr("a/output", "no array")


def _small_case(folder):
    flat = np.zeros((20, 20))
    arrays = {"a/image": np.zeros((3, 20, 20)), "a/defocus": flat, "a/radiance_sigmoid": flat}
    np.savez(folder / "layered_rendering.npz", **arrays)


def _endless_seed(folder):
    _broken_listing(folder)
    (folder / "state_dict.json").write_text('{"seed": 1e999}')


def _deep_listing(folder):
    _broken_listing(folder)
    (folder / "state_dict.json").write_text("[" * 100_000)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (_without_picture, r"lonely.png is missing"),
        (_strange_array, r"holds 'depth': the names known are net_input"),
        (_pickled, r"a.npz is no .npz of plain arrays"),
        (_cut, r"kernels.npz is no .npz of plain arrays, or a damaged one"),
        (_lone_array, r"kernels.npz is no .npz of plain arrays"),
        (_text, r"kernels.npz is no .npz of plain arrays"),
        (_words, r"kernel_3 is of type <U1"),
        (_half_a_case, r"has no a/defocus"),
        (_odd_case, r"defocus \(40, 41\)"),
        (_case_without_name, r"holds 'image': names are CASE/ARRAY"),
        (_small_picture, r"72 x 64 pixels: the published model needs"),
        (_broken_listing, r"state_dict.json is no listing"),
        (_foreign_listing, r"differ in \d+ keys"),
        (_nothing, r"holds no .npz"),
        (_empty, r"holds no arrays to compare"),
        (_text_in_archive, r"layered_rendering.npz: a/output is of type \|S0"),
        (_small_case, r"layered_rendering.npz: a has 20 x 20 pixels: sides need more than 34"),
        (_endless_seed, r"state_dict.json is no listing"),
        (_deep_listing, r"state_dict.json is no listing"),
    ],
)
def test_folders_that_cannot_be_used_are_told(tmp_path, fill, words):
    """What is wrong, in which file, in one sentence."""
    fill(tmp_path)
    with pytest.raises(PhotoError, match=words) as refusal:
        evaluate_conformance(tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_is_none_is_told(tmp_path):
    """A name that leads nowhere."""
    with pytest.raises(PhotoError, match="is no folder"):
        evaluate_conformance(tmp_path / "none")
