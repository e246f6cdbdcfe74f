"""Makes the gallery of what goes wrong, failures.jpg: python docs/figures/failures.py FULLSIZE

FULLSIZE is a folder with the photos named below, all CC0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import d2f

TILE_PX = 420, 280
# Name, and the part that is shown: left, top, right, bottom as shares of the sides.
SHOWN = (
    ("casa-mila", (0.0, 0.0, 1.0, 1.0)),
    ("wesaturate-u76c0g", (0.0, 0.17, 1.0, 0.83)),
    ("singaporean-cityscape", (0.38, 0.25, 0.93, 0.9)),
    ("perched-osprey", (0.24, 0.3, 0.4, 0.5)),
    ("hans-jurgen-mager-indri", (0.52, 0.3, 0.88, 0.66)),
    ("lake-sherburne", (0.0, 0.25, 0.75, 1.0)),
    ("the-spices-of-life", (0.4, 0.2, 1.0, 0.8)),
    ("tea-gardens", (0.0, 0.0, 1.0, 1.0)),
)


def main() -> None:
    """Photo and picture beside each other, two pairs in a row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    folder = parser.parse_args().photos
    pairs = [np.concatenate(tiles(folder / f"{name}.jpg", box), 1) for name, box in SHOWN]
    rows = [np.concatenate(pairs[index : index + 2], 1) for index in range(0, len(pairs), 2)]
    gallery = Image.fromarray(np.concatenate(rows))
    gallery.save(Path(__file__).with_suffix(".jpg"), quality=85)


def tiles(path: Path, box: tuple[float, ...]) -> list[np.ndarray]:
    """The part of a photo, and of what d2f makes of it at its defaults."""
    with Image.open(path) as photo:
        before = photo.convert("RGB")
    after = Image.fromarray(d2f.render(np.asarray(before)))
    width, height = before.size
    sides = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    return [np.asarray(picture.resize(TILE_PX, box=sides)) for picture in (before, after)]


if __name__ == "__main__":
    main()
