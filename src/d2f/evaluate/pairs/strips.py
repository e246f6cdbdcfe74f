"""Strips to look at: a pair's photo, what each method made of it, and the target, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from d2f import files
from d2f.arrays import FloatImage
from d2f.evaluate.pairs.judging import TARGET
from d2f.evaluate.pairs.methods import byte_codes
from d2f.files.atomic import write_whole

__all__ = ["Strips"]

HEIGHT_PX = 480  # of a picture in the strip; smaller ones stay as they are
LINE_PX = 16  # above each, for what it is


class Strips:
    """Collects the pictures of a pair and writes FOLDER/NAME.png when the target, the last, comes.

    Strips of an earlier run are replaced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tiles: list[Image.Image] = []

    def add(self, pair: str, method: str, codes: FloatImage) -> None:
        """One picture, codes (H, W, 3) as fractions of white."""
        picture = Image.fromarray(byte_codes(codes))
        if picture.height > HEIGHT_PX:
            columns = max(1, round(picture.width * HEIGHT_PX / picture.height))
            picture = picture.resize((columns, HEIGHT_PX), Image.Resampling.LANCZOS)
        tile = Image.new("RGB", (picture.width, picture.height + LINE_PX), "white")
        ImageDraw.Draw(tile).text((3, 2), method, fill="black")
        tile.paste(picture, (0, LINE_PX))
        self._tiles.append(tile)
        if method == TARGET:
            strip = files.photo_from_array(np.hstack([np.asarray(tile) for tile in self._tiles]))
            content = files.photo_to_bytes(strip, "PNG")
            write_whole(content, self._folder / f"{pair}.png", overwrite=True)
            self._tiles = []
