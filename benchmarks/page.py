"""From a move of the page's slider to its picture on the screen, in a real browser.

Run alone (`python benchmarks/page.py`) it prints the median; `make bench` puts it among the rest.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
MOVES = 30
PREVIEW_PX = 1440  # long side that the page asks for while the hand moves, on this window
WINDOW = {"width": 1440 + 348 + 36, "height": 1000}  # panel and margins beside the photo
TARGET_MS = 150
MOVE = """async (stops) => {
    const slider = document.getElementById("aperture");
    const shown = Number(document.body.dataset.shown);
    const start = performance.now();
    slider.value = stops;
    slider.dispatchEvent(new Event("input"));
    while (Number(document.body.dataset.shown) === shown) {
        await new Promise((next) => setTimeout(next, 2));
    }
    return performance.now() - start;
}"""


def lines() -> list[str]:
    """The figure as lines for the results; a sentence where there is no browser."""
    title = "## From slider to preview on the page"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return [title, "", "Not measured: playwright is missing."]
    if not CHROMIUM.exists():
        return [title, "", f"Not measured: {CHROMIUM} is missing."]
    command = [str(Path(sys.executable).with_name("d2f")), "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            url = server.stdout.readline().split()[2]
            with sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
                )
                times, size = _moves(browser.new_page(viewport=WINDOW), url)
        finally:
            server.terminate()
    times.sort()
    median, slow = statistics.median(times), times[int(0.9 * len(times))]
    return [
        title,
        "",
        f"{MOVES} moves, preview of {size[0]} x {size[1]}: median {median:.0f} ms, 90 % within "
        f"{slow:.0f} ms (target {TARGET_MS} ms on two quiet cores).",
    ]


def _moves(page, url: str) -> tuple[list[float], list[int]]:
    page.goto(url)
    page.wait_for_selector("body[data-loaded=true]")
    page.set_input_files("#file", ROOT / "examples" / "osprey.jpg")
    page.wait_for_selector("body[data-state=ready]")
    page.wait_for_timeout(1500)
    page.evaluate(MOVE, 3)  # warm
    stops = [1 + 4 * (move * 0.618 % 1) for move in range(MOVES)]
    times = [page.evaluate(MOVE, stop) for stop in stops]
    size = page.evaluate("[picture.width, picture.height]")
    return times, size


if __name__ == "__main__":
    print("\n".join(lines()))
