"""Runs that are killed, shared by processes, or begun with other choices."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from d2f.errors import D2FError, PhotoError, UsageError  # noqa: E402
from d2f.train.pair_loop import PairPlan, learn, rate_share  # noqa: E402
from d2f.train.published import train_hallucination  # noqa: E402
from d2f.train.run_folder import RunFolder  # noqa: E402

STEPS = 24
# Sums of gradients over two processes are rounded in another order; worst seen 2e-6 after 3 steps.
SHARED_TOL = 5e-5
SHORT = PairPlan(split="all", crop_px=128, batch=2, steps=2, learning_rate=1e-3, threads=1)

LONG_RUN = """
import sys
from pathlib import Path
from d2f.train.pair_loop import PairPlan
from d2f.train.published import train_hallucination
plan = PairPlan(split="all", crop_px=128, batch=2, steps={steps}, learning_rate=1e-3, threads=1,
                log_every=1, save_every=5, show_every=10)
train_hallucination(Path(sys.argv[1]), Path(sys.argv[2]), plan, renderer="d2f", narrow=True)
"""

SHARED_RUN = """
import os, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from d2f.models.d2f2023 import NARROW
from d2f.measures.pairs import csv_pairs
from d2f.train.crops import PairCrops
from d2f.train.hallucination import Hallucination
from d2f.train.pair_loop import PairPlan, train_on_pairs
from d2f.train.run_folder import RunFolder
torch.manual_seed(0)
stage = Hallucination(renderer="d2f", statistics="frozen", **NARROW)
crops = PairCrops(csv_pairs(Path(sys.argv[1])), crop_px=128, long_side_px=1536, seed=0)
plan = PairPlan(batch=4, steps=3, learning_rate=1e-3, threads=1, log_every=1)
train_on_pairs(stage, crops, plan, RunFolder(Path(sys.argv[2]), {"batch": 4}))
rank = os.environ.get("RANK", "0")
weights = {name: value.contiguous() for name, value in stage.weights().items()}
save_file(weights, Path(sys.argv[2]) / f"rank{rank}.safetensors")
"""


def log_of(run: Path) -> list[dict[str, str]]:
    """The rows of a run's log but for the clock."""
    with (run / "log.csv").open(encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k != "minutes"} for row in csv.DictReader(file)]


def rows_so_far(run: Path) -> int:
    """Rows of a log that is being written."""
    table = run / "log.csv"
    return max(0, len(table.read_text(encoding="utf-8").splitlines()) - 1) if table.exists() else 0


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_it_had_not_been(made_pairs, tmp_path):
    """kill -9 in the middle: the next start ends with the log and weights of an unbroken run."""
    program = tmp_path / "run.py"
    program.write_text(LONG_RUN.format(steps=STEPS), encoding="utf-8")
    runs = {name: tmp_path / name for name in ("unbroken", "killed")}

    def command(name):
        return [sys.executable, str(program), str(made_pairs), str(runs[name])]

    subprocess.run(command("unbroken"), check=True)
    process = subprocess.Popen(command("killed"))
    try:
        while rows_so_far(runs["killed"]) < 8 and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL  # it had not ended by itself
    with safe_open(runs["killed"] / "last.safetensors", "pt") as file:
        assert 0 < int(file.metadata()["step"]) < STEPS
    subprocess.run(command("killed"), check=True)
    assert log_of(runs["killed"]) == log_of(runs["unbroken"])
    assert len(log_of(runs["killed"])) == STEPS
    weights = [load_file(run / "weights.safetensors") for run in runs.values()]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(made_pairs, tmp_path):
    """Under torchrun with gloo, two processes with half the batch each end where one does."""
    program = tmp_path / "run.py"
    program.write_text(SHARED_RUN, encoding="utf-8")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    for name, start in (("alone", [sys.executable]), ("together", torchrun)):
        command = [*start, str(program), str(made_pairs), str(tmp_path / name)]
        subprocess.run(command, check=True, env=environment)
    alone = load_file(tmp_path / "alone" / "rank0.safetensors")
    first, second = (load_file(tmp_path / "together" / f"rank{k}.safetensors") for k in (0, 1))
    for name, value in alone.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], value, atol=SHARED_TOL, rtol=0)
    for one, other in zip(log_of(tmp_path / "alone"), log_of(tmp_path / "together"), strict=True):
        assert float(one["total"]) == pytest.approx(float(other["total"]), rel=1e-4)


def test_a_run_leaves_checkpoint_log_samples_and_weights(made_pairs, tmp_path):
    """Each is whole, and no temporary file is left beside it."""
    run = tmp_path / "run"
    train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)
    left = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
    assert left == [
        "config.json",
        "last.safetensors",
        "log.csv",
        "samples/000002.png",
        "weights.safetensors",
    ]
    with Image.open(run / "samples" / "000002.png") as strip:
        assert strip.size == (4 * 64, 4 * 64)  # photo, defocus, rendered, target of four pairs
    assert [row["step"] for row in log_of(run)] == ["1"]


def test_a_finished_run_is_not_trained_again(made_pairs, tmp_path):
    """Starting it once more changes no weight; a longer plan goes on."""
    run = tmp_path / "run"
    weights = train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)
    before = weights.read_bytes()
    train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)
    assert weights.read_bytes() == before
    longer = PairPlan(split="all", crop_px=128, batch=2, steps=3, learning_rate=1e-3, threads=1)
    train_hallucination(made_pairs, run, longer, renderer="d2f", narrow=True)
    assert weights.read_bytes() != before


def test_a_folder_of_another_run_is_refused(made_pairs, tmp_path):
    """Another renderer, another batch, another file in its place: one sentence, nothing lost."""
    run = tmp_path / "run"
    train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)
    with pytest.raises(UsageError, match="was begun with renderer d2f, not d2f2023: give the same"):
        train_hallucination(made_pairs, run, SHORT, renderer="d2f2023", narrow=True)
    other = PairPlan(split="all", crop_px=128, batch=1, steps=2, learning_rate=1e-3, threads=1)
    with pytest.raises(UsageError, match="was begun with batch 2, not 1"):
        train_hallucination(made_pairs, run, other, renderer="d2f", narrow=True)


@pytest.mark.parametrize("damage", ["cut", "foreign", "empty", "strange", "other shapes"])
def test_a_damaged_checkpoint_is_refused(made_pairs, tmp_path, damage):
    """Whatever lies in its place, the message names it and says to delete it or go elsewhere."""
    run = tmp_path / "run"
    train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)
    checkpoint = run / "last.safetensors"
    with safe_open(checkpoint, "pt") as file:
        notes = file.metadata()
    content = {
        "cut": checkpoint.read_bytes()[:-100],
        "foreign": b"\x80\x02pickle",
        "empty": b"",
    }
    if damage in content:
        checkpoint.write_bytes(content[damage])
    else:
        save_file({"a": torch.zeros(1)}, checkpoint, notes if damage == "other shapes" else None)
    with pytest.raises(PhotoError, match=r"last\.safetensors .*: delete it to begin anew, or give"):
        train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)


@pytest.mark.parametrize(
    ("note", "value"),
    [
        ("choices", None),
        ("choices", "{"),
        ("choices", "5"),
        ("step", None),
        ("step", "-5"),
        ("seconds", "soon"),
    ],
)
def test_a_checkpoint_with_odd_notes_is_refused(tmp_path, note, value):
    """Missing, no JSON, no number: the message names the file and the way out."""
    network = torch.nn.Linear(2, 2)
    optimiser = torch.optim.AdamW(network.parameters())
    folder = RunFolder(tmp_path / "run", {"seed": 0})
    folder.save(network, optimiser, step=3, seconds=1.0)
    with safe_open(folder.checkpoint, "pt") as file:
        notes = file.metadata()
    notes = {name: text for name, text in (notes | {note: value}).items() if text is not None}
    save_file(load_file(folder.checkpoint), folder.checkpoint, notes)
    with pytest.raises(PhotoError, match=r"last\.safetensors .*: delete it to begin anew, or give"):
        folder.resume(network, optimiser)


def test_a_log_that_is_no_text_begins_anew(tmp_path):
    """A row more or less is no reason to lose a run."""
    folder = RunFolder(tmp_path / "run", {"seed": 0})
    folder.log(1, {"total": 0.5})
    folder.table.write_bytes(folder.table.read_bytes() + b"\xff\xfe\x00")
    folder.forget_after(1)
    folder.log(2, {"total": 0.25})
    assert [row["step"] for row in log_of(tmp_path / "run")] == ["1", "2"]


def test_a_folder_belongs_to_one_run_at_a_time(made_pairs, tmp_path):
    """The second start is told, and the folder is free again once the first has ended."""
    run = tmp_path / "run"
    with (
        RunFolder(run, {}).held(),
        pytest.raises(UsageError, match=r"another training runs in .*run: wait, or give another"),
    ):
        train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)
    train_hallucination(made_pairs, run, SHORT, renderer="d2f", narrow=True)


def test_a_run_that_cannot_be_written_is_refused(made_pairs, tmp_path):
    """A file where the folder should be: told before anything is read."""
    (tmp_path / "run").touch()
    with pytest.raises(PhotoError, match=r"run cannot be made: .*; give another folder as --out"):
        train_hallucination(made_pairs, tmp_path / "run", SHORT, renderer="d2f", narrow=True)


def test_a_loss_that_is_no_number_stops_with_a_way_out():
    """Weights of NaN are never saved."""
    with pytest.raises(D2FError, match=r"the loss is nan at step 7: start again to go on"):
        learn(torch.tensor(float("nan")), None, None, 7)


def test_the_rate_warms_up_and_ends_at_a_fiftieth():
    """Warm-up by steps, then a cosine over the run."""
    assert rate_share(0, 0.0) == pytest.approx(1 / 30)
    assert rate_share(100, 0.0) == 1.0
    assert rate_share(100, 1.0) == pytest.approx(0.02)


def test_the_clock_or_the_steps_or_the_epochs_end_a_run():
    """Minutes go before steps, steps before epochs."""
    assert PairPlan(epochs=3, batch=2).progress(6, 0.0, pairs=8) == 0.5
    assert PairPlan(steps=10).progress(5, 0.0, pairs=8) == 0.5
    assert PairPlan(steps=10, minutes=2).progress(0, 60.0, pairs=8) == 0.5


def test_the_command_names_what_is_wrong(made_pairs, tmp_path):
    """`d2f train hallucination` and `fusion` end in one sentence and exit code 2, no trace."""
    for arguments, told in (
        (["hallucination", "--pairs", "none", "-o", "run"], "none does not exist"),
        (
            ["hallucination", "--pairs", "none", "-o", "run", "--epochs", "inf"],
            "invalid value for '--epochs'",
        ),
        (
            ["fusion", "--pairs", str(made_pairs), "-o", "run", "--hallucination", "none"],
            "config.json does not exist",
        ),
    ):
        program = "from d2f.cli.app import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program, "train", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert told in done.stderr
        assert done.stderr.count("\n") == 1
