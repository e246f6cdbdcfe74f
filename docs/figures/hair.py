"""Makes hair.jpg: outlines at 100 %, before and after: python docs/figures/hair.py PHOTOS

PHOTOS is a folder of the photos named below, whose licences are told in docs/fusion.md. Left the
photo, then the render at f/1.4 with the outline of the map, then with hair told by colour.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest import mock

from PIL import Image

import d2f
from d2f import files

SIDE_PX = 300
CROPS = {  # left and top of each, px
    "monkey-01": (3180, 340),
    "oakland-zoo-otters": (1230, 790),
    "perched-osprey": (1560, 640),
    "hans-jurgen-mager-indri": (1400, 960),
    "hu-chen-unsplash-baby-hippo-with-mother": (980, 240),
    "tj-holowaychuk-dahlia": (620, 780),
    "skimage-astronaut": (110, 0),
    "skimage-chelsea": (150, 0),
}


def main() -> None:
    """Two photos to a row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    photos = parser.parse_args().photos
    page = Image.new("RGB", (6 * (SIDE_PX + 4), (len(CROPS) + 1) // 2 * (SIDE_PX + 4)), "white")
    for index, (name, (x, y)) in enumerate(CROPS.items()):
        opened = d2f.open(photos / f"{name}.jpg")
        with mock.patch("d2f.fusion.soft_outline", return_value=None):
            before = opened.render_with_maps(f_number=1.4).photo
        after = opened.render_with_maps(f_number=1.4).photo
        for panel, picture in enumerate((opened.photo, before, after)):
            crop = files.photo_to_pil(picture).convert("RGB").crop((x, y, x + SIDE_PX, y + SIDE_PX))
            at = (3 * (index % 2) + panel) * (SIDE_PX + 4), index // 2 * (SIDE_PX + 4)
            page.paste(crop, at)
    page.save(Path(__file__).with_suffix(".jpg"), quality=88)


if __name__ == "__main__":
    main()
