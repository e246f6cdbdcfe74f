"""`d2f train compact`: the run-time network from photos, in one command."""

from pathlib import Path

from d2f.train.threads import wait_passively

__all__ = ["train_compact"]


def train_compact(
    photos: Path, *, minutes: float, seed: int, out: Path, resume: bool, threads: int = 2
) -> Path:
    """Train for the given minutes and export the best weights; returns the ONNX file.

    Parameters
    ----------
    photos : Path
        Folder with depth/, depth2/ (optional) and masks/.
    out : Path
        Folder for checkpoints, logs and the result.
    resume : bool
        Go on from the checkpoint in ``out``.
    """
    wait_passively()
    from d2f.train.data import read_photos
    from d2f.train.export_onnx import export_checkpoint
    from d2f.train.loop import Trainer, TrainingPlan

    plan = TrainingPlan(minutes=minutes, seed=seed, threads=threads)
    trainer = Trainer(
        plan,
        read_photos(photos, validation=False),
        read_photos(photos, validation=True),
        out,
    )
    if resume:
        trainer.resume()
    trainer.run()
    return export_checkpoint(out / "best.pt", out / "compact.onnx")
