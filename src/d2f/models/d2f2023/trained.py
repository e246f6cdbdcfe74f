"""Weights of a finished training, put back into a network."""

from collections.abc import Collection
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import nn

from d2f.errors import PhotoError

__all__ = ["read_weights"]


def read_weights(network: nn.Module, path: Path, *, parts: Collection[str] = ()) -> None:
    """Put the weights of a finished stage into the network; other parts of it stay.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    path : Path
        A safetensors file.
    parts : names of the network's first level, e.g. "midas"
        What the file must hold as a whole; by default the parts it has anything of.

    Raises
    ------
    PhotoError
        If the file is damaged or holds another network.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        strange = network.load_state_dict(tensors, strict=False)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise PhotoError(f"{path} holds no weights of this network: train anew.") from error
    whole = parts or {name.split(".")[0] for name in tensors}
    missing = [name for name in strange.missing_keys if name.split(".")[0] in whole]
    if missing or strange.unexpected_keys or not whole:
        names = [*missing, *strange.unexpected_keys, "nothing"]
        raise PhotoError(f"{path} holds another network, see {names[0]!r}: train anew.")
