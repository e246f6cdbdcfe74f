"""Learning to focus on eight made pairs whose defocus is known, though no network is told it.

    python docs/figures/learning_to_focus.py [--work runs/learning] [--steps 200]

makes the pairs twice, as our renderer and as the published one see them, trains a narrow network
with each renderer on each set, prints what was reached, and writes learning_to_focus.jpg (curves,
then photo, learnt defocus, true defocus, rendered, target) and learning_to_focus.csv beside itself.
"""

from __future__ import annotations

import argparse
import csv
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from d2f import renderer
from d2f.light import codes_from_radiance, radiance_from_codes
from d2f.optics import SRGB

PAIRS, SIDE_PX = 8, 256
LARGEST_SHARE = 0.045  # of the side: the blur of a fast lens
RENDERERS = ("d2f", "d2f2023")
COLOURS = {
    ("d2f", "d2f"): (0, 90, 200),
    ("d2f2023", "d2f"): (210, 90, 0),
    ("d2f", "d2f2023"): (120, 170, 240),
    ("d2f2023", "d2f2023"): (240, 180, 110),
}  # of a curve, by the renderer that teaches and the one that made the pairs
Floats = NDArray[np.float32]


def texture(rng: np.random.Generator, side_px: int) -> Floats:
    """Colour codes with detail at every scale, float32 (side, side, 3), 0..1."""
    total = np.zeros((side_px, side_px, 3))
    for octave in range(2, 9):
        cells = min(side_px, 2**octave)
        noise = (rng.normal(size=(cells, cells, 3)) * 30 + 128).clip(0, 255).astype(np.uint8)
        layer = Image.fromarray(noise).resize((side_px, side_px), Image.Resampling.BICUBIC)
        total += (np.asarray(layer) / 255.0 - 0.5) * 0.8
    return np.clip(rng.uniform(0.25, 0.7, 3) + total, 0, 1).astype(np.float32)


def blob(
    rng: np.random.Generator, side_px: int, *, centre: tuple[float, float], radius: float
) -> NDArray[np.bool_]:
    """A round-ish mask with a wavy outline; centre (down, right) and radius in shares."""
    rows, columns = np.mgrid[:side_px, :side_px] / side_px
    down, right = rows - centre[0], columns - centre[1]
    angle, waves = np.arctan2(down, right), np.ones_like(rows)
    for count in (2, 3, 5):
        waves += rng.uniform(-0.15, 0.15) * np.sin(count * angle + rng.uniform(0, 2 * np.pi))
    inside: NDArray[np.bool_] = np.hypot(down, right) < radius * waves
    return inside


def made_scene(rng: np.random.Generator, side_px: int, *, near: bool) -> tuple[Floats, Floats]:
    """Codes (H, W, 3) and signed defocus (H, W) in px: a subject in focus before a slope.

    With `near`, something unsharp covers a part of the subject.
    """
    largest_px = LARGEST_SHARE * side_px
    rows = np.mgrid[:side_px, :side_px][0] / side_px
    far, close = rng.uniform(0.7, 1.0), rng.uniform(0.25, 0.5)
    defocus = -largest_px * (far + (close - far) * rows)
    codes = texture(rng, side_px)
    middle = (rng.uniform(0.4, 0.6), rng.uniform(0.35, 0.65))
    subject = blob(rng, side_px, centre=middle, radius=rng.uniform(0.2, 0.3))
    codes[subject], defocus[subject] = texture(rng, side_px)[subject], 0.0
    if near:
        below = (rng.uniform(0.75, 0.9), middle[1] + rng.uniform(-0.15, 0.15))
        leaf = blob(rng, side_px, centre=below, radius=rng.uniform(0.2, 0.25))
        codes[leaf], defocus[leaf] = texture(rng, side_px)[leaf], 0.7 * largest_px
    return codes, defocus.astype(np.float32)


def bokeh_of(codes: Floats, defocus_px: Floats, *, made_by: str) -> Floats:
    """What a lens makes of a scene, as one of the two renderers sees it, codes (H, W, 3)."""
    if made_by == "d2f":
        blurred = renderer.blur(radiance_from_codes(codes, SRGB, highlights=0), defocus_px)
        return np.asarray(codes_from_radiance(blurred, SRGB, np.float32), np.float32)
    import torch

    from d2f.renderer.paper import INTERVAL, RADII, layered_rendering

    layers = np.interp(np.abs(defocus_px), RADII, INTERVAL * np.arange(len(RADII)))
    picture = torch.from_numpy(codes).permute(2, 0, 1)[None]
    paper_defocus = torch.from_numpy(layers.astype(np.float32))[None, None]
    rendered = layered_rendering(picture, torch.ones_like(picture), paper_defocus)
    return np.asarray(rendered[0].permute(1, 2, 0).numpy(), np.float32)


def write_pairs(
    folder: Path, *, made_by: str, side_px: int = SIDE_PX, count: int = PAIRS, seed: int = 3
) -> Path:
    """The pairs with their table, and their true defocus beside them; returns the table.

    Parameters
    ----------
    made_by : "d2f" or "d2f2023"
        The renderer that makes the targets. The published one has no nearer side, so only ours
        gets scenes, every other one, with something unsharp in front.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["photo,target"]
    for number in range(count):
        near = made_by == "d2f" and number % 2 == 1
        codes, defocus = made_scene(rng, side_px, near=near)
        target = bokeh_of(codes, defocus, made_by=made_by)
        for name, picture in ((f"{number}_photo", codes), (f"{number}_target", target)):
            eight = np.rint(picture.clip(0, 1) * 255).astype(np.uint8)
            Image.fromarray(eight).save(folder / f"{name}.png")
        np.save(folder / f"{number}_defocus.npy", defocus)
        rows.append(f"{number}_photo.png,{number}_target.png")
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "pairs.csv"


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What a run has reached. Radii in px of the network's size, (N, h, w), + nearer."""

    taught_by: str
    made_by: str
    curve: list[tuple[int, float]]
    cpu_seconds: float
    first_psnr: float
    psnr: float
    radius: Floats
    truth: Floats
    pictures: list[Floats]

    @property
    def correlation(self) -> float:
        """Of learnt and true amounts of blur, over every pixel of every pair."""
        return float(np.corrcoef(np.abs(self.radius).ravel(), np.abs(self.truth).ravel())[0, 1])

    @property
    def signed_correlation(self) -> float:
        """The same with sides; the published renderer's defocus counts as behind."""
        return float(np.corrcoef(self.radius.ravel(), self.truth.ravel())[0, 1])

    def seconds_to(self, psnr: float) -> float:
        """CPU seconds until a logged batch was that good; infinite if none was."""
        steps = next((step for step, value in self.curve if value >= psnr), None)
        return np.inf if steps is None else self.cpu_seconds * steps / self.curve[-1][0]


def learn(table: Path, run: Path, *, taught_by: str, made_by: str, steps: int) -> Learnt:
    """Train on the pairs of a table and look at what was learnt, at the network's size."""
    from d2f.train.pair_loop import PairPlan
    from d2f.train.published import train_hallucination

    side_px = side_of(table.parent / "0_photo.png")
    plan = PairPlan(
        split="all",
        crop_px=side_px,
        batch=4,
        steps=steps,
        learning_rate=2e-3,
        threads=1,
        log_every=5,
        save_every=50,
    )
    start = time.process_time()
    train_hallucination(table, run, plan, renderer=taught_by, narrow=True)  # type: ignore[arg-type]
    seconds = time.process_time() - start
    with (run / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    curve = [(int(row["step"]), float(row["psnr"])) for row in rows]
    return looked_at(
        table, run, taught_by=taught_by, made_by=made_by, curve=curve, cpu_seconds=seconds
    )


def side_of(photo: Path) -> int:
    """Side of a square photo, px."""
    with Image.open(photo) as image:
        return image.width


def looked_at(
    table: Path,
    run: Path,
    *,
    taught_by: str,
    made_by: str,
    curve: list[tuple[int, float]],
    cpu_seconds: float,
) -> Learnt:
    """Every pair through the finished network, as at inference, and the truth beside it."""
    import torch
    from torch.utils.data import default_collate

    from d2f.measures.pairs import csv_pairs
    from d2f.models.d2f2023 import NARROW
    from d2f.models.d2f2023.signed import radius_and_nearness
    from d2f.models.d2f2023.trained import read_weights
    from d2f.renderer.paper import RADII
    from d2f.train.crops import PairCrops
    from d2f.train.hallucination import LAST_SHARPNESS, Hallucination, half_size, psnr

    stage = Hallucination(renderer=taught_by, **NARROW).eval()  # type: ignore[arg-type]
    pairs = csv_pairs(table)
    side_px = side_of(pairs[0].all_in_focus)
    crops = PairCrops(pairs, crop_px=side_px, long_side_px=side_px, seed=0)
    crop = default_collate([crops.centre(number) for number in range(len(pairs))])
    x, target = half_size(crop["photo"]), half_size(crop["target"])
    with torch.no_grad():
        first = stage.render(x, stage.defocus(x), crop, sharpness=LAST_SHARPNESS)
        read_weights(stage.network, run / "weights.safetensors")
        output = stage.defocus(x)
        rendered = stage.render(x, output, crop, sharpness=LAST_SHARPNESS)
        if taught_by == "d2f":
            share, nearness = radius_and_nearness(output)
            radius = (torch.where(nearness > 0.5, share, -share) * side_px / 2).numpy()[:, 0]
        else:
            radius = -np.interp(output.numpy()[:, 0] * (len(RADII) - 1), range(len(RADII)), RADII)
    truth = np.stack([np.load(table.parent / f"{n}_defocus.npy") for n in range(len(pairs))])
    half = truth.reshape(len(pairs), side_px // 2, 2, side_px // 2, 2).mean((2, 4)) / 2
    shown = [part.clamp(0, 1).permute(0, 2, 3, 1).numpy() for part in (x, rendered, target)]
    return Learnt(
        taught_by=taught_by,
        made_by=made_by,
        curve=curve,
        cpu_seconds=cpu_seconds,
        first_psnr=float(psnr(first, target)),
        psnr=float(psnr(rendered, target)),
        radius=radius.astype(np.float32),
        truth=half.astype(np.float32),
        pictures=shown,
    )


def drawn_curves(runs: list[Learnt], *, width: int, height: int) -> Image.Image:
    """PSNR of each logged batch over CPU seconds, one line for each run."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    longest = max(run.cpu_seconds for run in runs)
    low, high, left, bottom = 22.0, 42.0, 34, height - 22
    for decibels in range(int(low), int(high) + 1, 4):
        y = bottom - (decibels - low) / (high - low) * (bottom - 8)
        draw.line([(left, y), (width, y)], fill=(225, 225, 225))
        draw.text((2, y - 6), f"{decibels} dB", fill="black")
    for seconds in range(0, int(longest) + 1, 10):
        x = left + seconds / longest * (width - left - 4)
        draw.text((x, bottom + 6), f"{seconds} s" + " CPU" * (seconds == 0), fill="black")
    for number, run in enumerate(runs):
        colour = COLOURS[run.taught_by, run.made_by]
        points = [
            (
                left + step / run.curve[-1][0] * run.cpu_seconds / longest * (width - left - 4),
                bottom - (min(max(value, low), high) - low) / (high - low) * (bottom - 8),
            )
            for step, value in run.curve
        ]
        draw.line(points, fill=colour, width=2)
        text = f"taught by {run.taught_by}, pairs made by {run.made_by}"
        draw.text((left + 8, 8 + 15 * number), text, fill=colour)
    return image


def shown_run(run: Learnt, *, pairs: tuple[int, ...] = (0, 1)) -> Image.Image:
    """Photo, learnt and true defocus, rendered, target of some pairs."""
    photo, rendered, target = run.pictures
    largest = float(np.abs(run.truth).max())
    rows = []
    for pair in pairs:
        maps = [0.5 + m[pair] / (2 * largest) for m in (run.radius, run.truth)]
        grey = [np.repeat(map_[..., None], 3, axis=2).clip(0, 1) for map_ in maps]
        rows.append(np.concatenate([photo[pair], *grey, rendered[pair], target[pair]], axis=1))
    return Image.fromarray(np.rint(np.concatenate(rows) * 255).astype(np.uint8))


def main() -> None:
    """Make, train, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/learning"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    chosen = parser.parse_args()
    with ProcessPoolExecutor(chosen.jobs, get_context("spawn")) as pool:
        asked = []
        for made_by in RENDERERS:
            table = write_pairs(chosen.work / f"pairs_by_{made_by}", made_by=made_by)
            for taught_by in RENDERERS:
                folder = chosen.work / f"{taught_by}_on_{made_by}"
                choices = {"taught_by": taught_by, "made_by": made_by, "steps": chosen.steps}
                asked.append(pool.submit(learn, table, folder, **choices))
        runs = [one.result() for one in asked]
    here = Path(__file__)
    with here.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(as_row(runs[0])))
        writer.writeheader()
        writer.writerows(as_row(run) for run in runs)
    for run in runs:
        print(as_row(run))
    parts = [drawn_curves(runs, width=640, height=300), *(shown_run(run) for run in runs)]
    sheet = Image.new("RGB", (640, sum(part.height + 6 for part in parts)), "white")
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height + 6
    sheet.save(here.with_suffix(".jpg"), quality=85, optimize=True)


def as_row(run: Learnt) -> dict[str, str | float]:
    """The figures of a run, rounded."""
    return {
        "taught_by": run.taught_by,
        "pairs_made_by": run.made_by,
        "first_psnr_db": round(run.first_psnr, 2),
        "last_psnr_db": round(run.psnr, 2),
        "correlation": round(run.correlation, 3),
        "signed_correlation": round(run.signed_correlation, 3),
        "cpu_seconds": round(run.cpu_seconds, 1),
        "cpu_seconds_to_5_db_more": round(run.seconds_to(run.first_psnr + 5), 1),
        "cpu_seconds_to_32_db": round(run.seconds_to(32.0), 1),
    }


if __name__ == "__main__":
    main()
