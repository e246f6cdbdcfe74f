"""The page in a real browser: what a person does with it, and what is seen then."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
DESKTOP, PHONE = (1280, 800), (390, 844)
BLOCK = 4  # pixels
QUIET_MS = 400  # longer than the page waits before it takes the hand for resting


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's browser, driven by Playwright; skips where either is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install it")
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}")
    with api.sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)


class Visit:
    """One visit of the page, with what it asked for and complained about."""

    def __init__(self, browser: Any, url: str, size: tuple[int, int] = DESKTOP, **context: Any):
        self.size = {"width": size[0], "height": size[1]}
        phone = {"has_touch": True, "is_mobile": True} if size == PHONE else {}
        self.context = browser.new_context(viewport=self.size, **phone, **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url))
        self.page.goto(url)
        self.page.wait_for_selector("body[data-loaded=true]")

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, photo: Path | dict[str, Any]) -> None:
        """Choose a photo, and wait until it is shown through the lens."""
        self.page.set_input_files("#file", photo)
        self.page.wait_for_selector("body[data-state=ready]")
        self.settle()

    def settle(self) -> None:
        """Wait until the hand rests and its picture is shown."""
        self.page.wait_for_timeout(QUIET_MS)
        self.page.wait_for_selector("body[data-settled=true]")
        self.page.wait_for_selector("#stage[data-waiting=false]")

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where fractions of the photo lie on the screen."""
        area = self.page.locator("#frame").bounding_box()
        return area["x"] + x * area["width"], area["y"] + y * area["height"]

    def click(self, x: float, y: float) -> None:
        """Click (or tap) the photo there, and see what comes."""
        at = self.place(x, y)
        tap = self.page.touchscreen.tap if self.size["width"] == PHONE[0] else self.page.mouse.click
        tap(*at)
        self.settle()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag over the photo."""
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=6)
        self.page.mouse.up()

    def choose(self, name: str, value: str) -> None:
        """Choose one of a row of radio buttons, as a person sees them, and see what comes."""
        self.page.click(f'label:has(input[name="{name}"][value="{value}"])')
        self.settle()

    def slide(self, slider: str, value: float) -> None:
        """Move a slider and let go."""
        self.page.eval_on_selector(
            slider,
            """(slider, value) => {
                slider.value = value;
                for (const kind of ["input", "change"]) slider.dispatchEvent(new Event(kind));
            }""",
            value,
        )
        self.settle()

    def pixels(self, canvas: str = "#picture") -> np.ndarray:
        """What a canvas shows: float (H, W), mean of the three colours."""
        from PIL import Image

        url = self.page.eval_on_selector(canvas, "canvas => canvas.toDataURL()")
        content = base64.b64decode(url.split(",", 1)[1])
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), float).mean(2)

    def download(self, button: str) -> tuple[str, bytes]:
        """Press a button that saves; the file's name and bytes."""
        with self.page.expect_download() as waiting:
            self.page.click(button)
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def sharpness(picture: np.ndarray, box: tuple[float, float, float, float]) -> float:
    """Mean absolute Laplacian of blocks, coarser than grain, in a box of fractions."""
    rows, cols = picture.shape
    x, y, width, height = box
    part = picture[int(y * rows) :, int(x * cols) :][: int(height * rows), : int(width * cols)]
    rows, cols = part.shape[0] // BLOCK, part.shape[1] // BLOCK
    part = part[: rows * BLOCK, : cols * BLOCK].reshape(rows, BLOCK, cols, BLOCK).mean((1, 3))
    middle = part[1:-1, 1:-1]
    around = part[:-2, 1:-1] + part[2:, 1:-1] + part[1:-1, :-2] + part[1:-1, 2:]
    return float(np.abs(4 * middle - around).mean())
