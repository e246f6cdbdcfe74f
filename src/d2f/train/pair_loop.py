"""The loop that trains on pairs: draw, compare, step, keep; the same for both stages.

A step is a function of the weights before it, the seed and its number, so a run that was killed
goes on from its checkpoint as if nothing had happened.
"""

from __future__ import annotations

import itertools
import math
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import torch
from torch import Tensor
from torch.utils.data import default_collate

from d2f.errors import D2FError
from d2f.train.crops import Crop, PairCrops, crop_loader
from d2f.train.fusion import Fusion
from d2f.train.hallucination import Hallucination, Precision
from d2f.train.processes import joined_processes
from d2f.train.run_folder import RunFolder

__all__ = ["PairPlan", "Stage", "train_on_pairs"]

Stage = Hallucination | Fusion
WARM_UP_STEPS = 30
LAST_RATE = 0.02  # of the learning rate: where the cosine ends
LARGEST_GRADIENT = 1.0  # norm; steeper ones are shortened to it
SHOWN_PAIRS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """On what, how long and how to train.

    Attributes
    ----------
    split : str, optional
        Part of the pairs; by default what is kept for training.
    crop_px, long_side_px : int
        Side of a crop, a multiple of 128; larger pictures are reduced to the long side first.
    batch : int
        Crops of a step, shared by all processes.
    epochs : float
        Length of the run, unless `steps` or, by the clock, `minutes` decide.
    learning_rate : float, optional
        By default the stage's own.
    precision : "auto", "float32" or "bfloat16"
        Of the defocus network; auto takes bfloat16 where a GPU has it.
    seed : int
        Of everything that is left to chance.
    threads, workers : int
        CPU threads of each process; further processes that read pictures ahead.
    log_every, save_every, show_every : int, steps
    """

    split: str | None = None
    crop_px: int = 512
    long_side_px: int = 1536
    batch: int = 8
    epochs: float = 30.0
    steps: int | None = None
    minutes: float | None = None
    learning_rate: float | None = None
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 0
    threads: int = 2
    workers: int = 0
    log_every: int = 10
    save_every: int = 200
    show_every: int = 500

    def progress(self, step: int, seconds: float, *, pairs: int) -> float:
        """Share of the run that is over, 0 and up."""
        if self.minutes is not None:
            return seconds / (60.0 * self.minutes)
        return step / (self.steps or math.ceil(self.epochs * pairs / self.batch))

    @property
    def network_precision(self) -> Precision:
        """The number type that `precision` means on this machine."""
        if self.precision != "auto":
            return self.precision
        gpu = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        return "bfloat16" if gpu else "float32"


def train_on_pairs(stage: Stage, crops: PairCrops, plan: PairPlan, folder: RunFolder) -> Path:
    """Train a stage until its plan is fulfilled, going on from the checkpoint of its folder.

    Returns
    -------
    weights : Path
        What was learnt, in one file.

    Raises
    ------
    D2FError
        If the loss is no number any more.
    UsageError, PhotoError
        If the batch cannot be shared, or another run goes on in the folder, or it holds another
        run or a damaged checkpoint.
    """
    with (
        joined_processes(threads=plan.threads) as process,
        folder.held() if process.is_first else nullcontext(),
    ):
        stage.to(process.device)
        rate = plan.learning_rate or stage.learning_rate
        optimiser = torch.optim.AdamW(stage.parameter_groups(), lr=rate)
        step, seconds = folder.resume(stage.network, optimiser)
        batches = iter(
            crop_loader(
                crops,
                first_step=step,
                batch=plan.batch,
                rank=process.rank,
                world=process.world,
                workers=plan.workers,
            )
        )
        shown = default_collate([crops.centre(k) for k in range(min(SHOWN_PAIRS, len(crops)))])
        keeper = Keeper(stage, optimiser, plan, folder, on_device(shown, process.device))
        shared = process.shared(stage)
        if process.is_first:
            folder.forget_after(step)
        while (progress := process.agreed(plan.progress(step, seconds, pairs=len(crops)))) < 1.0:
            start = time.monotonic()
            for group in optimiser.param_groups:
                group["lr"] = rate * group["share"] * rate_share(step, progress)
            stage.train()
            losses = shared(on_device(next(batches), process.device), progress)
            learn(losses["total"], stage, optimiser, step)
            step, seconds = step + 1, seconds + time.monotonic() - start
            if step == 1 or step % plan.log_every == 0:
                values = process.mean(losses) | {"progress": progress, "minutes": seconds / 60.0}
                if process.is_first:
                    folder.log(step, values)
            if process.is_first:
                keeper.keep_if_due(step, seconds)
        if process.is_first:
            keeper.keep(step, seconds)
            keeper.show(step)
    return folder.weights


@dataclass(frozen=True, slots=True)
class Keeper:
    """What a run leaves behind under way, and at its end."""

    stage: Stage
    optimiser: torch.optim.Optimizer
    plan: PairPlan
    folder: RunFolder
    shown: Crop

    def keep_if_due(self, step: int, seconds: float) -> None:
        """Checkpoint and sample pictures, each in its own rhythm."""
        if step % self.plan.save_every == 0:
            self.keep(step, seconds)
        if step % self.plan.show_every == 0:
            self.show(step)

    def keep(self, step: int, seconds: float) -> None:
        """The checkpoint, and what has been learnt so far as weights alone."""
        self.folder.save(self.stage.network, self.optimiser, step=step, seconds=seconds)
        self.folder.export(self.stage.weights(), step=step)

    @torch.no_grad()
    def show(self, step: int) -> None:
        """What the stage makes of some crops, as at inference."""
        self.stage.eval()
        self.folder.show(step, self.stage.pictures(self.shown))


def learn(total: Tensor, stage: Stage, optimiser: torch.optim.Optimizer, step: int) -> None:
    """One step down the loss; refused where the loss is no number, so that none is ever saved."""
    if not bool(torch.isfinite(total)):
        raise D2FError(
            f"the loss is {float(total.detach())} at step {step}: start again to go on from the "
            "last checkpoint, or begin anew with a smaller --learning-rate."
        )
    optimiser.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    parameters = itertools.chain.from_iterable(g["params"] for g in optimiser.param_groups)
    torch.nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
    optimiser.step()


def rate_share(step: int, progress: float) -> float:
    """Warm-up by steps, then a cosine over the run down to 2 % of the learning rate."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    return warm * (LAST_RATE + (1.0 - LAST_RATE) * cosine)


def on_device(crop: Crop, device: torch.device) -> Crop:
    """A batch where the networks are."""
    return cast(Crop, {name: cast(Tensor, part).to(device) for name, part in crop.items()})
