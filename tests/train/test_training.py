"""A whole training in small: it learns, saves, goes on, exports, and the export runs."""

from __future__ import annotations

import csv
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.cli import train as commands  # noqa: E402
from d2f.errors import D2FError, PhotoError, UsageError  # noqa: E402
from d2f.models.compact import WEIGHTS, CompactModel  # noqa: E402
from d2f.train.batches import BatchMix  # noqa: E402
from d2f.train.compact import train_compact  # noqa: E402
from d2f.train.data import PhotoFolder, read_photos  # noqa: E402
from d2f.train.install import install_weights  # noqa: E402
from d2f.train.loop import Trainer, TrainingPlan  # noqa: E402


def trainer(photo_folder, out, *, start=None) -> Trainer:
    """A trainer of tiny batches that runs for a few seconds."""
    plan = TrainingPlan(
        minutes=0.15,
        small_px=64,
        large_px=96,
        threads=1,
        mix=BatchMix(masks=2, pairs=2, synthetic=2),
    )
    sides = (read_photos(photo_folder, validation=kept) for kept in (False, True))
    return Trainer(plan, *sides, out, start=start)


def test_threads_must_be_told_before_torch():
    """Asked for too late, passive waiting is refused rather than silently without effect."""
    program = (
        "import os, torch; os.environ.pop('OMP_WAIT_POLICY', None)\n"
        "from d2f.train.threads import wait_passively\n"
        "try: wait_passively()\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "UsageError"


@pytest.mark.slow
def test_training_learns_saves_and_resumes(photo_folder, tmp_path):
    """The loss falls, the checkpoint holds everything, and a second trainer goes on from it."""
    first = trainer(photo_folder, tmp_path)
    first.run()
    with (tmp_path / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["total"]) < float(rows[0]["total"])
    second = trainer(photo_folder, tmp_path)
    second.resume()
    assert second.step == first.step
    assert second.progress == 1.0
    for ours, theirs in zip(second.average.parameters(), first.average.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_second_stage_ends_halfway_but_for_what_its_start_lacked(photo_folder, tmp_path):
    """Of an older file without a map of sharpness: what was learnt of it anew is kept whole."""
    older = onnx.load(WEIGHTS)
    for tensor in older.graph.initializer:
        if tensor.name.removesuffix("_half") in ("out.conv.weight", "out.conv.bias"):
            rows = numpy_helper.to_array(tensor)[:2]
            tensor.CopyFrom(numpy_helper.from_array(rows, tensor.name))
    onnx.save(older, tmp_path / "older.onnx")
    made = trainer(photo_folder, tmp_path, start=tmp_path / "older.onnx")
    first = made.average.out.conv.weight.clone()
    with torch.no_grad():
        for parameter in made.average.parameters():
            parameter.add_(1.0)
    result = made.result()
    assert torch.allclose(result.out.conv.weight[:2], first[:2] + 0.5)
    assert torch.equal(result.out.conv.weight[2:], first[2:] + 1.0)
    assert torch.equal(result.coarse_out.conv.bias, made.average.coarse_out.conv.bias)


def test_resume_without_a_checkpoint_is_refused(photo_folder, tmp_path):
    """The message says what to leave out."""
    with pytest.raises(UsageError, match="leave --resume out"):
        trainer(photo_folder, tmp_path / "new").resume()


def test_a_loss_that_is_no_number_stops_with_a_way_out(photo_folder, tmp_path):
    """Weights of NaN are never saved."""
    made = trainer(photo_folder, tmp_path)
    with torch.no_grad():
        made.network.out.conv.weight.fill_(float("nan"))
    with pytest.raises(D2FError, match=r"the loss is nan at step 0: .*--resume"):
        made.learn(made.stream.draw())


def test_a_checkpoint_with_a_damaged_optimiser_is_told(photo_folder, tmp_path):
    """Not with torch's own words."""
    training = trainer(photo_folder, tmp_path)
    training.save()
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    for damage in ({"optimiser": {"state": {}}}, {"step": "many"}, {"seconds": None}):
        torch.save(state | damage, tmp_path / "last.pt")
        with pytest.raises(PhotoError, match="how far its run had come"):
            training.resume()


def test_without_anything_to_learn_from_no_run_begins(tmp_path):
    """--scenes-only while the scenes are still being made."""
    nothing = PhotoFolder(pairs=(), masks=())
    with pytest.raises(UsageError, match="nothing to learn from"):
        Trainer(TrainingPlan(), nothing, nothing, tmp_path)


@pytest.mark.parametrize(
    "wish", ["--minutes=inf", "--seed=-1", "--threads=100000", "--focusing=1000000"]
)
def test_what_no_machine_can_do_is_refused(tmp_path, wish):
    """Before torch is asked, which would not end, or end in a fault."""
    result = CliRunner().invoke(commands.app, ["compact", "--photos", str(tmp_path), wish])
    assert result.exit_code == 2
    assert "than or equal to" in result.output


def test_a_folder_that_cannot_be_made_is_told(photo_folder, tmp_path):
    """A file is in its place."""
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(PhotoError, match=r"cannot be made: .*give another folder"):
        train_compact(photo_folder, minutes=1, seed=0, out=tmp_path / "out", resume=False)


def test_another_run_is_left_alone(photo_folder, tmp_path):
    """Hours of work are not written over for want of a word."""
    (tmp_path / "last.pt").write_bytes(b"hours of work")
    with pytest.raises(UsageError, match="holds a run: go on with --resume, or give another"):
        train_compact(photo_folder, minutes=1, seed=0, out=tmp_path, resume=False)
    assert (tmp_path / "last.pt").read_bytes() == b"hours of work"


def test_a_run_goes_on_as_it_was_begun(photo_folder, tmp_path):
    """One from a start has other sizes and rates, and its mean with the start."""
    trainer(photo_folder, tmp_path).save()
    second = trainer(photo_folder, tmp_path)
    second.start = second.average
    with pytest.raises(UsageError, match="was begun without --start: do the same again"):
        second.resume()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_installed_checkpoint_agrees_with_torch(photo_folder, tmp_path):
    """The exported file has passed its parity check, is small, and runs at another size."""
    made = trainer(photo_folder, tmp_path)
    made.learn(made.stream.draw())
    torch.save({"average": made.average.state_dict()}, tmp_path / "best.pt")
    file = install_weights(tmp_path / "best.pt", folder=tmp_path / "weights")
    assert file.stat().st_size < 12_000_000
    photo = np.random.default_rng(0).integers(0, 256, (70, 200, 3), dtype=np.uint8)
    maps = CompactModel.from_bytes(file.read_bytes()).predict(photo)
    assert maps.disparity.shape == maps.focus_map.shape


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_one_command_makes_a_network_that_loads(photo_folder, tmp_path, monkeypatch):
    """From photos to ONNX, with the checkpoint and the logs beside it."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    file = train_compact(photo_folder, minutes=0.01, seed=0, out=tmp_path, resume=False)
    CompactModel.from_bytes(file.read_bytes())
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"best.pt", "last.pt", "log.csv", "validation.csv", "compact.onnx"}


def test_scenes_alone_must_be_given_and_know_no_photos(photo_folder, tmp_path, monkeypatch):
    """Without scenes there is nothing to learn; a start has seen photos."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    known = tmp_path / "known.onnx"
    with_photos = ({"scenes": tmp_path, "start": known}, {"scenes": tmp_path, "teachers": [known]})
    for choices in ({}, *with_photos):
        with pytest.raises(UsageError, match="--scenes-only needs --scenes DIR"):
            train_compact(
                photo_folder,
                minutes=1,
                seed=0,
                out=tmp_path / "run",
                resume=False,
                scenes_only=True,
                **choices,
            )
