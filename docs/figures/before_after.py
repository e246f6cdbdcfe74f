"""Makes the README's picture from the demo photo: python docs/figures/before_after.py"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

import d2f

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 800


def main() -> None:
    """Photo on the left, the default render on the right."""
    with Image.open(ROOT / "examples" / "osprey.jpg") as photo:
        before = photo.convert("RGB")
    after = d2f.render(before)
    height = round(before.height * WIDTH / before.width)
    pair = Image.new("RGB", (2 * WIDTH + 8, height), "white")
    for index, picture in enumerate((before, after)):
        pair.paste(
            picture.resize((WIDTH, height), Image.Resampling.LANCZOS), (index * (WIDTH + 8), 0)
        )
    pair.save(Path(__file__).with_suffix(".jpg"), quality=90)


if __name__ == "__main__":
    main()
