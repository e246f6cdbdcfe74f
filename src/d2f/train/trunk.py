"""ImageNet weights for the trunk of the published network, from a file that the user has.

In: a ResNeXt-50 32x4d as torchvision stores it (.pth, or the same keys as .safetensors).
"""

from pathlib import Path

from torch import Tensor, nn

from d2f.errors import PhotoError, UsageError
from d2f.models.d2f2023.checkpoint import read_state, torch_state

__all__ = ["load_trunk", "trunk_key"]

CLASSIFIER = "fc."
COUNTERS = ".num_batches_tracked"  # files older than torch 0.4.1 lack them; nothing reads them
STAGES = {
    "conv1.": "layer1.0.",
    "bn1.": "layer1.1.",
    "layer1.": "layer1.4.",  # the published network counts the stem to its first stage
    "layer2.": "layer2.",
    "layer3.": "layer3.",
    "layer4.": "layer4.",
}


def trunk_key(name: str) -> str | None:
    """The published trunk's key of a torchvision key; None for the classifier and for strangers.

    Examples
    --------
    >>> trunk_key("layer1.0.conv1.weight")
    'layer1.4.0.conv1.weight'
    >>> trunk_key("fc.bias") is None
    True
    """
    for theirs, ours in STAGES.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return None


def load_trunk(trunk: nn.Module, path: Path) -> None:
    """Put ImageNet weights into a trunk.

    Parameters
    ----------
    trunk : nn.Module
        With the children layer1 .. layer4 of the published network.
    path : Path
        torchvision's resnext50_32x4d file; pickles are read for their tensors alone.

    Raises
    ------
    UsageError
        If there is no such file.
    PhotoError
        If it cannot be read, or belongs to another network: names the first key that does not fit.
    """
    wanted = trunk.state_dict()
    found: dict[str, Tensor] = {}
    for name, value in _tensors(path).items():
        if (key := trunk_key(name)) is not None:
            found[key] = value
        elif not name.startswith(CLASSIFIER):
            raise _foreign(path, f"it has {name!r}, which the trunk has not")
    for key, own in wanted.items():
        if key.endswith(COUNTERS):
            found.setdefault(key, own)
        if key not in found:
            raise _foreign(path, f"it lacks {key!r}")
        if found[key].shape != own.shape:
            shapes = f"{tuple(found[key].shape)} where the trunk has {tuple(own.shape)}"
            raise _foreign(path, f"{key!r} is {shapes}")
    if strangers := sorted(found.keys() - wanted.keys()):
        raise _foreign(path, f"it has {strangers[0]!r}, which the trunk has not")
    trunk.load_state_dict(found)


def _tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UsageError(f"{path} does not exist: give torchvision's resnext50_32x4d file.")
    state = read_state(path) if path.suffix == ".safetensors" else torch_state(path)
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def _foreign(path: Path, what: str) -> PhotoError:
    return PhotoError(
        f"{path} is no ResNeXt-50 32x4d: {what}; give torchvision's resnext50_32x4d file."
    )
