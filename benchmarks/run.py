"""Every figure that steers, in one run: `make bench` prints them and writes benchmarks/results.md.

Speed is told as a ratio to what was measured beside it, mostly to decoding and encoding the same
picture as JPEG (quality 92, one thread): seconds change with the machine, ratios less.
"""

from __future__ import annotations

import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import d2f
from d2f import fusion, light, optics, renderer, scene
from d2f.models.compact import CompactModel

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
RUNS = 5
ROWS, COLS = 3000, 4000  # 12 megapixels
LARGEST_RADIUS_PX = 60


def main() -> None:
    """Measure, print, write."""
    lines = [
        "# Benchmarks",
        "",
        f"Made by `make bench` on {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}. Median of {RUNS} runs after a warm-up; the machine may have "
        "had other work.",
        "",
    ]
    for section in (speed_of_renderer, speed_of_rooms, speed_of_files, quality):
        lines += [*section(), ""]
    text = "\n".join(lines)
    (Path(__file__).parent / "results.md").write_text(text)
    print(text)


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median wall time of `work`, after one run that does not count."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def photo_like(rows: int = ROWS, cols: int = COLS) -> np.ndarray:
    """A demo photo enlarged to the size, so that JPEG meets real content."""
    with Image.open(ROOT / "examples" / "otters.jpg") as photo:
        return np.asarray(photo.convert("RGB").resize((cols, rows), Image.Resampling.BICUBIC))


def jpeg_seconds(codes: np.ndarray) -> float:
    """Decode and encode of this picture by Pillow."""
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=92)

    def both() -> None:
        picture = np.asarray(Image.open(io.BytesIO(file.getvalue())))
        Image.fromarray(picture).save(io.BytesIO(), "JPEG", quality=92)

    return seconds(both)


def typical_defocus(rows: int, cols: int, radius: float) -> np.ndarray:
    """A sharp subject over a third of the picture, a slanted background, a near blob."""
    y, x = np.mgrid[:rows, :cols].astype(np.float32)
    defocus_px = -radius * (0.6 + 0.4 * y / rows)
    defocus_px[(np.abs(x - cols / 2) < cols / 6) & (y > 0.15 * rows)] = 0
    defocus_px[np.hypot(x - 0.15 * cols, y - 0.85 * rows) < 0.12 * cols] = 0.6 * radius
    return defocus_px.astype(np.float32)


def ground_defocus(rows: int, cols: int, radius: float) -> np.ndarray:
    """The hard case: a ramp through all radii with twelve upright discs on it."""
    y, x = np.mgrid[:rows, :cols].astype(np.float32)
    defocus_px = -radius + 2 * radius * y / rows
    rng = np.random.default_rng(0)
    for _ in range(12):
        col, row = rng.uniform(0, cols), rng.uniform(0.1 * rows, 0.9 * rows)
        defocus_px[np.hypot(x - col, y - row) < rows / 12] = -radius + 2 * radius * row / rows
    return defocus_px.astype(np.float32)


def speed_of_renderer() -> list[str]:
    """`d2f.blur` against JPEG decode + encode, for sizes, scenes and threads."""
    lines = [
        "## Renderer alone (`d2f.blur`, float in and out)",
        "",
        "| size | largest radius | scene | threads | seconds | x JPEG decode + encode |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for rows, cols in ((1050, 1400), (ROWS, COLS)):
        codes = photo_like(rows, cols)
        jpeg = jpeg_seconds(codes)
        radiance = light.radiance_from_codes(codes, optics.SRGB, highlights=0)
        for name, make in (("typical", typical_defocus), ("ground", ground_defocus)):
            defocus_px = make(rows, cols, LARGEST_RADIUS_PX)
            for threads in (1, 2):
                spent = seconds(
                    lambda d=defocus_px, t=threads, r=radiance: d2f.blur(r, d, threads=t)
                )
                lines.append(
                    f"| {rows * cols / 1e6:.1f} MP | {LARGEST_RADIUS_PX} px | {name} | {threads} "
                    f"| {spent:.2f} | {spent / jpeg:.2f} |"
                )
    return [*lines, "", speed_against_twin()]


def speed_against_twin() -> str:
    """The native kernel and its torch twin on one small picture."""
    import torch

    from d2f.renderer import layered

    codes = photo_like(300, 400)
    radiance = light.radiance_from_codes(codes, optics.SRGB, highlights=0)
    defocus_px = typical_defocus(300, 400, 12)
    native = seconds(lambda: d2f.blur(radiance, defocus_px))
    tensors = torch.from_numpy(radiance), torch.from_numpy(defocus_px)
    twin = seconds(lambda: layered.blur(*tensors), runs=1)
    return f"0.12 MP, 12 px: native {twin / native:.0f} times as fast as its torch twin."


def speed_of_rooms() -> list[str]:
    """What each step of a 12-megapixel render takes."""
    codes = photo_like()
    jpeg = jpeg_seconds(codes)
    model = CompactModel.load()
    view = scene.analyse(codes, model)
    maps = model.predict(codes)
    defocus_px = typical_defocus(ROWS, COLS, LARGEST_RADIUS_PX)
    radiance = light.radiance_from_codes(codes, optics.SRGB, highlights=1)
    in_focus = fusion.in_focus_mask(defocus_px)
    focus = scene.choose_focus(view.disparity, view.focus_map)
    steps: dict[str, Callable[[], object]] = {
        "network": lambda: model.predict(codes),
        "disparity to full size": lambda: scene.disparity_at_full_size(
            maps.disparity, maps.guide_srgb, codes
        ),
        "choice of focus": lambda: scene.choose_focus(view.disparity, view.focus_map),
        "subject held in focus": lambda: scene.held_disparity(
            view.disparity, view.subject, at=focus.disparity, subject_range=focus.subject_range
        ),
        "codes to radiance, highlights": lambda: light.radiance_from_codes(
            codes, optics.SRGB, highlights=1
        ),
        "renderer": lambda: renderer.blur(radiance, defocus_px),
        "radiance to codes": lambda: light.codes_from_radiance(radiance, optics.SRGB, np.uint8),
        "in-focus mask": lambda: fusion.in_focus_mask(defocus_px),
        "fusion": lambda: fusion.keep_in_focus(codes, codes, in_focus),
    }
    lines = [
        "## The steps of a 12-megapixel render",
        "",
        f"JPEG decode + encode of the same picture: {jpeg:.2f} s.",
        "",
        "| step | seconds | x JPEG decode + encode |",
        "| --- | --- | --- |",
    ]
    for name, work in steps.items():
        spent = seconds(work)
        lines.append(f"| {name} | {spent:.3f} | {spent / jpeg:.2f} |")
    return lines


def speed_of_files() -> list[str]:
    """The whole command, file to file, cold and warm, against JPEG decode + encode."""
    codes = photo_like()
    jpeg = jpeg_seconds(codes)
    program = Path(sys.executable).with_name("d2f")
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder) / "photo.jpg", Path(folder) / "out.jpg"
        Image.fromarray(codes).save(photo, quality=92)
        command = [program, "render", photo, "-o", out, "--overwrite", "-q"]
        cold = seconds(lambda: subprocess.run(command, check=True))
        warm = seconds(lambda: d2f.render(photo, output=out, overwrite=True))
        session = d2f.open(photo)
        again = seconds(lambda: session.render(f_number=2))
    start = seconds(lambda: subprocess.run([program, "--help"], check=True, capture_output=True))
    return [
        "## `d2f render`, a 12-megapixel JPEG, file to file",
        "",
        "| what | seconds | x JPEG decode + encode |",
        "| --- | --- | --- |",
        f"| command, cold start included | {cold:.2f} | {cold / jpeg:.1f} |",
        f"| library, model loaded | {warm:.2f} | {warm / jpeg:.1f} |",
        f"| another render of an open photo | {again:.2f} | {again / jpeg:.1f} |",
        "",
        f"`d2f --help`: {start:.2f} s.",
    ]


def quality() -> list[str]:
    """The ray-traced references, where they are beside the checkout."""
    if not SHARED.is_dir():
        return ["## Quality", "", "Not measured: the shared ground truth is not here."]
    score = [sys.executable, SHARED / "groundtruth" / "score.py"]
    lines = [
        "## Quality on ray-traced thin-lens references",
        "",
        "`score.py` of the shared ground truth, means over 16 scenes: PSNR and SSIM in sRGB, PSNR",
        "near depth edges, in focus, and of log radiance; halo in 1/1000 of white.",
        "",
        "```",
    ]
    for name in ("additive", "d2f"):
        run = subprocess.run(
            [*score, "--renderer", name], capture_output=True, text=True, check=True
        )
        lines += run.stdout.splitlines()[-1].removeprefix("MEAN ").split(" | ")
    return [*lines, "```"]


if __name__ == "__main__":
    main()
