"""Hair before real backgrounds, its coverage known: python benchmarks/hair.py [PHOTOS]

A head of drawn hair, strokes of 0.7 to 4 px, is laid in linear light over a piece of a photo and
the composite is saved as JPEG. Its depth is known as a network knows it, at one sample per 20 px
and softened. The truth is the sharp hair over the blurred piece. Told is the PSNR in sRGB near the
outline, where the hair is: of the map's own outline, of `fusion.soft_outline`, and of the true
matte through the same renderer, which nothing can beat. PHOTOS is a folder of large photos; without
it the backgrounds come from the demo photo. --sheet FILE draws one row per colour.
"""

from __future__ import annotations

import argparse
import io
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import d2f
from d2f import fusion, light, optics, scene

ROOT = Path(__file__).resolve().parents[1]
SIZE = 800, 960  # rows and columns, px
SAMPLE_PX = 20
RADIUS_PX = 24.0
FINER = 3  # samples per pixel, each way, of which coverage is the mean
HAIRS = 4000
LONGEST_PX = 90
NARROWER = 1.25  # a head is taller than wide by this factor
NEAR_OUTLINE_PX = 64
RUNS = 5
COLOURS = {
    "black": (0.012, 0.011, 0.012),
    "brown": (0.07, 0.04, 0.025),
    "red": (0.2, 0.06, 0.025),
    "blond": (0.5, 0.36, 0.2),
    "white": (0.75, 0.73, 0.7),
}
PIECES = ((0.1, 0.1), (0.6, 0.2), (0.35, 0.6))  # where in a photo backgrounds are taken from
UNSEEN_PIECE, UNSEEN_SEED = (0.85, 0.8), 7000  # other pieces, other hair


@dataclass(frozen=True)
class Composite:
    """A drawn head before a background, and what is true of it."""

    name: str
    codes: np.ndarray
    cover: np.ndarray
    truth: np.ndarray


def main() -> None:
    """Print a row per colour of hair, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--unseen", action="store_true", help="none that constants were chosen on")
    given = parser.parse_args()
    made = {colour: composites(given.photos, colour, unseen=given.unseen) for colour in COLOURS}
    print("\n".join(lines(made)))
    for rows in (1, 4):
        print(cost(made["blond"][0], rows))
    if given.sheet:
        sheet(made).save(given.sheet)


def lines(made: dict[str, list[Composite]]) -> list[str]:
    """Markdown: PSNR near the outline by colour of hair."""
    found = {colour: [measured(picture) for picture in made[colour]] for colour in made}
    rows = [(colour, len(part), *np.mean(part, axis=0)) for colour, part in found.items()]
    everything = [figures for part in found.values() for figures in part]
    rows.append(("all", len(everything), *np.mean(everything, axis=0)))
    told = [
        "| hair | pictures | outline of the map | soft outline | true matte |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, count, before, after, best in rows:
        told.append(f"| {name} | {count} | {before:.2f} | {after:.2f} | {best:.2f} |")
    gains = np.array(everything)[:, 1] - np.array(everything)[:, 0]
    told.append("")
    told.append(f"Gain: least {gains.min():+.2f} dB, median {np.median(gains):+.2f} dB.")
    return told


def composites(photos: Path | None, colour: str, *, unseen: bool = False) -> list[Composite]:
    """One per background."""
    made = []
    for index, (name, background) in enumerate(backgrounds(photos, unseen=unseen)):
        seed = 100 * list(COLOURS).index(colour) + index + (UNSEEN_SEED if unseen else 0)
        cover, hair = drawn_head(np.array(COLOURS[colour], np.float32), seed)
        sharp = cover[..., None] * hair + (1 - cover[..., None]) * background
        file = io.BytesIO()
        codes = optics.codes_from_light(sharp, optics.SRGB, np.uint8)
        Image.fromarray(codes).save(file, "JPEG", quality=92)
        codes = np.array(Image.open(file))
        blurred = d2f.blur(background, np.full(SIZE, -RADIUS_PX, np.float32))
        truth = cover[..., None] * hair + (1 - cover[..., None]) * blurred
        made.append(Composite(f"{colour}, {name}", codes, cover, truth))
    return made


def backgrounds(photos: Path | None, *, unseen: bool = False) -> list[tuple[str, np.ndarray]]:
    """Pieces of photos in linear light, brought to a quarter so that they hold detail."""
    paths = [ROOT / "examples" / "osprey.jpg"] if photos is None else sorted(photos.glob("*.jpg"))
    found = []
    for path in paths:
        with Image.open(path) as opened:
            if min(opened.size) < 2 * max(SIZE):
                continue
            half = opened.convert("RGB").reduce(2)
        codes = np.asarray(half)
        pieces = (UNSEEN_PIECE,) if unseen else PIECES if photos is None else PIECES[:1]
        for y, x in pieces:
            top, left = int(y * (codes.shape[0] - SIZE[0])), int(x * (codes.shape[1] - SIZE[1]))
            piece = np.ascontiguousarray(codes[top : top + SIZE[0], left : left + SIZE[1]])
            linear = light.radiance_from_codes(piece, optics.SRGB, highlights=0)
            found.append((path.stem, linear))
    return found


def drawn_head(colour: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Coverage (H, W) and radiance (H, W, 3) of a head whose hairs stand out by up to 90 px."""
    rng = np.random.default_rng(seed)
    rows, cols = (FINER * length for length in SIZE)
    centre, radius = (0.5 * cols, 0.95 * rows), 0.62 * rows
    tones = Image.new("F", (cols, rows))
    draw = ImageDraw.Draw(tones)
    across = radius / NARROWER
    box = centre[0] - across, centre[1] - radius, centre[0] + across, centre[1] + radius
    draw.ellipse(box, fill=1.0)
    for _ in range(HAIRS):  # most lie on the head and shade it; some stand out
        angle, bend = rng.uniform(-1.7, 1.7), rng.normal(0, 0.25) * 4 / radius
        start = radius * (1.0 if rng.random() < 0.3 else rng.uniform(0.2, 0.97))
        along = np.linspace(0, FINER * min(rng.gamma(2.0, 17.0), LONGEST_PX), 12)
        x = centre[0] + np.sin(angle + bend * along) * (start + along - 8) / NARROWER
        y = centre[1] - np.cos(angle + bend * along) * (start + along - 8)
        tone, thick = float(rng.lognormal(0, 0.35)), FINER * rng.uniform(0.7, 4.0)
        points = list(zip(x.tolist(), y.tolist(), strict=True))
        for part, begin in enumerate(points[:-1]):  # thinner towards the tip
            width = max(round(thick * (1 - 0.06 * part)), 1)
            draw.line([begin, points[part + 1]], fill=tone, width=width)
    shade = np.asarray(tones)
    cover = shade > 0
    by_pixel = (SIZE[0], FINER, SIZE[1], FINER)
    covered = cover.reshape(by_pixel).mean(axis=(1, 3), dtype=np.float32)
    toned = shade.reshape(by_pixel).mean(axis=(1, 3), dtype=np.float32)
    return covered, (toned / np.maximum(covered, 1e-6))[..., None] * colour


def known_defocus(codes: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """What a network's map of the head becomes at full size."""
    rows, cols = (length // SAMPLE_PX for length in SIZE)
    small = (cover > 0.5).reshape(rows, SAMPLE_PX, cols, SAMPLE_PX).mean(axis=(1, 3))
    for axis in (0, 1):
        padded = np.pad(small, [(1, 1) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
        before, after = (np.delete(padded, gone, axis) for gone in ([-1, -2], [0, 1]))
        small = (before + 2 * small + after) / 4
    disparity = scene.disparity_at_full_size(small.astype(np.float32), None, codes)
    excess = np.minimum((disparity - 0.8) / 0.6, 0)  # the subject's range is held in focus
    return np.maximum(excess, -1) * np.float32(RADIUS_PX)


def renders(picture: Composite) -> list[np.ndarray]:
    """Radiance with the outline of the map, with the soft one, and with the true matte."""
    defocus_px = known_defocus(picture.codes, picture.cover)
    radiance = light.radiance_from_codes(picture.codes, optics.SRGB, highlights=0)
    plain = d2f.blur(radiance, defocus_px)
    soft = fusion.soft_outline(picture.codes, defocus_px, sample_px=SAMPLE_PX)
    told = plain if soft is None else d2f.blur(radiance, soft.defocus_px, matte=soft.matte)
    true_px = np.where(picture.cover > 0, 0, -RADIUS_PX).astype(np.float32)
    return [plain, told, d2f.blur(radiance, true_px, matte=picture.cover)]


def measured(picture: Composite) -> list[float]:
    """PSNR in sRGB near the outline."""
    region = near_outline(picture.cover)
    truth = optics.codes_from_light(np.clip(picture.truth, 0, 1), optics.SRGB, np.float32)
    found = []
    for radiance in renders(picture):
        codes = optics.codes_from_light(np.clip(radiance, 0, 1), optics.SRGB, np.float32)
        found.append(-10 * np.log10(np.mean((codes[region] - truth[region]) ** 2)))
    return found


def cost(picture: Composite, rows: int) -> str:
    """Time of `soft_outline` for 4 x 4 copies of a picture, against JPEG decode and encode.

    Of the rows of copies only the first ones have an outline.
    """
    codes = np.tile(picture.codes, (4, 4, 1))
    defocus_px = np.tile(known_defocus(picture.codes, picture.cover), (4, 4))
    defocus_px[rows * SIZE[0] :] = -RADIUS_PX
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=92)

    def jpeg() -> None:
        decoded = np.asarray(Image.open(io.BytesIO(file.getvalue())))
        Image.fromarray(decoded).save(io.BytesIO(), "JPEG", quality=92)

    def outline() -> None:
        fusion.soft_outline(codes, defocus_px, sample_px=SAMPLE_PX, threads=2)

    ratios = []
    for clock in (time.process_time, time.perf_counter):
        least = []
        for work in (outline, jpeg):
            spent = []
            for _ in range(RUNS):
                start = clock()
                work()
                spent.append(clock() - start)
            least.append(min(spent))
        ratios.append(least[0] / least[1])
    megapixels = defocus_px.size / 1e6
    return (
        f"{megapixels:.1f} megapixels with {4 * rows} outlines, two threads: "
        f"{ratios[0]:.2f} x the processor time of JPEG decode + encode, {ratios[1]:.2f} x its time."
    )


def near_outline(cover: np.ndarray) -> np.ndarray:
    """Pixels that have an outline, hair or not, within reach, but for those at the border."""
    soft = (cover > 0.02) & (cover < 0.98)
    total = np.pad(soft.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    reach = NEAR_OUTLINE_PX // 2
    y, x = (np.arange(length) for length in SIZE)
    top, bottom = np.maximum(y - reach, 0), np.minimum(y + reach + 1, SIZE[0])
    left, right = np.maximum(x - reach, 0), np.minimum(x + reach + 1, SIZE[1])
    counted = (
        total[np.ix_(bottom, right)]
        - total[np.ix_(top, right)]
        - total[np.ix_(bottom, left)]
        + total[np.ix_(top, left)]
    )
    near = counted > 0
    border = int(RADIUS_PX) + 2
    inner = np.zeros(SIZE, bool)
    inner[border:-border, border:-border] = True
    return near & inner


def sheet(made: dict[str, list[Composite]]) -> Image.Image:
    """Per colour: composite, outline of the map, soft outline, true matte, truth; at 100 %."""
    top, left, side = 180, 300, 320
    page = Image.new("RGB", (5 * (side + 4), len(made) * (side + 4)))
    for row, pictures in enumerate(made.values()):
        picture = pictures[row % len(pictures)]
        panels = [picture.codes]
        for radiance in (*renders(picture), picture.truth):
            panels.append(optics.codes_from_light(np.clip(radiance, 0, 1), optics.SRGB, np.uint8))
        for col, codes in enumerate(panels):
            crop = Image.fromarray(codes[top : top + side, left : left + side])
            page.paste(crop, (col * (side + 4), row * (side + 4)))
    return page


if __name__ == "__main__":
    main()
