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

import hair as bench_hair
import numpy as np
import page as bench_page
import published as bench_published
from PIL import Image

import d2f
import renderer as bench_renderer
import web as bench_web
from d2f import fusion, light, optics, scene
from d2f.models.compact import CompactModel

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
RUNS = 5
ROWS, COLS = 3000, 4000  # 12 megapixels
LARGEST_RADIUS_PX = 60.0
RADII_PX = [10.0, 30.0, LARGEST_RADIUS_PX, 120.0]


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
    for section in (
        speed_of_renderer,
        speed_of_published,
        speed_of_rooms,
        speed_of_files,
        bench_web.speed_of_slider,
        bench_page.lines,
        quality,
        hair,
    ):
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


def photo_like() -> np.ndarray:
    """The demo photo at half its size, mirrored to 12 megapixels."""
    radiance = bench_renderer.picture(ROWS, COLS)
    return optics.codes_from_light(radiance, optics.SRGB, np.uint8)


def jpeg_seconds(codes: np.ndarray) -> float:
    """Decode and encode of this picture by Pillow."""
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=92)

    def both() -> None:
        picture = np.asarray(Image.open(io.BytesIO(file.getvalue())))
        Image.fromarray(picture).save(io.BytesIO(), "JPEG", quality=92)

    return seconds(both)


def speed_of_renderer() -> list[str]:
    """`d2f.blur` against JPEG decode + encode, and against its definition."""
    lines = ["## Renderer alone (`d2f.blur`, float in and out; benchmarks/renderer.py)", "", "```"]
    for megapixels, runs in ((1.5, RUNS), (12, RUNS), (48, 3)):
        lines += bench_renderer.rows(megapixels, RADII_PX, runs)
    lines += [bench_renderer.growth_row(3), ""]
    lines += [bench_renderer.memory_row(kind) for kind in ("typical", "ground")]
    lines += ["", "12 MP, R 60, every shape of the opening:"]
    lines += bench_renderer.shape_rows(3)
    return [*lines, "", bench_renderer.published_row(1), bench_renderer.twin_row(1), "```"]


def speed_of_published() -> list[str]:
    """The published renderer, as its formulas stand and as it is used here."""
    return [
        "## The published renderer (benchmarks/published.py)",
        "",
        "```",
        *bench_published.rows(),
        "```",
    ]


def speed_of_rooms() -> list[str]:
    """What each step of a 12-megapixel render takes."""
    codes = photo_like()
    jpeg = jpeg_seconds(codes)
    model = CompactModel.load()
    view = scene.analyse(codes, model)
    maps = model.predict(codes)
    defocus_px = bench_renderer.scene("typical", ROWS, COLS, LARGEST_RADIUS_PX)
    radiance = light.radiance_from_codes(codes, optics.SRGB, highlights=1)
    in_focus = fusion.in_focus_mask(defocus_px)
    grain = light.grain_of(codes)
    focus = scene.choose_focus(view.disparity, view.focus_map)
    steps: dict[str, Callable[[], object]] = {
        "network": lambda: model.predict(codes),
        "disparity to full size": lambda: scene.disparity_at_full_size(
            maps.disparity, maps.guide_srgb, codes
        ),
        "choice of focus": lambda: scene.choose_focus(view.disparity, view.focus_map),
        "subject held in focus": lambda: scene.held_disparity(
            view.disparity,
            view.subject,
            at=focus.disparity,
            subject_range=focus.subject_range,
            contact=focus.contact,
        ),
        "codes to radiance, highlights": lambda: light.radiance_from_codes(
            codes, optics.SRGB, highlights=1
        ),
        "renderer": lambda: d2f.blur(radiance, defocus_px),
        "grain of the photo": lambda: light.grain_of(codes),
        "radiance to codes, with grain": lambda: light.codes_with_grain(
            radiance, defocus_px, optics.SRGB, np.uint8, grain=grain, amount=1
        ),
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


def hair() -> list[str]:
    """Drawn hair of known coverage before pieces of the demo photo."""
    made = {colour: bench_hair.composites(None, colour) for colour in bench_hair.COLOURS}
    told = "PSNR in sRGB near the outline, dB, against the sharp hair over the blurred background."
    return ["## Hair (benchmarks/hair.py)", "", told, "", *bench_hair.lines(made)]


if __name__ == "__main__":
    main()
