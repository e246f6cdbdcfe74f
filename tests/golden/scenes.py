"""Small scenes that show what the renderer must not lose, drawn by formulas, and their renders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import d2f
from d2f.optics import SRGB, codes_from_light

GOLDENS = Path(__file__).with_name("goldens.npz")
ROWS, COLS = 96, 128
Scene = tuple[np.ndarray, np.ndarray]


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:ROWS, :COLS].astype(np.float32)
    return y, x


def _wall(seed: int) -> np.ndarray:
    """Coloured patches of 8 px with a little grain."""
    rng = np.random.default_rng(seed)
    patches = rng.random((ROWS // 8, COLS // 8, 3), dtype=np.float32)
    wall = np.kron(patches, np.ones((8, 8, 1), np.float32))
    return (0.15 + 0.6 * wall + 0.05 * rng.random(wall.shape, dtype=np.float32)).astype(np.float32)


def _layers(radiance: np.ndarray, defocus_px: np.ndarray | float, *things: tuple) -> Scene:
    """Put things (mask, colour, defocus) in front of each other, last nearest."""
    radiance = radiance.copy()
    depth = np.broadcast_to(np.asarray(defocus_px, np.float32), (ROWS, COLS)).copy()
    for mask, colour, radius in things:
        radiance[mask], depth[mask] = colour, radius
    return radiance, depth


def hair() -> Scene:
    """Dark strands in focus before a bright, blurred wall."""
    y, x = _grid()
    strands = np.zeros((ROWS, COLS), bool)
    for k in range(12):
        strands |= np.abs(x - (10 + 10 * k) - 4 * np.sin(y / 9 + k)) < 0.8
    return _layers(_wall(1) + 0.3, -9, (strands & (y > 20), (0.05, 0.04, 0.03), 0))


def fence() -> Scene:
    """A blurred fence close to the lens before a sharp wall."""
    y, x = _grid()
    bars = (np.abs((x + y) % 32 - 16) < 2) | (np.abs((x - y) % 32 - 16) < 2)
    return _layers(_wall(2), 0, (bars, (0.7, 0.7, 0.75), 7))


def fairy_lights() -> Scene:
    """Lights behind and before a subject in focus, at night."""
    y, x = _grid()
    subject = np.hypot(x - 64, (y - 60) * 0.8) < 24
    radiance, depth = _layers(_wall(3) * 0.03, -10, (subject, (0.3, 0.2, 0.15), 0))
    rng = np.random.default_rng(4)
    for row, col in zip(rng.integers(4, ROWS - 4, 25), rng.integers(4, COLS - 4, 25), strict=True):
        behind = rng.random() < 0.7
        if behind and subject[row, col]:
            continue
        radiance[row, col] = rng.uniform(50, 900) * rng.uniform(0.3, 1, 3)
        depth[row, col] = -10 if behind else 8
    return radiance, depth


def ground() -> Scene:
    """A slanted ground through the plane of focus with a sign standing on it."""
    y, x = _grid()
    ramp = -8 + 18 * y / ROWS
    sign = (np.abs(x - 40) < 12) & (np.abs(y - 40) < 14)
    return _layers(_wall(5), ramp, (sign, (0.9, 0.85, 0.1), -8 + 18 * 54 / ROWS))


def shoulder() -> Scene:
    """A dark near thing wider than its blur, a subject in focus, a far wall."""
    y, x = _grid()
    subject = np.hypot(x - 80, y - 50) < 22
    near = (x < 36 + 0.2 * y) & (y > 24)
    return _layers(_wall(6), -12, (subject, (0.8, 0.6, 0.5), 0), (near, (0.05, 0.06, 0.1), 14))


def wide_blur() -> Scene:
    """Radii large enough to be drawn at a quarter of the size."""
    y, x = _grid()
    subject = np.abs(x - 64) < 14
    return _layers(_wall(7), -34, (subject & (y > 30), (0.2, 0.5, 0.3), 0))


SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene for scene in (hair, fence, fairy_lights, ground, shoulder, wide_blur)
}


def render(name: str) -> np.ndarray:
    """What the renderer makes of a scene, as stored: float16 radiance."""
    radiance, defocus_px = SCENES[name]()
    aperture = d2f.Aperture(blades=6, roundness=0.2) if name == "fence" else d2f.Aperture()
    return d2f.blur(radiance, defocus_px, aperture=aperture).astype(np.float16)


def as_picture(radiance: np.ndarray, scale: int = 3) -> Image.Image:
    """Radiance for eyes."""
    codes = codes_from_light(radiance.astype(np.float32), SRGB, np.uint8)
    picture = Image.fromarray(codes)
    return picture.resize((COLS * scale, ROWS * scale), Image.Resampling.NEAREST)
