"""How long the renderer takes, as ratios to decoding and encoding a JPEG of the same picture.

    python benchmarks/renderer.py [--megapixels 12] [--radii 10 30 60 120] [--repeats 5] [--twin]

Two scenes: 'typical' (a sharp subject over a third of the picture, a slanted background, a near
blob) and 'ground' (a ramp through the plane of focus with twelve upright discs: many layers
everywhere). JPEG is Pillow at quality 92 on one thread, timed in the same run, in turn with the
renderer. Equality for different thread counts is checked before anything is timed.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from d2f.arrays import FloatImage
from d2f.optics import SRGB, Aperture, codes_from_light, light_from_codes
from d2f.renderer import blur

__all__ = ["main", "picture", "rows", "scene"]

PHOTO = Path(__file__).resolve().parents[1] / "examples" / "osprey.jpg"
SHAPES = {1.5: (1050, 1400), 12: (3000, 4000), 48: (6000, 8000), 100: (8660, 11547)}
TWIN_SHAPE = (192, 256)  # the twin takes minutes for a whole photo
IRIS = Aperture(blades=7, roundness=0.3, rotation_deg=10)


def picture(rows: int, cols: int) -> FloatImage:
    """Radiance of the demo photo enlarged to a size, so that JPEG meets real content."""
    with Image.open(PHOTO) as photo:
        resized = photo.convert("RGB").resize((cols, rows), Image.Resampling.BICUBIC)
    return light_from_codes(np.asarray(resized), SRGB)


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
    """One line of the report per scene, radius and way of rendering."""
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
                "7 blades": lambda d=depth: blur(light, d, aperture=IRIS),
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


def twin_row(repeats: int) -> str:
    """How much slower the definition is, on a small picture."""
    import torch

    from d2f.renderer import layered

    light, depth = picture(*TWIN_SHAPE), scene("typical", *TWIN_SHAPE, 14.0)

    def define() -> object:
        with torch.no_grad():
            return layered.blur(torch.from_numpy(light), torch.from_numpy(depth))

    native, twin = _seconds([lambda: blur(light, depth), define], repeats)
    ratio = statistics.median(twin) / statistics.median(native)
    return f"twin at {TWIN_SHAPE[1]} x {TWIN_SHAPE[0]}, R 14: {ratio:.0f} x the native time"


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="*", default=[12.0], choices=SHAPES)
    parser.add_argument("--radii", type=float, nargs="*", default=[10.0, 30.0, 60.0, 120.0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--twin", action="store_true", help="time the definition, too")
    options = parser.parse_args()
    for megapixels in options.megapixels:
        for line in rows(megapixels, options.radii, options.repeats):
            print(line, flush=True)
    if options.twin:
        print(twin_row(min(options.repeats, 3)))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, pictures included: {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
