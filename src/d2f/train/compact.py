"""`d2f train compact`: the run-time network from photos, in one command."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from d2f.errors import UsageError
from d2f.train.out_folder import make_out_folder
from d2f.train.threads import wait_passively

__all__ = ["train_compact"]

# From a trained network on: outlines want pixels, and what is known must not be unlearnt.
SECOND_SMALL_PX, SECOND_LARGE_PX, SECOND_RATE = 320, 416, 5e-4


def train_compact(
    photos: Path,
    *,
    minutes: float,
    seed: int,
    out: Path,
    resume: bool,
    threads: int = 2,
    scenes: Path | None = None,
    teachers: Sequence[Path] = (),
    start: Path | None = None,
    bfloat16: bool = False,
    scenes_only: bool = False,
    focusing: int = 0,
) -> Path:
    """Train for the given minutes and export the best weights; returns the ONNX file.

    Parameters
    ----------
    photos : Path
        Folder with depth/, depth2/ (optional), masks/ and pairs/ (optional).
    out : Path
        Folder for checkpoints, logs and the result.
    resume : bool
        Go on from the checkpoint in ``out``.
    scenes : Path, optional
        Folder of ray-traced scenes, as `d2f train scenes` makes them.
    teachers : sequence of Path
        Exported networks that teach depth to the photos that have only masks
        (`d2f.train.teacher`).
    start : Path, optional
        Exported network to begin from, which is the teacher, too, where there is none; without it,
        training begins from ImageNet's encoder.
    bfloat16 : bool
        Compute most of each step in 16 bit.
    scenes_only : bool
        Learn from the ray-traced scenes alone; the photos judge, they do not teach.
    focusing : int
        Pictures of each batch that teach through the renderer (`d2f.train.focusing`).

    Raises
    ------
    UsageError
        If ``scenes_only`` is asked for without scenes, or with a network that may have learnt from
        photos, or ``out`` holds a run that is not to be resumed.
    """
    if scenes_only and (scenes is None or start is not None or teachers):
        raise UsageError(
            "--scenes-only needs --scenes DIR, and goes without --start and --teacher."
        )
    if not resume and (out / "last.pt").exists():
        raise UsageError(
            f"{out} holds a run: go on with --resume, or give another folder as --out."
        )
    make_out_folder(out)
    wait_passively()
    from d2f.train.batches import BatchMix
    from d2f.train.data import PhotoFolder, read_photos, read_shallow_pairs
    from d2f.train.export_onnx import export_checkpoint
    from d2f.train.loop import Trainer, TrainingPlan
    from d2f.train.scene_files import read_scenes
    from d2f.train.teacher import labelled

    plan = TrainingPlan(
        minutes=minutes, seed=seed, threads=threads, bfloat16=bfloat16, focusing=focusing
    )
    if start is not None:
        plan = replace(
            plan, small_px=SECOND_SMALL_PX, large_px=SECOND_LARGE_PX, learning_rate=SECOND_RATE
        )
    if scenes_only:
        plan = replace(plan, mix=BatchMix.of_scenes())
        training = PhotoFolder(pairs=(), masks=())
    else:
        training = read_photos(photos, validation=False)
        if start is not None and not teachers:
            teachers = (start,)
        if teachers:
            training = replace(training, masks=labelled(training.masks, teachers))
    shallow = focusing and not scenes_only
    trainer = Trainer(
        plan,
        training,
        read_photos(photos, validation=True),
        out,
        raytraced=() if scenes is None else read_scenes(scenes),
        shallow=read_shallow_pairs(photos, validation=False) if shallow else (),
        start=start,
    )
    if resume:
        trainer.resume()
    trainer.run()
    return export_checkpoint(out / "best.pt", out / "compact.onnx")
