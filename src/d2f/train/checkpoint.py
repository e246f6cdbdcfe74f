"""Checkpoints of a run: written whole or not at all, and refused in words where they do not fit."""

import io
from pathlib import Path
from typing import Any

import torch
from torch import nn

from d2f.errors import PhotoError, UsageError
from d2f.files.atomic import write_whole

__all__ = ["load_weights", "read_checkpoint", "write_checkpoint"]

Checkpoint = dict[str, Any]  # tensors by name, numbers and the plan: as torch.save keeps them


def write_checkpoint(path: Path, state: Checkpoint) -> None:
    """Save beside the target and rename: a killed run leaves the old file whole."""
    content = io.BytesIO()
    torch.save(state, content)
    write_whole(content.getvalue(), path, overwrite=True)


def read_checkpoint(path: Path, *, parts: tuple[str, ...]) -> Checkpoint:
    """The content of a checkpoint.

    Parameters
    ----------
    path : Path
    parts : tuple of str
        What it must hold.

    Raises
    ------
    UsageError
        If there is no such file.
    PhotoError
        If it is no checkpoint, or lacks a part.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist: give a checkpoint of `d2f train compact`.")
    way_out = "give last.pt or best.pt of `d2f train compact`"
    try:
        state: Checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged pickles fail in a dozen ways without a common base
        raise PhotoError(f"{path} is no checkpoint that torch can read; {way_out}.") from error
    missing = [part for part in parts if not isinstance(state, dict) or part not in state]
    if missing:
        raise PhotoError(f"{path} holds no {missing[0]!r}; {way_out}.")
    return state


def load_weights(network: nn.Module, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Put a checkpoint's weights into a network; refused (PhotoError) where they do not fit."""
    try:
        network.load_state_dict(weights)
    except (RuntimeError, TypeError) as error:
        raise PhotoError(
            f"{path} holds the weights of another network: train anew with this version of d2f."
        ) from error
