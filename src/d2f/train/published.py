"""`d2f train hallucination` and `d2f train fusion`: the published method, taught by pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import torch

from d2f.errors import PhotoError, UsageError
from d2f.measures.pairs import Pair, csv_pairs, ebb_pairs, realbokeh_pairs
from d2f.models.d2f2023 import NARROW
from d2f.models.d2f2023.model import BLOCKS, WIDTH
from d2f.models.d2f2023.trained import read_weights
from d2f.train.crops import PairCrops
from d2f.train.fusion import Fusion
from d2f.train.hallucination import Hallucination, RendererName
from d2f.train.pair_loop import PairPlan, Stage, train_on_pairs
from d2f.train.run_folder import CONFIG, WEIGHTS, RunFolder
from d2f.train.trunk import load_trunk

__all__ = ["listed_pairs", "train_fusion", "train_hallucination"]

NETWORK_CHOICES = ("renderer", "width", "blocks", "statistics")  # stage 1 hands them on
RENDERERS, STATISTICS = get_args(RendererName), ("batch", "frozen")
LARGEST_SIZE = 1024  # width or blocks of a network that fits some machine
STEP_CHOICES = ("crop_px", "long_side_px", "seed", "batch", "learning_rate")
PUBLISHED: dict[str, Any] = {"width": WIDTH, "blocks": BLOCKS}
REALBOKEH_MARK = "metadata"


def listed_pairs(source: Path, *, split: str | None = None) -> list[Pair]:
    """Pairs of a folder of EBB! or RealBokeh, or of a table.

    Parameters
    ----------
    source : Path
        Folder with original/ and bokeh/, folder with train/metadata, or a CSV file.
    split : str, optional
        By default what is meant for training: `train`, or `training` of a table.

    Raises
    ------
    UsageError
        If there is no such place, or it is laid out in no way that is known.
    """
    if source.is_file():
        return csv_pairs(source, split=split or "training")
    if (source / "original").is_dir() or (source / "bokeh").is_dir():
        return ebb_pairs(source, split=split or "train")
    if any(source.glob(f"*/{REALBOKEH_MARK}")):
        return realbokeh_pairs(source, split=split or "train")
    if not source.exists():
        raise UsageError(f"{source} does not exist: give a folder of pairs or a CSV file.")
    raise UsageError(
        f"{source} is neither EBB! (original/, bokeh/) nor RealBokeh (train/metadata/): "
        "list its pairs in a CSV file with the columns photo and target."
    )


def train_hallucination(
    pairs: Path,
    out: Path,
    plan: PairPlan = PairPlan(),
    *,
    renderer: RendererName = "d2f2023",
    trunk: Path | None = None,
    narrow: bool = False,
) -> Path:
    """Stage 1: learn to focus from pairs alone; returns the file of weights.

    Parameters
    ----------
    pairs : Path
        As `listed_pairs` takes it.
    out : Path
        Folder of the run; a run that was broken off goes on.
    plan : PairPlan
    renderer : "d2f2023" or "d2f"
        The published renderer, or our signed one.
    trunk : Path, optional
        ImageNet weights of ResNeXt-50 32x4d. With them the trunk's statistics stay as they are.
    narrow : bool
        A small network instead of the published one.

    Raises
    ------
    UsageError, PhotoError
        If the pairs, the weights or the folder cannot be used.
    """
    size = NARROW if narrow else PUBLISHED
    network = {
        "renderer": renderer,
        "width": size["width"],
        "blocks": list(size["blocks"]),
        "statistics": "frozen" if trunk else "batch",
    }
    stage = _stage_one(network, plan)
    if trunk:
        load_trunk(stage.network.midas.pretrained, trunk)
    return _train(stage, pairs, plan, out, network)


def train_fusion(
    pairs: Path, out: Path, plan: PairPlan = PairPlan(), *, hallucination: Path
) -> Path:
    """Stage 2: deep Poisson fusion over a finished stage 1; returns the weights of both.

    Parameters
    ----------
    pairs, out, plan
        As for `train_hallucination`.
    hallucination : Path
        Folder of the finished stage 1; it says which renderer and network.

    Raises
    ------
    UsageError, PhotoError
        If the pairs, the finished stage or the folder cannot be used.
    """
    network = read_config(hallucination)
    stage_one = _stage_one(network, plan)
    read_weights(stage_one.network, hallucination / WEIGHTS)
    return _train(Fusion(stage_one), pairs, plan, out, network)


def read_config(folder: Path) -> dict[str, Any]:
    """Renderer, width, blocks and statistics of a finished run.

    Raises
    ------
    UsageError
        If the folder holds no finished run.
    PhotoError
        If its config.json is damaged.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise UsageError(
            f"{path} does not exist: give the folder of a finished d2f train hallucination."
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        sizes = [told["width"], *told["blocks"]]
        if told["renderer"] not in RENDERERS or told["statistics"] not in STATISTICS:
            raise ValueError
        if not all(isinstance(size, int) and 0 < size <= LARGEST_SIZE for size in sizes):
            raise ValueError
        return {name: told[name] for name in NETWORK_CHOICES}
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise PhotoError(f"{path} is no configuration of a training: train anew.") from error


def _stage_one(network: dict[str, Any], plan: PairPlan) -> Hallucination:
    torch.manual_seed(plan.seed)
    return Hallucination(**network, precision=plan.network_precision)


def _train(stage: Stage, pairs: Path, plan: PairPlan, out: Path, network: dict[str, Any]) -> Path:
    listed = listed_pairs(pairs, split=plan.split)
    crops = PairCrops(listed, crop_px=plan.crop_px, long_side_px=plan.long_side_px, seed=plan.seed)
    # The length of a run may change, what its steps are may not.
    choices = {"stage": stage.name, **network, "pairs": len(crops)}
    choices |= {name: getattr(plan, name) for name in STEP_CHOICES}
    return train_on_pairs(stage, crops, plan, RunFolder(out, choices))
