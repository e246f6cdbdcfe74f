"""A trained network is put in place whole, registered, and refused where it is none."""

from __future__ import annotations

import json
import sys

import pytest
from onnx import TensorProto, helper

from d2f.cli import app as command_line
from d2f.errors import PhotoError, UsageError
from d2f.models.compact import OUTPUTS, WEIGHTS, CompactModel
from d2f.models.register import known_weights
from d2f.train.install import install_weights


def test_an_installed_network_is_registered_and_loads(tmp_path):
    """The file is the source's, its SHA-256 passes the check, other entries stay."""
    (tmp_path / "register.json").write_text('{"other.onnx": {"bytes": 1}}', encoding="utf-8")
    installed = install_weights(WEIGHTS, folder=tmp_path)
    assert installed.read_bytes() == WEIGHTS.read_bytes()
    CompactModel.load(installed)
    entries = json.loads((tmp_path / "register.json").read_text(encoding="utf-8"))
    shipped = json.loads((WEIGHTS.parent / "register.json").read_text(encoding="utf-8"))
    assert entries == {"compact.onnx": shipped["compact.onnx"], "other.onnx": {"bytes": 1}}


def test_a_network_keeps_its_terms_where_they_are_known(tmp_path):
    """The clean network does not become research-only by taking the other's place."""
    install_weights(WEIGHTS.with_name("compact-scenes.onnx"), folder=tmp_path)
    (clean, *_) = known_weights(tmp_path)
    assert clean.name == "compact.onnx"
    assert clean.licence.startswith("Apache-2.0")
    entries = json.loads((tmp_path / "register.json").read_text(encoding="utf-8"))
    entries["compact.onnx"]["card"] = None  # as of a network that was trained here
    (tmp_path / "register.json").write_text(json.dumps(entries), encoding="utf-8")
    assert known_weights(tmp_path)[0].licence.startswith("installed here")


def test_the_command_installs_and_prints_the_file(tmp_path, monkeypatch, capsys):
    """`d2f train install NETWORK --into FOLDER`."""
    monkeypatch.setattr(
        sys, "argv", ["d2f", "train", "install", str(WEIGHTS), "--into", str(tmp_path)]
    )
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    assert not stopped.value.code
    assert capsys.readouterr().out.strip() == str(tmp_path / "compact.onnx")
    CompactModel.load(tmp_path / "compact.onnx")


def test_what_is_no_network_is_refused_and_changes_nothing(tmp_path):
    """The message names the file; weights and register stay as they were."""
    install_weights(WEIGHTS, folder=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "noise.onnx").write_bytes(b"no network")
    with pytest.raises(PhotoError, match=r"noise\.onnx is no network"):
        install_weights(tmp_path / "noise.onnx", folder=tmp_path)
    with pytest.raises(UsageError, match=r"absent\.onnx does not exist"):
        install_weights(tmp_path / "absent.onnx", folder=tmp_path)
    (tmp_path / "noise.onnx").unlink()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("damage", ["no number", "one size", "whole photo"])
def test_a_network_that_gives_no_maps_is_refused(tmp_path, damage):
    """Names alone make no network: else every picture after it would fail."""
    install_weights(WEIGHTS, folder=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    sides = [64, 96] if damage == "one size" else [None, None]
    photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, [1, 3, *sides])
    nodes = [helper.make_node("AveragePool", ["photo"], ["a"], kernel_shape=[2, 2], strides=[2, 2])]
    nodes += [helper.make_node("ReduceMean", ["a"], ["b"], axes=[1], keepdims=0)]
    nodes += [helper.make_node("Sub", ["b", "b"], ["zero"])]
    nodes += [helper.make_node("Div", ["zero", "zero"], ["none"])]
    given = {"no number": "none", "one size": "b", "whole photo": "photo"}[damage]
    nodes += [helper.make_node("Identity", [given], [name]) for name in OUTPUTS]
    maps = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in OUTPUTS]
    graph = helper.make_graph(nodes, "maps", [photo], maps)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    source = tmp_path.with_name(f"{tmp_path.name}.onnx")
    source.write_bytes(model.SerializeToString())
    with pytest.raises(PhotoError, match="gives no maps of a photo"):
        install_weights(source, folder=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_damaged_register_is_refused(tmp_path):
    """What else it held is not thrown away in silence."""
    (tmp_path / "register.json").write_text("{", encoding="utf-8")
    with pytest.raises(PhotoError, match="damaged: remove it"):
        install_weights(WEIGHTS, folder=tmp_path)
    assert not (tmp_path / "compact.onnx").exists()
