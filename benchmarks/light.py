"""Light models on the photo track of the ground truth: python benchmarks/light.py GROUNDTRUTH

GROUNDTRUTH is the folder with score.py and dev/. Prints the means of four ways to get radiance
from a clipped photo, all through the same renderer, and each scene's psnr, as Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
from pathlib import Path
from types import ModuleType

import numpy as np

import d2f

COLUMNS = ("psnr", "log", "edge", "infocus")


def linear(photo: np.ndarray) -> np.ndarray:
    """Linear light, clipped as it is."""
    return d2f.recover_highlights(photo, strength=0)


def published(photo: np.ndarray) -> np.ndarray:
    """The published rule as light: light="d2f2023"."""
    return d2f.recover_highlights(photo, model="d2f2023")


def blur_divided(photo: np.ndarray, defocus_px: np.ndarray) -> np.ndarray:
    """The published rule with its weights divided out again, as its own renderer does."""
    light, weighted = linear(photo), published(photo)
    weights = np.where(light > 0, weighted / np.maximum(light, 1e-9), 1).astype(np.float32)
    return d2f.blur(weighted, defocus_px) / d2f.blur(weights, defocus_px)


WAYS = {
    "linearised only": (linear, d2f.blur),
    'published rule, light="d2f2023"': (published, d2f.blur),
    "published rule, weights divided out": (lambda photo: photo, blur_divided),
    'lamps, the default (light="lamps")': (d2f.recover_highlights, d2f.blur),
}


def score_module(folder: Path) -> ModuleType:
    """The ground truth's own score.py."""
    spec = importlib.util.spec_from_file_location("score", folder / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(folder: Path) -> str:
    """Two tables: means, and psnr per scene."""
    score = score_module(folder)
    scenes = sorted(map(str, (folder / "dev").glob("*.npz")))
    rows, means = {}, {}
    for name, (recover, blur) in WAYS.items():
        with contextlib.redirect_stdout(io.StringIO()):
            rows[name], means[name] = score.run_track("photo", scenes, blur, recover)
    lines = [f"| light | {' | '.join(COLUMNS)} |", "| --- |" + " --- |" * len(COLUMNS)]
    lines += [
        f"| {name} | {' | '.join(f'{mean[column]:.2f}' for column in COLUMNS)} |"
        for name, mean in means.items()
    ]
    lines += ["", f"| scene, psnr | {' | '.join(WAYS)} |", "| --- |" + " --- |" * len(WAYS)]
    for scene in rows["linearised only"]:
        values = (f"{rows[name][scene]['psnr']:.2f}" for name in WAYS)
        lines.append(f"| {scene} | {' | '.join(values)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groundtruth", type=Path)
    print(report(parser.parse_args().groundtruth))
