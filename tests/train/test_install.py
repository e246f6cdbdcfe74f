"""A trained network is put in place whole, registered, and refused where it is none."""

from __future__ import annotations

import json
import sys

import pytest

from d2f.cli import app as command_line
from d2f.errors import PhotoError, UsageError
from d2f.models.compact import WEIGHTS, CompactModel
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


def test_a_damaged_register_is_refused(tmp_path):
    """What else it held is not thrown away in silence."""
    (tmp_path / "register.json").write_text("{", encoding="utf-8")
    with pytest.raises(PhotoError, match="damaged: remove it"):
        install_weights(WEIGHTS, folder=tmp_path)
    assert not (tmp_path / "compact.onnx").exists()
