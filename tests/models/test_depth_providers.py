"""Depth by other networks: tiny random checkpoints and ONNX files made here, never a download."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import d2f
from d2f.errors import MissingPartError, PhotoError, UsageError
from d2f.models.depth_onnx import IMAGENET_MEAN, IMAGENET_STD
from d2f.models.depth_providers import depth_from_output, depth_provider

PHOTO = np.tile(np.linspace(0, 255, 96).astype(np.uint8)[None, :, None], (64, 1, 3))


@pytest.fixture(autouse=True)
def _fresh():
    """Providers are kept by name, and names come back."""
    depth_provider.cache_clear()


def saved_onnx(path: Path, *, sides=("h", "w"), channels: int = 3, unit: str | None = None) -> Path:
    """A network whose map is the mean of its input's channels."""
    onnx = pytest.importorskip("onnx", reason="needs onnx to make a file")
    from onnx import TensorProto, helper

    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    mean = helper.make_node("ReduceMean", ["photo", "axes"], ["depth"], keepdims=0)
    put = helper.make_tensor_value_info("photo", TensorProto.FLOAT, [1, channels, *sides])
    out = helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, *sides])
    graph = helper.make_graph([mean], "mean", [put], [out], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 8
    if unit is not None:
        helper.set_model_props(model, {"depth_unit": unit})
    onnx.save(model, path)
    return path


def test_an_onnx_file_gives_relative_disparity(tmp_path):
    """The ramp comes back as 0..1, at 518 px on the long side, sides multiples of 14."""
    depth = depth_provider(str(saved_onnx(tmp_path / "mean.onnx"))).depth_of(PHOTO)
    assert depth.disparity.shape == (350, 518)
    assert not depth.metric
    assert (depth.disparity.min(), depth.disparity.max()) == (0, 1)
    assert np.all(np.diff(depth.disparity[5, 20:-20]) >= 0)


def test_an_onnx_file_of_fixed_size_states_its_metres(tmp_path):
    """Its own size is used; its metadata wins over the unit that is asked for."""
    path = saved_onnx(tmp_path / "metres.onnx", sides=(32, 48), unit="m")
    white = np.full((64, 96, 3), 255, np.uint8)
    depth = depth_provider(str(path), unit="relative").depth_of(white)
    metres = ((1 - IMAGENET_MEAN) / IMAGENET_STD).mean()
    assert depth.metric
    assert depth.disparity.shape == (32, 48)
    np.testing.assert_allclose(depth.disparity, 1 / metres, rtol=1e-5)


def test_the_unit_of_a_silent_onnx_file_is_the_users(tmp_path):
    """1/m: taken as it is, what is below 0 as infinitely far."""
    provider = depth_provider(str(saved_onnx(tmp_path / "mean.onnx")), unit="1/m")
    depth = provider.depth_of(PHOTO)
    assert depth.metric
    assert depth.disparity.min() == 0
    assert depth.disparity.max() == pytest.approx(2.4, abs=0.1)


def test_what_is_no_depth_network_is_refused(tmp_path):
    """No file, no ONNX, the wrong input: a sentence each."""
    with pytest.raises(PhotoError, match="cannot be read"):
        depth_provider(str(tmp_path / "none.onnx"))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(PhotoError, match=r"no network in ONNX: give one with"):
        depth_provider(str(broken))
    with pytest.raises(PhotoError, match=r"wants photo \[1, 1"):
        depth_provider(str(saved_onnx(tmp_path / "grey.onnx", channels=1)))


@pytest.mark.parametrize("sides", [(0, 0), (10**6, 10**6)])
def test_an_onnx_file_of_an_impossible_size_is_refused(tmp_path, sides):
    """Before a picture of that size is made: it would take all memory."""
    with pytest.raises(PhotoError, match=rf"wants photo \[1, 3, {sides[0]}, {sides[1]}\]"):
        depth_provider(str(saved_onnx(tmp_path / "odd.onnx", sides=sides)))


def test_an_onnx_file_with_many_maps_is_refused(tmp_path):
    """A network that gives a colour picture back is none for depth."""
    onnx = pytest.importorskip("onnx", reason="needs onnx to make a file")
    from onnx import TensorProto, helper

    side = [1, 3, 28, 28]
    put, out = (helper.make_tensor_value_info(n, TensorProto.FLOAT, side) for n in ("x", "y"))
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "same", [put], [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "same.onnx")
    with pytest.raises(PhotoError, match=r"same.onnx gave no depth but float32 \(1, 3, 28, 28\)"):
        depth_provider(str(tmp_path / "same.onnx")).depth_of(PHOTO)


@pytest.mark.parametrize("output", [np.full((4, 4), np.nan), np.zeros((0, 4)), np.zeros(4)])
def test_an_output_that_is_no_map_is_refused(output):
    """Not finite, empty, or a row."""
    with pytest.raises(PhotoError, match="gave no depth"):
        depth_from_output(output.astype(np.float32), unit="m", name="it")


def test_metres_become_disparity():
    """2 m are 0.5 1/m; nothing is nearer than 10 cm."""
    metres = np.array([[2.0, 0.0, -1.0]], np.float32)
    depth = depth_from_output(metres, unit="m", name="it")
    np.testing.assert_allclose(depth.disparity, [[0.5, 10, 10]])


def tiny_checkpoint(folder: Path, kind: str) -> Path:
    """A randomly initialised checkpoint of a few thousand weights, saved in a folder."""
    transformers = pytest.importorskip("transformers", reason="needs d2f[depth]")
    torch = pytest.importorskip("torch", reason="needs d2f[depth]")
    torch.manual_seed(0)
    stages = [f"stage{k}" for k in range(1, 5)]
    if kind == "dpt":
        config = transformers.DPTConfig(
            hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16,
            image_size=32, patch_size=16, backbone_out_indices=[0, 1, 2, 3],
            neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, is_hybrid=False,
        )  # fmt: skip
        model = transformers.DPTForDepthEstimation(config)
        size, multiple = 32, 16
    else:
        backbone = transformers.Dinov2Config(
            hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=1,
            image_size=56, patch_size=14, out_features=stages,
            apply_layernorm=True, reshape_hidden_states=False,
        )  # fmt: skip
        config = transformers.DepthAnythingConfig(
            backbone_config=backbone, reassemble_hidden_size=16, patch_size=14,
            neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, head_hidden_size=8,
            depth_estimation_type=kind, max_depth=20 if kind == "metric" else 1,
        )  # fmt: skip
        model = transformers.DepthAnythingForDepthEstimation(config)
        size, multiple = 56, 14
    model.save_pretrained(folder)
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    DPTImageProcessorPil(
        size={"height": size, "width": size},
        keep_aspect_ratio=kind != "dpt",  # DPT's positions are those of a square
        ensure_multiple_of=multiple,
    ).save_pretrained(folder)
    return folder


@pytest.mark.slow  # importing transformers takes ten seconds
@pytest.mark.parametrize(
    ("kind", "metric"), [("relative", False), ("metric", True), ("dpt", False)]
)
def test_a_transformers_checkpoint_states_its_unit(tmp_path, kind, metric):
    """Depth Anything relative and metric, and DPT, each from its folder."""
    depth = depth_provider(str(tiny_checkpoint(tmp_path / kind, kind))).depth_of(PHOTO)
    assert depth.metric is metric
    assert depth.disparity.dtype == np.float32
    assert depth.disparity.ndim == 2
    if metric:
        assert depth.disparity.min() > 1 / 21
    else:
        assert 0 <= depth.disparity.min() <= depth.disparity.max() <= 1


@pytest.mark.slow  # importing transformers takes ten seconds
def test_a_folder_without_a_checkpoint_and_an_unknown_name_are_told(tmp_path, monkeypatch):
    """Without network: give a folder, or the name while the network is there."""
    pytest.importorskip("transformers", reason="needs d2f[depth]")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingPartError, match=r"holds no checkpoint"):
        depth_provider(str(tmp_path))
    with pytest.raises(MissingPartError, match=r"no-such/model is no folder here.*give a folder"):
        depth_provider("no-such/model")


def test_without_transformers_the_install_line_is_told(monkeypatch):
    """Exit code 3 and the extra to install."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingPartError, match=r'pip install "d2f\[depth\]"'):
        depth_provider("depth-anything/Depth-Anything-V2-Small-hf")


def test_a_provider_takes_the_place_of_the_models_depth(tmp_path, photo_srgb):
    """Through the library: metric depth of the file's own words, at the photo's size."""
    path = saved_onnx(tmp_path / "metres.onnx", sides=(48, 64), unit="m")
    opened = d2f.open(photo_srgb, depth_model=str(path))
    assert opened.disparity.shape == photo_srgb.shape[:2]
    rendered = opened.render_with_maps(focus="1m")
    assert rendered.focus.disparity == 1
    assert rendered.summary()["depth_source"] == "model"


def test_two_sources_of_depth_are_refused(photo_srgb):
    """A map and a network; and a network after the photo was opened."""
    with pytest.raises(UsageError, match="both give depth: choose one"):
        d2f.open(photo_srgb, depth="map.png", depth_model="mean.onnx")
    with pytest.raises(UsageError, match="settled when a photo is opened"):
        d2f.open(photo_srgb).render(depth_model="mean.onnx")


def test_a_file_of_another_kind_is_no_network(tmp_path):
    """It is not looked for on the hub."""
    (tmp_path / "notes.txt").write_text("depth")
    with pytest.raises(PhotoError, match=r"notes\.txt is a file, but no NAME\.onnx"):
        depth_provider(str(tmp_path / "notes.txt"))
