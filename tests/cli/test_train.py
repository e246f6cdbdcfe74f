"""`d2f train hallucination` and `fusion`: what is chosen reaches the plan of the training."""

from __future__ import annotations

from dataclasses import fields

import pytest

pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.train import published, threads
from d2f.train.pair_loop import PairPlan

CHOSEN = {
    "split": "validation",
    "crop": 256,
    "long_side": 640,
    "batch": 3,
    "epochs": 2.5,
    "steps": 11,
    "minutes": 1.5,
    "learning_rate": 0.002,
    "precision": "float32",
    "seed": 9,
    "threads": 5,
    "workers": 4,
    "save_every": 13,
}
NOT_OPTIONS = {"log_every", "show_every"}


@pytest.fixture
def plans(monkeypatch) -> list[PairPlan]:
    """The plans that the stages are called with; nothing is trained."""
    told: list[PairPlan] = []

    def record(pairs, out, plan, **_choices):
        told.append(plan)
        return out

    monkeypatch.setattr(published, "train_hallucination", record)
    monkeypatch.setattr(published, "train_fusion", record)
    monkeypatch.setattr(threads, "wait_passively", lambda: None)
    return told


@pytest.mark.parametrize("stage", ["hallucination", "fusion"])
def test_every_option_of_a_stage_reaches_its_plan(stage, plans, d2f_command, tmp_path):
    """No field of the plan but those without an option keeps its default."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in CHOSEN.items()]
    more = ["--hallucination", tmp_path] if stage == "fusion" else []
    outcome = d2f_command(
        "train", stage, "--pairs", tmp_path, "-o", tmp_path / "run", *words, *more
    )
    assert outcome.code == 0, outcome.stderr
    [plan] = plans
    of_plan = {"crop": "crop_px", "long_side": "long_side_px"}
    assert all(getattr(plan, of_plan.get(name, name)) == value for name, value in CHOSEN.items())
    kept = {f.name for f in fields(plan) if getattr(plan, f.name) == f.default}
    assert kept == NOT_OPTIONS


def test_each_stage_has_its_own_length(plans, d2f_command, tmp_path):
    """Thirty epochs for stage 1, ten for stage 2, which learns far less."""
    common = ("--pairs", tmp_path, "-o", tmp_path / "run")
    d2f_command("train", "hallucination", *common)
    d2f_command("train", "fusion", *common, "--hallucination", tmp_path)
    assert [plan.epochs for plan in plans] == [30, 10]
