"""Writes restraint.jpg: what is raised beyond white, and what stays: restraint.py FULLSIZE

FULLSIZE is a folder with the photos named below, all CC0. Prints the table of docs/highlights.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import d2f

PHOTOS = {
    "gc3-coffee.jpg": "white china",
    "tea-gardens.jpg": "white sky",
    "lake-sherburne.jpg": "snow, clouds",
    "casa-mila.jpg": "backlit sky",
    "beacon-street-sunset.jpg": "sunset, two headlamps",
    "singaporean-cityscape.jpg": "a city's lamps",
}
TILE_PX = (300, 190)
CLIPPED_FROM = 250  # of 255
GAINS = (1.05, 32.0)  # black up to the first, white from the second, even steps of light between
MODELS = {"lamps": "lamps, the default", "d2f2023": "d2f2023, the published rule"}


def gain_of(photo: np.ndarray, model: str) -> np.ndarray:
    """How far each pixel is raised: the largest of its channels, (H, W)."""
    clipped = d2f.recover_highlights(photo, strength=0)
    raised = d2f.recover_highlights(photo, model=model)
    return np.divide(raised, clipped, out=np.ones_like(raised), where=clipped > 0).max(axis=2)


def gain_tile(gain: np.ndarray) -> Image.Image:
    """The largest gain within each pixel of a tile, so that small lamps are seen."""
    rows, cols = gain.shape
    down, along = (
        np.arange(n) * size // n for n, size in zip(TILE_PX[::-1], (rows, cols), strict=True)
    )
    largest = np.maximum.reduceat(np.maximum.reduceat(gain, down, axis=0), along, axis=1)
    low, high = np.log2(GAINS)
    grey = np.clip((np.log2(largest) - low) / (high - low), 0, 1)
    lit = np.where(largest > GAINS[0], 64 + 191 * grey, 0)
    return Image.fromarray(lit.astype(np.uint8))


def figure(folder: Path) -> tuple[Image.Image, list[str]]:
    """The page, and its figures as lines of a table."""
    width, height = TILE_PX
    page = Image.new("RGB", (width * len(PHOTOS), (height + 16) * 3), (24, 24, 24))
    draw, lines = ImageDraw.Draw(page), []
    for col, (name, shows) in enumerate(PHOTOS.items()):
        with Image.open(folder / name) as image:
            photo = np.asarray(image.convert("RGB"))
        page.paste(Image.fromarray(photo).resize(TILE_PX, reducing_gap=3.0), (col * width, 16))
        draw.text((col * width + 4, 2), shows, fill=(255, 255, 255))
        cells = []
        for row, (model, label) in enumerate(MODELS.items(), 1):
            gain = gain_of(photo, model)
            top = row * (height + 16)
            page.paste(gain_tile(gain), (col * width, top + 16))
            draw.text((col * width + 4, top + 2), label, fill=(255, 255, 255))
            share = (gain > GAINS[0]).mean()
            cells.append(f"{100 * share:.4f} %, x {gain.max():.1f}")
        clipped = (photo.max(axis=2) >= CLIPPED_FROM).mean()
        lines.append(f"| `{name}`, {shows} | {100 * clipped:.2f} % | {' | '.join(cells)} |")
    return page, lines


def main() -> None:
    """Write the page, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    drawn, table = figure(parser.parse_args().photos)
    drawn.save(Path(__file__).with_suffix(".jpg"), quality=85)
    print("\n".join(table))


if __name__ == "__main__":
    main()
