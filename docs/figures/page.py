"""Makes page_focus.jpg and page_split.jpg from the page itself: python docs/figures/page.py

Needs playwright and Debian's chromium, as the tests of the page do.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.web.browser import Visit, chromium  # noqa: E402
from tests.web.conftest import running  # noqa: E402

PHOTO = ROOT / "examples" / "osprey.jpg"
LENS = "Helios 44-2 58mm f/2"


def main() -> None:
    """The page with the focus found; dark, the photo beside another lens at f/1."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as server,
        chromium() as browser,
    ):
        visit = Visit(browser, f"{server.url}/")
        visit.open(PHOTO)
        save(visit, "page_focus")
        visit.context.close()
        visit = Visit(browser, f"{server.url}/", color_scheme="dark")
        visit.open(PHOTO)
        visit.page.select_option("#preset", label=LENS)
        visit.slide("#aperture", 0)
        visit.page.click('button:has-text("Split")')
        visit.settle()
        save(visit, "page_split")
        visit.context.close()


def save(visit: Visit, name: str) -> None:
    """What is seen now, as JPEG."""
    visit.page.screenshot(path=str(HERE / f"{name}.jpg"), type="jpeg", quality=88)


if __name__ == "__main__":
    main()
