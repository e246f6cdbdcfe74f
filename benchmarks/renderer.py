"""How long the renderer takes, as ratios to decoding and encoding a JPEG of the same picture.

    python benchmarks/renderer.py [--megapixels 12] [--radii 10 30 60 120] [--repeats 5]
                                  [--shapes] [--growth] [--published] [--twin]

Two scenes: 'typical' (a sharp subject over a third of the picture, a slanted background, a near
blob) and 'ground' (a ramp through the plane of focus with twelve upright discs: many layers
everywhere). JPEG is Pillow at quality 92 on one thread, timed in the same run, in turn with the
renderer. Equality for different thread counts is checked before anything is timed.

The picture is the demo photo at half its size, mirrored until it fills the frame: enlarging would
make pixels that compress as no camera's do. It takes 2.1 bits a pixel; a camera's own file of this
quality takes 3 to 4, and would make every ratio smaller.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from d2f.arrays import FloatImage
from d2f.optics import SRGB, Aperture, codes_from_light, light_from_codes
from d2f.renderer import blur

__all__ = [
    "SHAPES",
    "growth_row",
    "main",
    "memory_row",
    "picture",
    "published_row",
    "rows",
    "scene",
    "shape_rows",
    "twin_row",
]

PHOTO = Path(__file__).resolve().parents[1] / "examples" / "osprey.jpg"
SHAPES = {1.5: (1050, 1400), 12: (3000, 4000), 48: (6000, 8000), 100: (8660, 11547)}
SMALL = (192, 256)  # the twin takes minutes for a whole photo
PAPER = (768, 1024)  # and the published method at full size
LINE = np.linspace(-1, 1, 128)
STAR = np.hypot(LINE[:, None], LINE) < 0.5 + 0.4 * np.cos(5 * np.arctan2(LINE[:, None], LINE))
APERTURES = {
    "round": Aperture(),
    "7 blades": Aperture(blades=7, roundness=0.3, rotation_deg=10),
    "squeeze": Aperture(squeeze=1.33),
    "rim": Aperture(rim=0.7),
    "cat's eye": Aperture(cats_eye=1),
    "blades, rim, cat's eye": Aperture(blades=7, rim=0.7, cats_eye=1),
    "fringe": Aperture(fringe=1),
    "picture: star": Aperture(picture=STAR),
    "picture: grey slope": Aperture(picture=np.maximum(1 - np.hypot(LINE[:, None], LINE), 0)),
}


def picture(rows: int, cols: int) -> FloatImage:
    """Radiance of the demo photo at half its size, mirrored until it fills rows x cols."""
    with Image.open(PHOTO) as photo:
        half = photo.convert("RGB").resize((photo.width // 2, photo.height // 2))
    codes = np.asarray(half)
    while codes.shape[0] < rows or codes.shape[1] < cols:
        more = [min(n - k, k - 1) for n, k in zip((rows, cols), codes.shape, strict=False)]
        codes = np.pad(codes, (*((0, max(k, 0)) for k in more), (0, 0)), mode="reflect")
    return light_from_codes(np.ascontiguousarray(codes[:rows, :cols]), SRGB)


def scene(kind: str, rows: int, cols: int, radius_px: float) -> FloatImage:
    """Defocus map, px, of a scene whose largest blur has this radius."""
    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32) / np.float32(rows)
    middle = np.float32(cols / rows / 2)
    if kind == "typical":
        defocus_px = -radius_px * (0.6 + 0.4 * y)
        defocus_px[np.hypot(x - middle, y - 0.55) < 0.38] = 0
        defocus_px[np.hypot(x - 0.2, y - 0.9) < 0.15] = 0.6 * radius_px
    else:
        defocus_px = (2 * y - 1) * radius_px
        for k in range(12):
            foot, across = 0.15 + 0.7 * ((5 * k) % 12) / 12, (k + 0.5) * 2 * middle / 12
            disc = np.hypot(x - across, y - foot) < 0.04
            defocus_px[disc] = (2 * foot + 0.08 - 1) * radius_px
    return defocus_px.astype(np.float32)


def _jpeg_round_trip(light: FloatImage) -> Callable[[], object]:
    stored = io.BytesIO()
    Image.fromarray(codes_from_light(light, SRGB, np.uint8)).save(stored, "JPEG", quality=92)

    def decode_and_encode() -> None:
        decoded = Image.open(io.BytesIO(stored.getvalue())).convert("RGB")
        decoded.save(io.BytesIO(), "JPEG", quality=92)

    return decode_and_encode


def _seconds(calls: list[Callable[[], object]], repeats: int) -> list[list[float]]:
    """Times of several calls, taken in turn so that a busy moment meets all of them."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for spent, call in zip(times, calls, strict=True):
            start = time.perf_counter()
            call()
            spent.append(time.perf_counter() - start)
    return times


def rows(megapixels: float, radii: list[float], repeats: int) -> Iterator[str]:
    """One line of the report per scene, radius and number of threads."""
    shape = SHAPES[megapixels]
    light = picture(*shape)
    jpeg = _jpeg_round_trip(light)
    cores = os.cpu_count() or 1
    for kind in ("typical", "ground"):
        for radius in radii:
            depth = scene(kind, *shape, radius)
            same = np.array_equal(blur(light, depth, threads=1), blur(light, depth, threads=cores))
            assert same, "the number of threads changed the picture"
            ways: dict[str, Callable[[], object]] = {
                f"{cores} threads": lambda d=depth: blur(light, d),
                "1 thread": lambda d=depth: blur(light, d, threads=1),
            }
            reference, *spent = _seconds([jpeg, *ways.values()], repeats)
            base = statistics.median(reference)
            for way, times in zip(ways, spent, strict=True):
                middle = statistics.median(times)
                spread = (max(times) - min(times)) / middle
                yield (
                    f"{megapixels:5g} MP  {kind:8s} R {radius:4g}  {way:10s} {middle:7.3f} s"
                    f"  {middle / base:5.2f} x JPEG ({base:.3f} s)  spread {spread:4.0%}"
                )


def shape_rows(repeats: int, radius: float = 60.0) -> Iterator[str]:
    """What each shape of the opening costs at 12 megapixels, beside the round one."""
    shape = SHAPES[12]
    light = picture(*shape)
    jpeg = _jpeg_round_trip(light)
    spent = {}
    for kind in ("typical", "ground"):
        depth = scene(kind, *shape, radius)
        calls = [lambda a=a, d=depth: blur(light, d, aperture=a) for a in APERTURES.values()]
        for call in calls:
            call()  # kernels are made once
        spent[kind] = [statistics.median(t) for t in _seconds([jpeg, *calls], repeats)]
    for k, name in enumerate(APERTURES, start=1):
        line = f"{name:24s}"
        for kind, times in spent.items():
            line += (
                f"  {kind} {times[k] / times[1]:5.2f} x round, {times[k] / times[0]:5.2f} x JPEG"
            )
        yield line


def growth_row(repeats: int, radius: float = 60.0) -> str:
    """How the ratio to JPEG grows from 12 to 48 megapixels: medians of interleaved runs."""
    calls: list[Callable[[], object]] = []
    for megapixels in (12.0, 48.0):
        light, depth = (
            picture(*SHAPES[megapixels]),
            scene("typical", *SHAPES[megapixels], radius),
        )
        calls += [
            _jpeg_round_trip(light),
            lambda light=light, depth=depth: blur(light, depth),
        ]
    calls[1]()
    small_jpeg, small, large_jpeg, large = (
        statistics.median(times) for times in _seconds(calls, repeats)
    )
    growth = (large / large_jpeg) / (small / small_jpeg)
    return (
        f"48 : 12 MP, typical R {radius:g}: {large / large_jpeg:.2f} x JPEG : "
        f"{small / small_jpeg:.2f} x JPEG = {growth:.2f}"
    )


def memory_row(kind: str, megapixels: float = 12.0, radius: float = 60.0) -> str:
    """The renderer's own peak memory, besides input and output, in a process of its own."""
    program = (
        "import sys; import renderer as r; rows, cols = r.SHAPES[float(sys.argv[2])]\n"
        "light = r.np.full((rows, cols, 3), 0.5, r.np.float32)\n"
        "depth = r.scene(sys.argv[1], rows, cols, float(sys.argv[3]))\n"
        "def told(name):\n"  # of the system, in MiB; getrusage would tell the parent's peak
        "    return next(int(l.split()[1]) / 1024 for l in open('/proc/self/status')"
        " if l.startswith(name))\n"
        "open('/proc/self/clear_refs', 'w').write('5')\n"
        "before = told('VmRSS'); out = r.blur(light, depth)\n"
        "print(told('VmHWM') - before - out.nbytes / 2**20)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, kind, str(megapixels), str(radius)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return (
        f"{megapixels:5g} MP  {kind:8s} R {radius:4g}  own peak memory {float(run.stdout):.0f} MiB"
    )


def twin_row(repeats: int) -> str:
    """How much slower the definition is, on a small picture."""
    import torch

    from d2f.renderer import layered

    light, depth = picture(*SMALL), scene("typical", *SMALL, 14.0)

    def define() -> object:
        with torch.no_grad():
            return layered.blur(torch.from_numpy(light), torch.from_numpy(depth))

    native, twin = _seconds([lambda: blur(light, depth), define], repeats)
    ratio = statistics.median(twin) / statistics.median(native)
    return f"twin at {SMALL[1]} x {SMALL[0]}, R 14: {ratio:.0f} x the native time"


def published_row(repeats: int) -> str:
    """The published layers (renderer/paper.py) on the same photo; their largest radius is fixed."""
    import torch

    from d2f.renderer import paper

    light = picture(*PAPER)
    largest = float(np.abs(paper.RADII).max())
    depth = scene("typical", *PAPER, largest)
    codes = codes_from_light(np.clip(light, 0, 1), SRGB, np.float32)
    image = torch.from_numpy(codes).permute(2, 0, 1)[None]
    defocus = torch.from_numpy(np.abs(depth))[None, None]

    def published() -> object:
        with torch.no_grad():
            return paper.layered_rendering(image, torch.ones_like(image), defocus)

    native, layers = _seconds([lambda: blur(light, depth), published], repeats)
    ratio = statistics.median(layers) / statistics.median(native)
    return (
        f"published layers at {PAPER[1]} x {PAPER[0]}, R {largest:g}: {ratio:.1f} x the native time"
    )


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="*", default=[12.0], choices=SHAPES)
    parser.add_argument("--radii", type=float, nargs="*", default=[10.0, 30.0, 60.0, 120.0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--shapes", action="store_true", help="time every shape of the opening")
    parser.add_argument("--growth", action="store_true", help="the ratio of 48 to 12 megapixels")
    parser.add_argument("--published", action="store_true", help="time the published layers, too")
    parser.add_argument("--twin", action="store_true", help="time the definition, too")
    options = parser.parse_args()
    for megapixels in options.megapixels:
        for line in rows(megapixels, options.radii, options.repeats):
            print(line, flush=True)
    if options.shapes:
        for line in shape_rows(options.repeats):
            print(line, flush=True)
    if options.growth:
        print(growth_row(options.repeats))
    if options.published:
        print(published_row(min(options.repeats, 3)))
    if options.twin:
        print(twin_row(min(options.repeats, 3)))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, pictures included: {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
