"""The folder of a run: its checkpoint, its log, what it looked like on the way.

    RUN/last.safetensors     weights, optimiser, step, choices: one file, so never half of two saves
    RUN/log.csv              a row per logged step; after a crash, rows past the checkpoint go
    RUN/samples/000100.png   photo, defocus, rendered, target of some crops after 100 steps
    RUN/weights.safetensors  what has been learnt, alone; RUN/config.json says how

Nothing is pickled, so a damaged or foreign checkpoint can be refused, but cannot run code.
"""

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from d2f.errors import PhotoError, UsageError
from d2f.files.atomic import write_whole
from d2f.train.out_folder import make_out_folder

if sys.platform != "win32":
    import fcntl

__all__ = ["CONFIG", "WEIGHTS", "RunFolder"]

WEIGHTS, CONFIG = "weights.safetensors", "config.json"
FORMAT = "d2f training run 1"
NETWORK, OPTIMISER = "network.", "optimiser."
Choices = Mapping[str, Any]  # JSON values


class RunFolder:
    """Where one run keeps what it must not lose.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    choices : mapping of JSON values
        What makes this run what it is; a checkpoint of other choices is refused.

    Raises
    ------
    PhotoError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path, choices: Choices) -> None:
        self.folder, self.choices = folder, dict(choices)
        self.checkpoint, self.table = folder / "last.safetensors", folder / "log.csv"
        self.weights = folder / WEIGHTS
        make_out_folder(folder)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out of the folder; the system lets go of it however this one ends.

        Raises
        ------
        UsageError
            If another run has it.
        """
        if sys.platform == "win32":  # folders cannot be locked there
            yield
            return
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network discs lock nothing
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise UsageError(
                        f"another training runs in {self.folder}: wait, or give another folder "
                        "as --out."
                    ) from None
            yield
        finally:
            os.close(handle)

    def save(
        self, network: nn.Module, optimiser: torch.optim.Optimizer, *, step: int, seconds: float
    ) -> None:
        """Replace the checkpoint, whole or not at all."""
        tensors = {NETWORK + name: value for name, value in network.state_dict().items()}
        for index, entry in optimiser.state_dict()["state"].items():
            tensors |= {f"{OPTIMISER}{index}.{name}": value for name, value in entry.items()}
        notes = {"format": FORMAT, "choices": json.dumps(self.choices, sort_keys=True)}
        notes |= {"step": str(step), "seconds": repr(seconds)}
        write_whole(save(_plain(tensors), metadata=notes), self.checkpoint, overwrite=True)

    def export(self, weights: Mapping[str, Tensor], *, step: int) -> None:
        """Write what has been learnt so far, and how."""
        write_whole(save(_plain(weights)), self.weights, overwrite=True)
        config = json.dumps(self.choices | {"steps": step}, indent=1) + "\n"
        write_whole(config.encode(), self.folder / CONFIG, overwrite=True)

    def resume(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[int, float]:
        """Go on from the checkpoint, if there is one.

        Returns
        -------
        step, seconds : int, float
            What is done already; 0 of both in a new folder.

        Raises
        ------
        UsageError
            If the run was begun with other choices.
        PhotoError
            If the checkpoint is damaged, or holds another network.
        """
        if not self.checkpoint.exists():
            return 0, 0.0
        way_out = "delete it to begin anew, or give another folder as --out"
        try:
            with safe_open(self.checkpoint, "pt") as file:
                notes = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise PhotoError(
                f"{self.checkpoint} is no whole checkpoint ({error}): {way_out}."
            ) from None
        if notes.get("format") != FORMAT:
            raise PhotoError(f"{self.checkpoint} is no checkpoint of a d2f training: {way_out}.")
        try:
            step, seconds = int(notes["step"]), float(notes["seconds"])
            begun = dict(json.loads(notes["choices"]))
            if step < 0:
                raise ValueError(step)
        except (KeyError, ValueError, TypeError):
            raise PhotoError(
                f"{self.checkpoint} does not say how far its run had come: {way_out}."
            ) from None
        self._check_choices(begun)
        try:
            network.load_state_dict(_part(tensors, NETWORK))
            optimiser.load_state_dict(
                {
                    "state": _entries(_part(tensors, OPTIMISER)),
                    "param_groups": optimiser.state_dict()["param_groups"],
                }
            )
        except (RuntimeError, ValueError, KeyError) as error:
            raise PhotoError(
                f"{self.checkpoint} holds the weights of another network: {way_out}."
            ) from error
        return step, seconds

    def _check_choices(self, begun: Choices) -> None:
        for name in sorted(self.choices.keys() | begun.keys()):
            ours, theirs = self.choices.get(name), begun.get(name)
            if ours != theirs:
                raise UsageError(
                    f"{self.folder} was begun with {name} {theirs}, not {ours}: give the same "
                    "again, or another folder as --out."
                )

    def forget_after(self, step: int) -> None:
        """Drop the rows of the log that lie past the checkpoint: they will come again."""
        if not self.table.is_file():
            return
        with self.table.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = list(csv.reader(line.replace("\0", "") for line in file))
        kept = [row for row in rows[1:] if row and row[0].isdigit() and int(row[0]) <= step]
        text = io.StringIO()
        csv.writer(text).writerows(rows[:1] + kept if kept else [])
        write_whole(text.getvalue().encode(), self.table, overwrite=True)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row to log.csv."""
        try:
            with self.table.open("a", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                if file.tell() == 0:
                    writer.writerow(["step", *values])
                writer.writerow([step, *(f"{value:.9g}" for value in values.values())])
        except OSError as error:
            raise PhotoError(f"{self.table} cannot be written: {error.strerror}.") from None

    def show(self, step: int, pictures: Tensor) -> None:
        """Keep what the run looks like now.

        Parameters
        ----------
        step : int
        pictures : 3 x h x w, codes 0..1
        """
        codes = pictures.detach().cpu().clamp(0, 1).mul(255).round().byte()
        content = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(codes.permute(1, 2, 0).numpy())).save(content, "PNG")
        path = self.folder / "samples" / f"{step:06d}.png"
        write_whole(content.getvalue(), path, overwrite=True)


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): value for n, value in tensors.items() if n.startswith(prefix)}


def _entries(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Any]]:
    """`3.exp_avg` and its like, as an optimiser's state by parameter."""
    entries: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        entries.setdefault(int(index), {})[key] = value
    return entries
