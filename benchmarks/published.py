"""The published renderer as it is used here against its direct convolution: `make bench`.

    python benchmarks/published.py

At 512 x 768, the network's size for a photo of 1024 x 1536. Runs of the two alternate, so that
other work on the machine falls on both. *Even*: the defocus rises evenly over the picture's width,
so that every layer is in use, each in its own part. *Noise*: every layer is in use everywhere,
which leaves no part out. *Portrait*: a sharp subject before a wall, as in most photos.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import Tensor

from d2f.renderer.paper import RADII, SMALLEST_SUM, blur, layer_masks, layered_rendering

ROWS, COLS = 512, 768


def rows(runs: int = 3) -> list[str]:
    """A line per kind of defocus map: seconds of both ways, their ratio, the largest difference."""
    return [_row(name, defocus, runs) for name, defocus in _maps().items()]


def _row(name: str, defocus: Tensor, runs: int) -> str:
    torch.manual_seed(0)
    image = torch.rand(1, 3, ROWS, COLS)
    weight = 0.3 + 0.7 * torch.rand(1, 3, ROWS, COLS)
    spent: dict[str, list[float]] = {"direct": [], "auto": []}
    pictures = {}
    for _ in range(runs):
        for method, times in spent.items():
            start = time.perf_counter()
            if method == "direct":
                pictures[method] = plainly(image, weight, defocus)
            else:
                pictures[method] = layered_rendering(image, weight, defocus)
            times.append(time.perf_counter() - start)
    direct, used = (statistics.median(times) for times in spent.values())
    apart = float((pictures["direct"] - pictures["auto"]).abs().max())
    return (
        f"published renderer, {name:<8}  direct {direct:5.1f} s  here {used:5.1f} s  "
        f"{direct / used:4.1f} x  worst difference {apart:.0e}"
    )


def plainly(image: Tensor, weight: Tensor, defocus: Tensor) -> Tensor:
    """The formulas of the method as they stand: whole layers, every tap, masks blurred twice."""
    masks = layer_masks(defocus)
    parts = []
    for a in (image * weight, weight):
        coverage, gathered = torch.zeros_like(defocus), torch.zeros_like(a)
        for i in reversed(range(len(RADII))):
            mask = masks[:, i : i + 1]
            m = blur(mask, RADII[i], method="direct")
            coverage = coverage * (1 - m) + m
            gathered = gathered * (1 - m) + blur(mask * a, RADII[i], method="direct")
        parts.append(gathered / (coverage + SMALLEST_SUM))
    return parts[0] / (parts[1] + SMALLEST_SUM)


def _maps() -> dict[str, Tensor]:
    torch.manual_seed(1)
    across = torch.linspace(0, 1, COLS).expand(1, 1, ROWS, COLS).contiguous()
    y, x = torch.meshgrid(torch.linspace(-1, 1, ROWS), torch.linspace(-1, 1, COLS), indexing="ij")
    subject = (x**2 / 0.16 + (y - 0.3) ** 2 / 0.6 < 1)[None, None]
    return {
        "even": across,
        "noise": torch.rand(1, 1, ROWS, COLS),
        "portrait": torch.where(subject, 0.03, 0.75 + 0.1 * across),
    }


if __name__ == "__main__":
    print("\n".join(rows()))
