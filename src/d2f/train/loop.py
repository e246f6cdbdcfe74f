"""The training loop: draw, compare, step, average, keep; until the time is over.

The schedule follows the clock, not the steps, so that a busy machine ends with a finished cosine.
Weights that are judged and shipped are a running average of those in training.
"""

import copy
import csv
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from d2f.errors import D2FError, PhotoError, UsageError
from d2f.train.batches import Batch, BatchMix, BatchStream
from d2f.train.checkpoint import load_weights, read_checkpoint, write_checkpoint
from d2f.train.data import PhotoFolder, ShallowPair
from d2f.train.focusing import FocusingSource, focusing_loss
from d2f.train.losses import coarser, depth_loss, focus_loss, outline_loss, sharpness_loss
from d2f.train.network import CompactNetwork, load_imagenet_encoder
from d2f.train.scene_files import RayTracedScene
from d2f.train.teacher import start_from
from d2f.train.validation import network_predictor, score, validation_figures

__all__ = ["Trainer", "TrainingPlan"]

# As in the run that made the shipped weights; docs/model-log.md tells what was compared.
WARM_UP_STEPS = 60
LAST_RATE = 0.02  # of the learning rate: where the cosine ends
MOMENTA = (0.9, 0.99)  # of AdamW; a shorter memory of squares than usual, for a short run
LARGEST_GRADIENT = 2.0  # norm; steeper ones are shortened to it
AVERAGE_DECAY = 0.998
AVERAGE_START = 10  # steps: the average begins short, or it would long remember the first weights
SLOPE_WEIGHT = 0.5  # of the gradient loss, to 1 of depth
# Of the weights of a start: their mean fails less often than either (Wortsman et al. 2022).
KEPT_OF_START = 0.5
COARSE_WEIGHT = 0.3  # of the maps at stride 8
COARSE_FACTOR = 4  # from stride 2 to stride 8
OUTLINE_WEIGHT = 0.1  # small: its gain was within noise
SHARPNESS_WEIGHT = 0.3
FOCUSING_WEIGHT = 10.0  # its gradient is then a quarter to once that of all the rest
LOG_EVERY, LOG_FIRST = 25, 5  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """Every choice of a run."""

    minutes: float = 60.0
    seed: int = 0
    small_px: int = 256
    large_px: int = 384  # for the last third: outlines want more pixels than depth does
    large_from: float = 0.6
    learning_rate: float = 1.2e-3
    encoder_share: float = 0.12  # of the learning rate: the encoder has learnt before
    threads: int = 2
    bfloat16: bool = False  # 1.6 x faster with AVX-512 BF16, 14 x slower without
    save_every_minutes: float = 3.0
    validate_every_minutes: float = 10.0
    focusing: int = 0  # pictures of each batch that teach through the renderer
    mix: BatchMix = field(default_factory=BatchMix)


class Trainer:
    """A network with its average, its optimiser and its clock; can be saved and resumed."""

    def __init__(
        self,
        plan: TrainingPlan,
        photos: PhotoFolder,
        validation: PhotoFolder,
        out: Path,
        *,
        raytraced: Sequence[RayTracedScene] = (),
        shallow: Sequence[ShallowPair] = (),
        start: Path | None = None,
    ):
        if not raytraced and not (photos.pairs and photos.masks):
            raise UsageError(
                "there is nothing to learn from: --scenes has no whole scene yet, wait for one of "
                "d2f train scenes."
            )
        torch.manual_seed(plan.seed)
        torch.set_num_threads(plan.threads)
        self.plan, self.validation, self.out = plan, validation, out
        self.network = CompactNetwork()
        if start is None:
            load_imagenet_encoder(self.network)
        else:
            start_from(self.network, start)
        self.network.freeze_first_blocks()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.start = None if start is None else weights_of(start)
        encoder = [p for p in self.network.encoder.parameters() if p.requires_grad]
        others = [p for n, p in self.network.named_parameters() if not n.startswith("encoder.")]
        self.shares = (plan.encoder_share, 1.0)
        self.optimiser = torch.optim.AdamW(
            [{"params": encoder}, {"params": others}], lr=0.0, betas=MOMENTA
        )
        self.step, self.seconds, self.best = 0, 0.0, -1.0
        self.stream = BatchStream(
            photos, plan.mix, size_px=plan.small_px, seed=plan.seed, raytraced=raytraced
        )
        self.focusing = FocusingSource(
            shallow, scenes=self.stream.scenes, raytraced=raytraced, seed=plan.seed
        )

    @property
    def progress(self) -> float:
        """Share of the run's time that is over, 0..1."""
        return min(1.0, self.seconds / (60.0 * self.plan.minutes))

    def run(self) -> None:
        """Train until the time is over, saving and validating on the way."""
        saved = validated = self.seconds / 60.0
        logged, logged_step = time.monotonic(), self.step
        with closing(self.stream):
            while self.progress < 1.0:
                start = time.monotonic()
                late = self.progress >= self.plan.large_from
                self.stream.size_px = self.plan.large_px if late else self.plan.small_px
                batch = self.stream.next()
                waited = time.monotonic() - start
                losses = self.learn(batch)
                self.seconds += time.monotonic() - start
                if self.step % LOG_EVERY == 0 or self.step < LOG_FIRST:
                    pictures = (self.step - logged_step) * len(batch.photo)
                    speed = pictures / (time.monotonic() - logged)
                    logged, logged_step = time.monotonic(), self.step
                    self.log("log.csv", losses | {"pictures_per_s": speed, "waited_s": waited})
                if self.seconds / 60.0 - saved >= self.plan.save_every_minutes:
                    saved = self.seconds / 60.0
                    self.save()
                if self.seconds / 60.0 - validated >= self.plan.validate_every_minutes:
                    validated = self.seconds / 60.0
                    self.validate()
        self.save()
        self.validate()

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step; the losses before it."""
        rate = self.plan.learning_rate * self.rate_share()
        for group, share in zip(self.optimiser.param_groups, self.shares, strict=True):
            group["lr"] = rate * share
        losses = batch_losses(self.network, batch, bfloat16=self.plan.bfloat16)
        if self.plan.focusing:
            drawn = self.focusing.draw(self.plan.focusing, batch.photo.shape[-1])
            losses["focusing"] = focusing_loss(self.network, drawn)
            losses["total"] = losses["total"] + FOCUSING_WEIGHT * losses["focusing"]
        total = losses["total"]
        if not bool(torch.isfinite(total)):
            raise D2FError(
                f"the loss is {float(total.detach())} at step {self.step}: go on from the last "
                "save with --resume, or begin anew with another --seed."
            )
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.step += 1
        decay = min(AVERAGE_DECAY, (1 + self.step) / (AVERAGE_START + self.step))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1.0 - decay)
        return {name: float(value.detach()) for name, value in losses.items()} | {"rate": rate}

    def rate_share(self) -> float:
        """Warm-up by steps, then a cosine by the clock down to 2 %."""
        warm = min(1.0, (self.step + 1) / WARM_UP_STEPS)
        cosine = 0.5 * (1.0 + np.cos(np.pi * self.progress))
        return warm * float(LAST_RATE + (1.0 - LAST_RATE) * cosine)

    def validate(self) -> None:
        """Judge the average on validation; keep it as best.pt if it is the best so far."""
        judged = self.result()
        figures = validation_figures(network_predictor(judged), self.validation)
        self.log("validation.csv", figures)
        if score(figures) > self.best:
            self.best = score(figures)
            write_checkpoint(self.out / "best.pt", {"average": judged.state_dict()})

    def result(self) -> CompactNetwork:
        """The average; after a second stage, the mean of it and of the weights that it began from.

        What the start lacked stays the average's own: a mean with chance would be none.
        """
        result = copy.deepcopy(self.average)
        if self.start is not None:
            with torch.no_grad():
                for ours, first in zip(result.parameters(), self.start.parameters(), strict=True):
                    mean = ours.lerp(first, KEPT_OF_START)
                    ours.copy_(torch.where(first.isnan(), ours, mean))
        return result

    def save(self) -> None:
        """Write everything that a later resume needs."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "from_start": self.start is not None,
            "plan": asdict(self.plan),
        }
        write_checkpoint(self.out / "last.pt", state)

    def resume(self) -> None:
        """Go on where the last save of the same folder ended."""
        checkpoint = self.out / "last.pt"
        if not checkpoint.is_file():
            raise UsageError(f"{checkpoint} does not exist: leave --resume out for a new run.")
        parts = ("network", "average", "optimiser", "step", "seconds", "best", "from_start")
        state = read_checkpoint(checkpoint, parts=parts)
        if state["from_start"] != (self.start is not None):
            with_or_without = "with" if state["from_start"] else "without"
            raise UsageError(
                f"the run of {checkpoint} was begun {with_or_without} --start: do the same again."
            )
        load_weights(self.network, state["network"], checkpoint)
        load_weights(self.average, state["average"], checkpoint)
        try:
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.seconds = int(state["step"]), float(state["seconds"])
            self.best = float(state["best"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise PhotoError(
                f"{checkpoint} does not say how far its run had come: leave --resume out for a "
                "new run."
            ) from error
        # The pictures already seen need not come again in the same order.
        self.stream.rng = np.random.default_rng([self.plan.seed, self.step])

    def log(self, name: str, values: dict[str, float]) -> None:
        """Append a row to a CSV file of the run's folder."""
        row = {"step": self.step, "minutes": round(self.seconds / 60.0, 2)}
        row |= {key: round(value, 5) for key, value in values.items()}
        path = self.out / name
        fresh = not path.exists()
        try:
            with path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(row))
                if fresh:
                    writer.writeheader()
                writer.writerow(row)
        except OSError as error:
            raise PhotoError(f"{path} cannot be written: {error.strerror or error}.") from error


def weights_of(start: Path) -> CompactNetwork:
    """The network of an exported file; NaN where that lacks a weight, as older ones do."""
    network = CompactNetwork().requires_grad_(False)
    for parameter in network.parameters():
        parameter.fill_(torch.nan)
    start_from(network, start)
    return network


def batch_losses(
    network: CompactNetwork, batch: Batch, *, bfloat16: bool = False
) -> dict[str, Tensor]:
    """Every loss of a batch, and their weighted total."""
    photo = batch.photo.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        features = network.features(photo)
    # Eight bits of mantissa are too few for the maps themselves: their slopes would be steps.
    fine, coarse = network.maps(*(feature.float() for feature in features))
    depth, slope = depth_loss(fine[0], batch.target)
    focus = focus_loss(fine[1], batch.target)
    outline = outline_loss(fine[0], batch.target)
    sharpness = sharpness_loss(fine[2], batch.target)
    small = coarser(batch.target, COARSE_FACTOR)
    coarse_depth, coarse_slope = depth_loss(coarse[0], small)
    coarse_total = coarse_depth + SLOPE_WEIGHT * coarse_slope + focus_loss(coarse[1], small)
    total = depth + SLOPE_WEIGHT * slope + focus
    total = total + OUTLINE_WEIGHT * outline + SHARPNESS_WEIGHT * sharpness
    total = total + COARSE_WEIGHT * coarse_total
    parts = {"depth": depth, "slope": slope, "focus": focus, "outline": outline}
    return {"total": total} | parts | {"sharpness": sharpness}
