"""`make golden`: stores what the renderer makes now, and shows before, after and difference.

Look at the sheet before committing: a golden picture is renewed on purpose, never to get green.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scenes import GOLDENS, SCENES, as_picture, render

SHEET = Path(__file__).resolve().parents[2] / "build" / "golden.png"
DIFFERENCE_GAIN = 20


def main() -> None:
    """Render every scene, lay out the sheet, write the store."""
    before = dict(np.load(GOLDENS)) if GOLDENS.exists() else {}
    after = {name: render(name) for name in SCENES}
    rows = []
    for name, picture in after.items():
        old = before.get(name, np.zeros_like(picture))
        change = DIFFERENCE_GAIN * np.abs(picture.astype(np.float32) - old)
        panels = [as_picture(part) for part in (old, picture, change)]
        row = Image.new("RGB", (3 * panels[0].width + 8, panels[0].height + 14), "white")
        for index, panel in enumerate(panels):
            row.paste(panel, (index * (panel.width + 4), 14))
        worst = np.abs(picture.astype(np.float32) - old).max()
        title = f"{name}: before, after, {DIFFERENCE_GAIN} x difference (worst {worst:.4f})"
        ImageDraw.Draw(row).text((2, 1), title, fill="black")
        print(title)
        rows.append(row)
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * row.height))
    SHEET.parent.mkdir(exist_ok=True)
    sheet.save(SHEET)
    np.savez_compressed(GOLDENS, **after)
    print(f"sheet: {SHEET.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
