"""Writes scenes.jpg, ray-traced scenes made of CC0 models and textures alone: scenes.py ASSETS HDR

Each photo stands above its disparity, in which the subject is tinted.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from d2f.train.raytraced.assets import read_assets
from d2f.train.raytraced.compositions import lay_out
from d2f.train.raytraced.making import scene_of
from d2f.train.raytraced.rendering import choose_variant, trace
from d2f.train.scene_files import RayTracedScene

SEED = 11
INDICES = (0, 4, 8, 15, 16, 18)
HEIGHT_PX = 168
COLUMNS = 3
TINT = np.array([255.0, 140.0, 0.0])


def tile(scene: RayTracedScene) -> Image.Image:
    """Photo above disparity; square roots show what is far."""
    grey = np.sqrt(scene.disparity)[..., None] * np.full(3, 255.0)
    grey += (scene.subject[..., None] / 255.0) * 0.35 * (TINT - grey)
    both = np.concatenate([scene.photo, grey.astype(np.uint8)])
    width = round(both.shape[1] * HEIGHT_PX / scene.photo.shape[0])
    return Image.fromarray(both).resize((width, 2 * HEIGHT_PX), Image.Resampling.LANCZOS)


def main() -> None:
    """Trace, arrange in rows of equal height, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assets", type=Path)
    parser.add_argument("hdr", type=Path)
    given = parser.parse_args()
    everything = read_assets(given.assets, given.hdr)
    free = replace(
        everything,
        models=tuple(model for model in everything.models if model.licence.startswith("CC0")),
        textures=tuple(tex for tex in everything.textures if tex.licence.startswith("CC0")),
    )
    choose_variant()
    layouts = {index: lay_out(free, SEED, index) for index in INDICES}
    tiles = [
        tile(scene_of(str(index), layout, trace(layout, samples=24, seed=index)))
        for index, layout in layouts.items()
    ]
    rows = [tiles[first : first + COLUMNS] for first in range(0, len(tiles), COLUMNS)]
    width = max(sum(image.width + 4 for image in row) for row in rows)
    sheet = Image.new("RGB", (width, len(rows) * (2 * HEIGHT_PX + 4)), "white")
    for down, row in enumerate(rows):
        left = 0
        for image in row:
            sheet.paste(image, (left, down * (2 * HEIGHT_PX + 4)))
            left += image.width + 4
    sheet.save(Path(__file__).with_suffix(".jpg"), quality=85)


if __name__ == "__main__":
    main()
