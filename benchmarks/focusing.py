"""What learning to focus adds to a trained network: python benchmarks/focusing.py PHOTOS NETWORK

Trains from NETWORK (NAME.onnx of `d2f train compact`) with the same seed on the same batches:
without it, with photographed pairs, and with those and rendered ones. Prints a row of validation
figures for the start and for each, for docs/model-log.md. PHOTOS is left as it is, and so is
NETWORK; nothing is kept.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from d2f.train.threads import wait_passively

if TYPE_CHECKING:
    from d2f.train.data import PhotoFolder, ShallowPair
    from d2f.train.focusing import FocusingBatch
    from d2f.train.loop import Trainer
    from d2f.train.network import CompactNetwork

VARIANTS = ("without", "pairs", "pairs and rendered")
HELD_BACK = 24  # crops of the held-back pairs, and as many scenes of held-back photos
HEAD = "focus hit", "max-F", "MAE", "ordinal", "delta1", "pairs, dB", "rendered, dB"


def compared(photos: Path, start: Path, options: argparse.Namespace) -> dict[str, list[float]]:
    """Figures of the start and of each variant, in the order of HEAD."""
    from d2f.train.data import read_shallow_pairs
    from d2f.train.focusing import FocusingSource
    from d2f.train.synthetic import SceneMaker

    training, validation = (
        side_of(photos, validation=kept, every=options.every) for kept in (False, True)
    )
    shallow = read_shallow_pairs(photos, validation=False)
    pairs = FocusingSource(read_shallow_pairs(photos, validation=True), seed=0)
    kept = SceneMaker(validation.pairs, validation.masks)
    made = FocusingSource((), seed=0, scenes=kept)
    held_back = [source.draw(HELD_BACK, options.size) for source in (pairs, made)]
    with tempfile.TemporaryDirectory() as folder:
        trainers = trainers_of(training, validation, shallow, start, Path(folder), options)
        first = trainers["without"].average
        rows = {"start": figures(first, validation, held_back, options.size)}
        train_alike(trainers, steps=options.steps, minutes=options.minutes)
        for name, trainer in trainers.items():
            rows[name] = figures(trainer.average, validation, held_back, options.size)
    rows["photo itself"] = [float("nan")] * 5 + [psnr(None, batch) for batch in held_back]
    return rows


def side_of(photos: Path, *, validation: bool, every: int) -> PhotoFolder:
    """One side of the split, of the photos with masks only every n-th."""
    from d2f.measures.collection import index_rows, is_validation
    from d2f.train.data import PhotoFolder, read_mask, read_pair

    masks = [
        read_mask(photos / "masks", row)
        for row in list(index_rows(photos / "masks").values())[::every]
        if is_validation(row["original_name"]) == validation
    ]
    pairs = [
        read_pair(photos / collection, row)
        for collection in ("depth", "depth2")
        for row in index_rows(photos / collection).values()
        if is_validation(row["scene"]) == validation
    ]
    return PhotoFolder(pairs=tuple(pair for pair in pairs if pair is not None), masks=tuple(masks))


def trainers_of(
    training: PhotoFolder,
    validation: PhotoFolder,
    shallow: tuple[ShallowPair, ...],
    start: Path,
    folder: Path,
    options: argparse.Namespace,
) -> dict[str, Trainer]:
    """A trainer of each variant, from the same start."""
    from d2f.train.batches import BatchMix
    from d2f.train.compact import SECOND_RATE
    from d2f.train.focusing import FocusingSource
    from d2f.train.loop import Trainer, TrainingPlan

    plan = TrainingPlan(
        minutes=1.0,
        seed=options.seed,
        small_px=options.size,
        learning_rate=SECOND_RATE,
        threads=1,
        mix=BatchMix(masks=2, pairs=1, synthetic=1, raytraced=0),
    )
    trainers = {}
    for name in VARIANTS:
        own = replace(plan, focusing=0 if name == "without" else options.focusing)
        trainers[name] = Trainer(own, training, validation, folder, shallow=shallow, start=start)
    trainers["pairs"].focusing = FocusingSource(shallow, seed=options.seed)
    return trainers


def train_alike(trainers: dict[str, Trainer], *, steps: int, minutes: float) -> None:
    """Teach every trainer the same batches, until they are done or the time is over."""
    done, ends = 0, time.monotonic() + 60 * minutes
    with closing(trainers["without"].stream) as stream:
        for step in range(steps):
            batch = stream.next()
            for trainer in trainers.values():
                # By steps, not by the clock: each variant gets as many.
                trainer.seconds = 60.0 * trainer.plan.minutes * step / steps
                trainer.learn(batch)
            done = step + 1
            if time.monotonic() > ends:
                break
    print(f"{done} steps, {time.process_time():.0f} CPU s")


def figures(
    network: CompactNetwork,
    validation: PhotoFolder,
    held_back: list[FocusingBatch | None],
    size_px: int,
) -> list[float]:
    """Figures of a network, in the order of HEAD."""
    from d2f.train.validation import network_predictor, validation_figures

    predict = network_predictor(network, long_side_px=round(size_px * 1.5 / 32) * 32)
    told = validation_figures(predict, validation)
    names = ("focus_hit", "max_f", "mae", "ordinal_all", "delta1_all")
    return [told[name] for name in names] + [psnr(network, batch) for batch in held_back]


def psnr(network: CompactNetwork | None, batch: FocusingBatch | None) -> float:
    """Mean over pictures, dB, of renderings by the network's maps; of the photo without one."""
    import torch

    from d2f.train.focusing import best_strength, defocus_of, rendered

    if batch is None:  # PHOTOS holds no pairs back
        return float("nan")
    picture = batch.photo
    if network is not None:
        with torch.no_grad():
            (disparity, logit, *_), _ = network.forward_with_coarse(batch.seen)
            maps = disparity, torch.sigmoid(logit)
            found, _ = best_strength(batch.photo, batch.target, *maps)
            strength = torch.where(batch.strength.isnan(), found, batch.strength)
            picture = rendered(batch.photo, defocus_of(*maps, strength))
    errors = (picture.clamp(0, 1) - batch.target).square().mean((1, 2, 3))
    return float(-10 * errors.clamp_min(1e-10).log10().mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("network", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=600, help="of training, at most")
    parser.add_argument("--size", type=int, default=160, help="side of the pictures, px")
    parser.add_argument("--focusing", type=int, default=2, help="pictures of each batch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=1, help="use every n-th photo with a mask")
    options = parser.parse_args()
    wait_passively()
    rows = compared(options.photos, options.network, options)
    print("| | " + " | ".join(HEAD) + " |")
    print("| --- " * (len(HEAD) + 1) + "|")
    for name, values in rows.items():
        places = [3] * 5 + [2] * 2
        cells = [f"{value:.{n}f}" for value, n in zip(values, places, strict=True)]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
