"""The register: what is packaged is sound, and what is not is told."""

from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

from d2f.cli.app import app
from d2f.errors import MissingPartError, PhotoError
from d2f.models import register


def test_every_packaged_file_is_sound():
    """Each has the registered hash, a card and words of its own."""
    names = [weights.name for weights in register.known_weights() if weights.packaged]
    assert names == sorted(register.PACKAGED)
    for name in names:
        assert len(register.verify_packaged(register.FOLDER / name)) == 64
        assert (register.FOLDER / register.registered()[name]["card"]).is_file()


def test_the_list_says_where_everything_comes_from():
    """Terms of each, and the way to the published model's weights."""
    result = CliRunner().invoke(app, ["weights", "list"])
    assert result.exit_code == 0
    for words in ("compact.onnx", "LICENSE-WEIGHTS.md", "not packaged", "d2f weights convert"):
        assert words in result.output


def test_a_changed_file_is_told(tmp_path):
    """One byte is enough; a file of another name is none of ours."""
    damaged = tmp_path / "compact.onnx"
    shutil.copy(register.FOLDER / "compact.onnx", damaged)
    content = bytearray(damaged.read_bytes())
    content[1000] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(PhotoError, match="is damaged or another version"):
        register.verify_packaged(damaged)
    with pytest.raises(PhotoError, match="not among the weights of d2f"):
        register.verify_packaged(tmp_path / "other.bin")
    result = CliRunner().invoke(app, ["weights", "verify", str(register.FOLDER / "compact.onnx")])
    assert "sound: SHA-256" in result.output


def test_a_damaged_register_is_told(tmp_path):
    """The way out is to install again."""
    (tmp_path / "register.json").write_text("{")
    with pytest.raises(MissingPartError, match="reinstall d2f"):
        register.known_weights(tmp_path)
