"""How often each warning fires, and the hit rate where none does: python benchmarks/focus.py MASKS

MASKS is a folder of NAME.jpg with subject masks NAME.png and index.csv; the validation split is
judged, or that of --split. Prints a table for docs/focus.md. With --sheet FILE and photos instead
of MASKS it draws what each photo's focus is, by every way to choose it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import d2f
from d2f.evaluate.photos import judged_photos, mask_codes
from d2f.evaluate.subjects import SUBJECT_CODE
from d2f.pipeline import Session
from d2f.settings import FocusSettings, Settings

KINDS = ("focus is ambiguous", "this photo is already shallow", "depth is unsure")
WAYS = ("auto", "face", "nearest", "farthest")
TILE_PX = 300


def table(masks: Path, split: str) -> str:
    """Markdown rows: warning, share of photos, hit rate with it and without it."""
    hits, fired, faces = [], [], []
    for photo in judged_photos(masks, suffix=".png", read=mask_codes, split=split):
        session = Session(d2f.open(photo.photo).photo)
        focus = session.focus_for(Settings())
        mask = photo.truth >= SUBJECT_CODE
        hits.append(on_mask(mask, focus.point))
        told = session.warnings_for(Settings(), focus)
        fired.append([any(words.startswith(kind) for words in told) for kind in KINDS])
        if session.faces:
            eye = session.focus_for(Settings(focus=FocusSettings(mode="face"))).point
            faces.append((hits[-1], on_mask(mask, eye)))
    hit, flags = np.array(hits), np.array(fired)
    columns = [*zip(KINDS, flags.T, strict=True), ("any of them", flags.any(axis=1))]
    lines = [
        "| warning | fires | hit rate with it | hit rate without |",
        "| --- | --- | --- | --- |",
    ]
    for name, flag in columns:
        with_it = f"{hit[flag].mean():.3f}" if flag.any() else "-"
        lines.append(f"| {name} | {flag.mean():.3f} | {with_it} | {hit[~flag].mean():.3f} |")
    lines.append(f"\n{len(hit)} photos, hit rate {hit.mean():.3f}.")
    if faces:
        auto, face = np.array(faces).mean(axis=0)
        lines.append(f"On the {len(faces)} with a face auto hits {auto:.3f}, face {face:.3f}.")
    return "\n".join(lines)


def on_mask(mask: np.ndarray, point: tuple[float, float]) -> bool:
    """Whether a point (x, y) lies on a mask."""
    rows, cols = mask.shape
    return bool(mask[min(int(point[1] * rows), rows - 1), min(int(point[0] * cols), cols - 1)])


def sheet(photos: list[Path]) -> Image.Image:
    """A row per photo: its candidates, then the in-focus parts of each way, the rest darkened."""
    page = Image.new("RGB", (TILE_PX * (1 + len(WAYS) + 1), TILE_PX * len(photos)))
    for row, path in enumerate(photos):
        opened = d2f.open(path)
        small = Image.fromarray(_codes(opened.photo.pixels))
        small.thumbnail((TILE_PX - 4, TILE_PX - 4))
        page.paste(_candidates(small, opened), (0, row * TILE_PX))
        box = opened.subjects[0].box if opened.subjects else (0.25, 0.25, 0.5, 0.5)
        for col, way in enumerate((*WAYS, box), 1):
            page.paste(_in_focus(small, opened, way), (col * TILE_PX, row * TILE_PX))
    return page


def _codes(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)


def _candidates(small: Image.Image, opened: d2f.OpenPhoto) -> Image.Image:
    tile, (width, height) = small.copy(), small.size
    draw = ImageDraw.Draw(tile)
    for subject in opened.subjects:
        x, y, w, h = subject.box
        colour = (255, 220, 0) if subject.kind == "face" else (0, 255, 0)
        corners = [x * width, y * height, (x + w) * width - 1, (y + h) * height - 1]
        draw.rectangle(corners, outline=colour, width=2)
        at = (subject.point[0] * width, subject.point[1] * height)
        draw.ellipse([at[0] - 3, at[1] - 3, at[0] + 3, at[1] + 3], fill=colour)
        draw.text((corners[0] + 4, corners[1] + 2), f"{subject.score:.2f}", fill=colour)
    return tile


def _in_focus(small: Image.Image, opened: d2f.OpenPhoto, way: object) -> Image.Image:
    try:
        rendered = opened.render_with_maps(focus=way, f_number=1.8)
    except d2f.UsageError as error:
        tile = Image.new("RGB", small.size, (60, 0, 0))
        ImageDraw.Draw(tile).text((4, 4), str(error)[:40], fill=(255, 255, 255))
        return tile
    sharp = Image.fromarray((rendered.in_focus * 255).astype(np.uint8)).resize(small.size)
    tile = Image.composite(small, small.point(lambda code: code // 4), sharp)
    draw, (x, y) = ImageDraw.Draw(tile), rendered.focus.point
    at = (x * small.width, y * small.height)
    draw.ellipse([at[0] - 4, at[1] - 4, at[0] + 4, at[1] + 4], outline=(255, 0, 0), width=2)
    name = way if isinstance(way, str) else "box"
    draw.text((4, 4), f"{name}: {rendered.focus.reason}", fill=(255, 255, 255))
    for line, words in enumerate(rendered.warnings):
        draw.text((4, 16 + 12 * line), words[:48], fill=(255, 160, 160))
    return tile


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--split", default="validation")
    given = parser.parse_args()
    if given.sheet:
        sheet(given.paths).save(given.sheet)
    else:
        print(table(given.paths[0], given.split))
