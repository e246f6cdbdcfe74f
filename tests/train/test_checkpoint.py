"""Checkpoints come back as they were, and what does not fit is refused in words."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.errors import PhotoError, UsageError  # noqa: E402
from d2f.train.checkpoint import load_weights, read_checkpoint, write_checkpoint  # noqa: E402


def test_a_checkpoint_comes_back(tmp_path):
    """Tensors and numbers, under their names."""
    path = tmp_path / "last.pt"
    write_checkpoint(path, {"weights": {"a": torch.arange(3)}, "step": 7})
    state = read_checkpoint(path, parts=("weights", "step"))
    assert state["step"] == 7
    assert torch.equal(state["weights"]["a"], torch.arange(3))


def test_what_is_no_checkpoint_is_refused(tmp_path):
    """Absent, damaged, and of another kind: each names the file and the way out."""
    path = tmp_path / "last.pt"
    with pytest.raises(UsageError, match=r"last\.pt does not exist"):
        read_checkpoint(path, parts=())
    for content in (b"", b"no checkpoint"):
        path.write_bytes(content)
        with pytest.raises(PhotoError, match=r"last\.pt is no checkpoint"):
            read_checkpoint(path, parts=())
    write_checkpoint(path, {"step": 7})
    whole = path.read_bytes()
    with pytest.raises(PhotoError, match="holds no 'average'"):
        read_checkpoint(path, parts=("average",))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PhotoError, match=r"last\.pt is no checkpoint"):
        read_checkpoint(path, parts=())


def test_weights_of_another_network_are_refused(tmp_path):
    """A sentence instead of a list of tensors."""
    network = torch.nn.Linear(2, 3)
    load_weights(network, network.state_dict(), tmp_path / "best.pt")
    with pytest.raises(PhotoError, match=r"best\.pt holds the weights of another network"):
        load_weights(network, torch.nn.Linear(4, 3).state_dict(), tmp_path / "best.pt")


def test_a_checkpoint_that_cannot_be_written_is_told(tmp_path):
    """A file where the folder should be."""
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(PhotoError, match=r"last\.pt cannot be"):
        write_checkpoint(tmp_path / "out" / "last.pt", {"step": 7})
