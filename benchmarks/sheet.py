"""Default renders of 60 shared photos, to be looked at: full-size ones, and held-back mask photos.

    python benchmarks/sheet.py [--photos DIR] [--out DIR] [--masks N]

Writes the full-size pictures and, per photo, a strip photo | picture | disparity | defocus | mask.
The photos are not redistributable, and so are the sheets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import d2f
from d2f import files
from d2f.measures.collection import index_rows, is_validation

ROOT = Path(__file__).resolve().parents[1]
STRIP_HEIGHT = 420
MASK_SEED = 12


def main() -> None:
    """Render all and lay out the strips."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "photos")
    parser.add_argument("--out", type=Path, default=ROOT / "sheet")
    parser.add_argument("--masks", type=int, default=34)
    arguments = parser.parse_args()
    arguments.out.mkdir(exist_ok=True)
    chosen = sorted((arguments.photos / "fullsize").glob("*.jpg"))
    chosen += pick_mask_photos(arguments.photos / "masks", arguments.masks)
    for photo in chosen:
        line = render_strip(photo, arguments.out)
        print(line, flush=True)


def pick_mask_photos(folder: Path, count: int) -> list[Path]:
    """The same random mask photos at each call, of those that no network was trained on."""
    rows = index_rows(folder, columns=("name", "original_name"))
    kept = [name for name, row in rows.items() if is_validation(row["original_name"])]
    photos = sorted(folder / f"{name}.jpg" for name in kept)
    order = np.random.default_rng(MASK_SEED).permutation(len(photos))
    return sorted(photos[index] for index in order[:count])


def render_strip(photo: Path, out: Path) -> str:
    """Render one photo; returns a line about it."""
    rendered = d2f.open(photo).render_with_maps()
    files.write_photo(rendered.photo, out / f"{photo.stem}.bokeh.png", overwrite=True)
    limit = max(float(np.abs(rendered.defocus_px).max()), 1e-6)
    x, y = rendered.focus.point
    with Image.open(photo) as original:
        panels = [
            mark_focus(original.convert("RGB"), x, y),
            files.photo_to_pil(rendered.photo).convert("RGB"),
            grey(rendered.disparity),
            diverging(rendered.defocus_px / limit),
            grey(rendered.in_focus),
        ]
    strip(panels, photo.stem).save(out / f"{photo.stem}.strip.png")
    focus = rendered.focus
    return (
        f"{photo.stem:42s} focus {x:.2f},{y:.2f} {focus.certainty:10s} {focus.confidence:.2f}"
        f"  blur {rendered.defocus_px.min():+.0f}..{rendered.defocus_px.max():+.0f} px"
    )


def mark_focus(picture: Image.Image, x: float, y: float) -> Image.Image:
    """Draw a ring at the point of focus."""
    radius = max(picture.size) // 50
    col, row = x * picture.width, y * picture.height
    box = (col - radius, row - radius, col + radius, row + radius)
    ImageDraw.Draw(picture).ellipse(box, outline="red", width=max(2, radius // 6))
    return picture


def grey(values: np.ndarray) -> Image.Image:
    """A map from its smallest to its largest value as a grey picture."""
    low, high = float(values.min()), float(values.max())
    return Image.fromarray(((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8))


def diverging(values: np.ndarray) -> Image.Image:
    """-1 blue (farther), 0 white (in focus), +1 red (nearer)."""
    red, blue = np.clip(values, 0, 1)[..., None], np.clip(-values, 0, 1)[..., None]
    picture = 1 - red * np.array([0.1, 0.9, 0.9]) - blue * np.array([0.9, 0.7, 0.1])
    return Image.fromarray((picture * 255).astype(np.uint8))


def strip(panels: list[Image.Image], title: str) -> Image.Image:
    """Panels in a row under a title."""
    scaled = [
        panel.convert("RGB").resize(
            (round(panel.width * STRIP_HEIGHT / panel.height), STRIP_HEIGHT),
            Image.Resampling.LANCZOS,
        )
        for panel in panels
    ]
    sheet = Image.new("RGB", (sum(panel.width + 4 for panel in scaled), STRIP_HEIGHT + 16), "white")
    ImageDraw.Draw(sheet).text((2, 2), title, fill="black")
    left = 0
    for panel in scaled:
        sheet.paste(panel, (left, 16))
        left += panel.width + 4
    return sheet


if __name__ == "__main__":
    main()
