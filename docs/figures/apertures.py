"""The sheet docs/figures/apertures.png: a grid of lights through every kind of opening.

    python docs/figures/apertures.py

Left half beyond the plane of focus, right half nearer; radii of 6, 11 and 16 px by row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from d2f.arrays import FloatImage
from d2f.optics import SRGB, Aperture, codes_from_light
from d2f.renderer import blur

SHEET = Path(__file__).with_suffix(".png")
ROWS, COLS, SPACING = 240, 336, 48  # px of one panel, and between its lights
RADII = (11, 16, 6, 16, 11)  # px, one per row of lights
LABEL = 16  # px


def heart() -> FloatImage:
    """An aperture picture: a heart, upright, brighter at its left."""
    y, x = np.mgrid[1:-1:128j, -1:1:128j]
    inside = (x**2 + (1.15 * y + 0.1 - 0.75 * np.abs(x) ** 0.7) ** 2) < 0.62
    return (inside * (0.7 - 0.3 * x)).astype(np.float32)


APERTURES = {
    "round": Aperture(),
    "blades=5": Aperture(blades=5, rotation_deg=90),
    "blades=7 roundness=0.4": Aperture(blades=7, roundness=0.4),
    "squeeze=1.33": Aperture(squeeze=1.33),
    "squeeze=2": Aperture(squeeze=2),
    "cats_eye=1": Aperture(cats_eye=1),
    "rim=1": Aperture(rim=1),
    "rim=-1": Aperture(rim=-1),
    "blades=9 rim=0.6 cats_eye=0.7": Aperture(blades=9, roundness=0.3, rim=0.6, cats_eye=0.7),
    "picture=heart": Aperture(picture=heart()),
    "picture=heart rotation_deg=30": Aperture(picture=heart(), rotation_deg=30),
    "picture=heart squeeze=1.33 rim=1": Aperture(picture=heart(), squeeze=1.33, rim=1),
    "fringe=0.5": Aperture(fringe=0.5),
    "fringe=1": Aperture(fringe=1),
    "fringe=1 blades=6 rim=1": Aperture(fringe=1, blades=6, rim=1),
}


def panel(aperture: Aperture) -> FloatImage:
    """Radiance (ROWS, COLS, 3) of the lights through one opening."""
    light = np.full((ROWS, COLS, 3), 0.01, np.float32)
    defocus_px = np.zeros((ROWS, COLS), np.float32)
    for k, radius in enumerate(RADII):
        row = np.s_[k * SPACING : (k + 1) * SPACING]
        defocus_px[row, : COLS // 2], defocus_px[row, COLS // 2 :] = -radius, radius
        for col in range(SPACING // 2, COLS, SPACING):
            light[k * SPACING + SPACING // 2, col] = 0.35 * np.pi * radius**2
    return blur(light, defocus_px, aperture=aperture)


def main() -> None:
    """Write the sheet, three panels to a row."""
    count = len(APERTURES)
    size = (3 * (COLS + 4), -(-count // 3) * (ROWS + LABEL + 4))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for k, (name, aperture) in enumerate(APERTURES.items()):
        left, top = k % 3 * (COLS + 4), k // 3 * (ROWS + LABEL + 4)
        draw.text((left + 2, top + 2), name, fill="black")
        codes = codes_from_light(np.clip(panel(aperture), 0, 1), SRGB, np.uint8)
        sheet.paste(Image.fromarray(codes), (left, top + LABEL))
    sheet.quantize(128).save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
