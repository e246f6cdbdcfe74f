"""ImageNet weights for the trunk: torchvision's keys become ours, and other files are refused."""

from __future__ import annotations

import os
import pickle

import pytest

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from safetensors.torch import save_file  # noqa: E402

from d2f.errors import PhotoError, UsageError  # noqa: E402
from d2f.models.d2f2023 import D2F2023, NARROW  # noqa: E402
from d2f.models.d2f2023.checkpoint import model_of_shapes, shapes_of  # noqa: E402
from d2f.train.trunk import STAGES, load_trunk, trunk_key  # noqa: E402

TORCHVISION_KEYS = {  # of resnext50_32x4d, and where the published trunk keeps each
    "conv1.weight": "layer1.0.weight",
    "bn1.running_var": "layer1.1.running_var",
    "layer1.2.conv2.weight": "layer1.4.2.conv2.weight",
    "layer1.0.downsample.1.bias": "layer1.4.0.downsample.1.bias",
    "layer4.2.bn3.weight": "layer4.2.bn3.weight",
}


def narrow_trunk() -> torch.nn.Module:
    """The trunk of a narrow network."""
    return D2F2023(**NARROW).midas.pretrained


def as_torchvision(trunk: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The trunk's weights by torchvision's keys, with a classifier."""
    theirs = {}
    for key, value in trunk.state_dict().items():
        name = next(
            name + key.removeprefix(own) for name, own in STAGES.items() if key.startswith(own)
        )
        theirs[name] = value + 1 if value.is_floating_point() else value
    return theirs | {"fc.weight": torch.zeros(10, 8), "fc.bias": torch.zeros(10)}


def test_torchvision_keys_become_the_published_ones():
    """The stem counts to the first stage; blocks, norms and shortcuts keep their names."""
    published = shapes_of(model_of_shapes({}))
    for theirs, ours in TORCHVISION_KEYS.items():
        assert trunk_key(theirs) == ours
        assert f"midas.pretrained.{ours}" in published


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_arrive(tmp_path, suffix):
    """Every weight of the file is in the trunk afterwards; counters may be missing."""
    path, wanted = tmp_path / f"trunk{suffix}", as_torchvision(narrow_trunk())
    wanted = {name: v for name, v in wanted.items() if not name.endswith("num_batches_tracked")}
    torch.save(wanted, path) if suffix == ".pth" else save_file(wanted, path)
    trunk = narrow_trunk()
    load_trunk(trunk, path)
    for name, value in wanted.items():
        if not name.startswith("fc."):
            assert torch.equal(trunk.state_dict()[trunk_key(name)], value)


def test_another_network_is_told_by_its_first_key(tmp_path):
    """A missing key, a strange key and a wrong shape are each named."""
    path, wanted = tmp_path / "trunk.pth", as_torchvision(narrow_trunk())
    for changed, told in (
        ({n: v for n, v in wanted.items() if n != "bn1.weight"}, r"it lacks 'layer1\.1\.weight'"),
        (wanted | {"features.0.weight": torch.zeros(1)}, r"it has 'features\.0\.weight'"),
        (wanted | {"layer1.7.conv1.weight": torch.zeros(1)}, r"it has 'layer1\.4\.7\.conv1"),
        (wanted | {"conv1.weight": torch.zeros(64, 3, 7, 7)}, r"\(64, 3, 7, 7\) where"),
    ):
        torch.save(changed, path)
        with pytest.raises(PhotoError, match=told):
            load_trunk(narrow_trunk(), path)


class Evil:
    """What a pickle could do."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_nothing_in_a_file_is_executed(tmp_path, monkeypatch):
    """A pickle with code, a damaged file and a missing one: one sentence each, nothing run."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "trunk.pth"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(PhotoError, match=r"holds code \(posix\.mkdir\), which d2f does not run"):
        load_trunk(narrow_trunk(), path)
    assert not (tmp_path / "executed").exists()
    path.write_bytes(b"damaged")
    with pytest.raises(PhotoError, match="is no checkpoint of torch, or a damaged one"):
        load_trunk(narrow_trunk(), path)
    torch.save([1, 2], path)
    with pytest.raises(PhotoError, match="holds no state of a network"):
        load_trunk(narrow_trunk(), path)
    with pytest.raises(UsageError, match=r"none\.pth does not exist"):
        load_trunk(narrow_trunk(), tmp_path / "none.pth")
