"""Learning to focus on eight made pairs whose defocus is known, though no network is told it.

    python docs/figures/learning_to_focus.py --out runs/learning [--minutes 6]

makes the pairs, once as our renderer and once as the published one sees them, trains a narrow
network with each renderer on each set, and writes docs/figures/learning_to_focus.png (curves and
pictures) and a table of what was reached when.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from d2f import renderer
from d2f.light import codes_from_radiance, radiance_from_codes
from d2f.optics import SRGB

PAIRS, SIDE_PX = 8, 256
LARGEST_PX = 0.045 * SIDE_PX  # the blur of a fast lens, as a share of the picture
Floats = NDArray[np.float32]


def texture(rng: np.random.Generator, size: int) -> Floats:
    """Colour codes with detail at every scale, float32 (size, size, 3), 0..1."""
    total = np.zeros((size, size, 3))
    for octave in range(2, 9):
        cells = min(size, 2**octave)
        noise = (rng.normal(size=(cells, cells, 3)) * 30 + 128).clip(0, 255).astype(np.uint8)
        layer = Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC)
        total += (np.asarray(layer) / 255.0 - 0.5) * 0.8
    return np.clip(rng.uniform(0.25, 0.7, 3) + total, 0, 1).astype(np.float32)


def blob(rng: np.random.Generator, size: int, *, centre: tuple[float, float], radius: float):
    """A round-ish mask with a wavy outline, bool (size, size)."""
    rows, columns = np.mgrid[:size, :size] / size
    down, right = rows - centre[0], columns - centre[1]
    angle = np.arctan2(down, right)
    wave = sum(
        rng.uniform(-0.15, 0.15) * np.sin(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5)
    )
    return np.hypot(down, right) < radius * (1 + wave)


def made_scene(rng: np.random.Generator, *, near: bool) -> tuple[Floats, Floats]:
    """Codes (H, W, 3) and signed defocus (H, W) in px: a subject in focus before a slope.

    With `near`, something unsharp covers a part of the subject.
    """
    rows = np.mgrid[:SIDE_PX, :SIDE_PX][0] / SIDE_PX
    far, close = rng.uniform(0.7, 1.0), rng.uniform(0.25, 0.5)
    defocus = -LARGEST_PX * (far + (close - far) * rows)
    codes = texture(rng, SIDE_PX)
    middle = (rng.uniform(0.4, 0.6), rng.uniform(0.35, 0.65))
    subject = blob(rng, SIDE_PX, centre=middle, radius=rng.uniform(0.2, 0.3))
    codes[subject], defocus[subject] = texture(rng, SIDE_PX)[subject], 0.0
    if near:
        below = (rng.uniform(0.75, 0.9), middle[1] + rng.uniform(-0.15, 0.15))
        leaf = blob(rng, SIDE_PX, centre=below, radius=rng.uniform(0.2, 0.25))
        codes[leaf], defocus[leaf] = texture(rng, SIDE_PX)[leaf], 0.7 * LARGEST_PX
    return codes, defocus.astype(np.float32)


def bokeh_of(codes: Floats, defocus_px: Floats, *, made_by: str) -> Floats:
    """What a lens makes of a scene, as one of the two renderers sees it, codes (H, W, 3)."""
    if made_by == "d2f":
        blurred = renderer.blur(radiance_from_codes(codes, SRGB, highlights=0), defocus_px)
        return codes_from_radiance(blurred, SRGB, np.float32)
    import torch

    from d2f.renderer.paper import INTERVAL, RADII, layered_rendering

    layers = np.interp(np.abs(defocus_px), RADII, INTERVAL * np.arange(len(RADII)))
    picture = torch.from_numpy(codes).permute(2, 0, 1)[None]
    D = torch.from_numpy(layers.astype(np.float32))[None, None]
    rendered = layered_rendering(picture, torch.ones_like(picture), D)
    return rendered[0].permute(1, 2, 0).numpy()


def write_pairs(folder: Path, *, made_by: str, seed: int = 3, count: int = PAIRS) -> Path:
    """The pairs with their table, and their true defocus beside them; returns the table.

    Parameters
    ----------
    made_by : "d2f" or "d2f2023"
        The renderer that makes the targets. The published one has no nearer side, so neither
        have its scenes.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["photo,target"]
    for number in range(count):
        codes, defocus = made_scene(rng, near=made_by == "d2f" and number % 2 == 1)
        target = bokeh_of(codes, defocus, made_by=made_by)
        for name, picture in ((f"{number}_photo", codes), (f"{number}_target", target)):
            eight = np.rint(picture.clip(0, 1) * 255).astype(np.uint8)
            Image.fromarray(eight).save(folder / f"{name}.png")
        np.save(folder / f"{number}_defocus.npy", defocus)
        rows.append(f"{number}_photo.png,{number}_target.png")
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "pairs.csv"
