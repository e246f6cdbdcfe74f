"""The main job on one real photo: picture, defocus map, and a side-by-side sheet.

python examples/demo.py PHOTO FOLDER
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SHEET_HEIGHT = 900
MARGIN = 12
TITLE_PX = 40
TITLES = ("photo", "d2f render", "defocus: white sharp, blue beyond, red nearer")


def main(photo: Path, folder: Path) -> None:
    """Render `photo` with the command that a user would type, then lay the results side by side."""
    folder.mkdir(exist_ok=True)
    bokeh = folder / f"{photo.stem}.bokeh{photo.suffix}"
    defocus = folder / f"{photo.stem}.defocus.png"
    command = ["render", photo, "-o", bokeh, "--save-defocus", defocus, "--overwrite"]
    subprocess.run([Path(sys.executable).with_name("d2f"), *command], check=True)
    sheet = folder / f"{photo.stem}.sheet.jpg"
    side_by_side([photo, bokeh, defocus], TITLES).save(sheet, quality=92)
    for path in (bokeh, defocus, sheet):
        print(path)


def side_by_side(pictures: list[Path], titles: tuple[str, ...]) -> Image.Image:
    """The pictures at one height in a row, each under its title."""
    scaled = []
    for path in pictures:
        with Image.open(path) as picture:
            width = round(picture.width * SHEET_HEIGHT / picture.height)
            scaled.append(picture.convert("RGB").resize((width, SHEET_HEIGHT)))
    top = TITLE_PX + 2 * MARGIN
    width = sum(picture.width for picture in scaled) + MARGIN * (len(scaled) + 1)
    sheet = Image.new("RGB", (width, top + SHEET_HEIGHT + MARGIN), "white")
    draw, font, left = ImageDraw.Draw(sheet), ImageFont.load_default(TITLE_PX), MARGIN
    for picture, title in zip(scaled, titles, strict=True):
        draw.text((left, MARGIN), title, fill="black", font=font)
        sheet.paste(picture, (left, top))
        left += picture.width + MARGIN
    return sheet


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
