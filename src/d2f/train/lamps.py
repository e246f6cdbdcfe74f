"""Pictures whose clipped light is known: lamps, glints and white things on dim grounds.

Each picture comes as its true radiance and as the 8-bit photo a camera would have made of it.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ..arrays import ByteImage, FloatImage
from ..optics.tone_curves import SRGB, codes_from_light

__all__ = ["lamp_scene", "photograph"]

RED_GREEN_BLUE_NM = (610.0, 550.0, 465.0)  # where Planck's law is read for the three channels
PLANCK_NM_K = 1.4388e7  # second radiation constant
WHITE_K = 6500.0
SUPERSAMPLING = 4
HALO_RADII = (2.0, 4.0, 8.0, 16.0)  # px
STAR_RAYS = 4
DUSK_MEDIAN = 0.03  # luminance of a scene lit by its lamps


def photograph(radiance: FloatImage, rng: np.random.Generator) -> ByteImage:
    """The clipped, noisy, sometimes JPEG-compressed photo of a radiance."""
    shot, read = rng.uniform(0, 0.001) * rng.integers(0, 2), rng.uniform(0, 0.002)
    noisy = radiance + rng.normal(size=radiance.shape) * np.sqrt(shot * radiance + read**2)
    if rng.random() < 0.5:
        noisy = _with_shoulder(noisy, rng)
    codes = codes_from_light(noisy.astype(np.float32), SRGB, np.uint8)
    if rng.random() < 0.5:
        return codes
    packed = io.BytesIO()
    Image.fromarray(codes).save(packed, "JPEG", quality=int(rng.integers(82, 97)))
    return np.asarray(Image.open(packed).convert("RGB"))


def _with_shoulder(radiance: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Highlights rolled off, as cameras and photographers do, instead of cut."""
    knee = rng.uniform(0.4, 0.8)
    above = np.maximum(radiance - knee, 0) / rng.uniform(0.3, 1.2)
    rolled = knee + (1 - knee) * -np.expm1(-above)
    return np.where(radiance > knee, rolled, radiance)


def lamp_scene(ground: FloatImage, rng: np.random.Generator) -> FloatImage:
    """A ground with lamps and white things on it, as sharp as some lens shows them.

    Parameters
    ----------
    ground : float32 (H, W, 3), linear light, mostly below 1
    rng : Generator

    Returns
    -------
    radiance : float32 (H, W, 3)
    """
    radiance = ground.copy()
    if rng.random() < 0.5:
        radiance = _with_white_things(radiance, rng)
    lamps = _lamps(ground.shape[:2], float(np.median(ground)), rng)
    if rng.random() < 0.5:
        lamps = _through_a_lens(lamps, rng)
    return radiance + lamps


def _lamps(size: tuple[int, int], ground_median: float, rng: np.random.Generator) -> FloatImage:
    layer = np.zeros((*size, 3), np.float32)
    # The longer a dark scene is exposed, the farther beyond white its lamps are.
    dusk = np.clip((DUSK_MEDIAN / max(ground_median, 1e-4)) ** 0.7, 0.2, 2.0)
    brightest = np.exp(rng.uniform(np.log(800), np.log(8000))) * dusk
    widest = rng.choice([2.0, 2.0, 5.0])
    for _ in range(int(np.exp(rng.uniform(np.log(4), np.log(200))))):
        level = np.exp(rng.uniform(np.log(8), np.log(brightest)))
        radius = np.exp(rng.uniform(np.log(0.6), np.log(widest)))
        cover, y, x = _disc(radius, size, rng)
        layer[y : y + len(cover), x : x + cover.shape[1]] += cover[..., None] * level * _tint(rng)
    return layer


def _disc(
    radius: float, size: tuple[int, int], rng: np.random.Generator
) -> tuple[FloatImage, int, int]:
    """Coverage of a disc or short ellipse in a small window, and where the window lies."""
    stretch = rng.choice([1.0, 1.0, rng.uniform(1, 2.5)])
    half = int(np.ceil(radius * stretch)) + 1
    side = (2 * half + 1) * SUPERSAMPLING
    place = (np.arange(side) + 0.5) / SUPERSAMPLING - half - 0.5
    dy, dx = place[:, None] - rng.uniform(-0.5, 0.5), place[None, :] - rng.uniform(-0.5, 0.5)
    inside = (dx / stretch) ** 2 + dy**2 <= radius**2
    cover = inside.reshape(2 * half + 1, SUPERSAMPLING, -1, SUPERSAMPLING).mean(axis=(1, 3))
    cover = cover.T if rng.random() < 0.5 else cover
    y, x = (int(rng.integers(0, length - 2 * half)) for length in size)
    return cover.astype(np.float32), y, x


def _tint(rng: np.random.Generator) -> NDArray[np.float64]:
    """Mostly the colour of glowing things, sometimes white or a signal colour; largest is 1."""
    kind = rng.random()
    if kind < 0.15:
        return np.ones(3)
    if kind < 0.35:
        colour = rng.uniform(0.05, 1, 3) ** 1.5
        return np.asarray(colour / colour.max())
    kelvin = np.exp(rng.uniform(np.log(1900), np.log(9000)))
    nm = np.array(RED_GREEN_BLUE_NM)
    glow = np.expm1(PLANCK_NM_K / (nm * WHITE_K)) / np.expm1(PLANCK_NM_K / (nm * kelvin))
    return np.asarray(glow / glow.max())


def _through_a_lens(layer: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Blurred a little, with halos around each lamp and sometimes the star of an iris."""
    fy = np.fft.fftfreq(layer.shape[0])[:, None]
    fx = np.fft.rfftfreq(layer.shape[1])[None, :]
    sharp = rng.uniform(0.9, 1.4)
    response = _gaussian(fx, fy, sharp, sharp)
    strength = np.exp(rng.uniform(np.log(1e-3), np.log(0.1)))
    for radius in HALO_RADII:  # together about the inverse square of the distance
        response += strength * _gaussian(fx, fy, radius, radius)
    if rng.random() < 0.4:
        turn, length = rng.uniform(0, np.pi), rng.uniform(4, 12)
        for angle in turn + np.arange(STAR_RAYS) * np.pi / STAR_RAYS:
            along = fx * np.cos(angle) + fy * np.sin(angle)
            across = fy * np.cos(angle) - fx * np.sin(angle)
            response += strength * _gaussian(along, across, length, sharp)
    spectrum = np.fft.rfft2(layer, axes=(0, 1)) * (response / response[0, 0])[..., None]
    spread = np.fft.irfft2(spectrum, s=layer.shape[:2], axes=(0, 1))
    return np.maximum(spread, 0).astype(np.float32)


def _gaussian(
    fx: NDArray[Any], fy: NDArray[Any], sigma_x: float, sigma_y: float
) -> NDArray[np.float64]:
    """Response at these frequencies of a Gaussian of unit weight."""
    return np.asarray(np.exp(-2 * np.pi**2 * ((fx * sigma_x) ** 2 + (fy * sigma_y) ** 2)))


def _with_white_things(radiance: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Dots, boxes and letters of paper white, each lit a little unevenly."""
    rows, cols = radiance.shape[:2]
    stencil = Image.new("L", (cols, rows), 0)
    draw = ImageDraw.Draw(stencil)
    for _ in range(int(rng.integers(2, 30))):
        x, y, s = rng.uniform(0, cols), rng.uniform(0, rows), np.exp(rng.uniform(0.5, 3.5))
        kind = rng.integers(0, 3)
        if kind == 0:
            draw.ellipse((x, y, x + s, y + s), fill=255)
        elif kind == 1:
            draw.rectangle((x, y, x + s, y + s * rng.uniform(0.3, 3)), fill=255)
        else:
            text = "".join(rng.choice(list("abcdefgiknorstxy.:AEHRST0358"), 6))
            draw.text((x, y), text, fill=255, font=ImageFont.load_default(6 + s))
    if rng.random() < 0.3:
        stencil = stencil.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
    cover = np.asarray(stencil, np.float32)[..., None] / 255
    slope = rng.uniform(-0.15, 0.15, 2)
    shading = 1 + slope[0] * np.linspace(-1, 1, rows)[:, None] + slope[1] * np.linspace(-1, 1, cols)
    paper = rng.uniform(0.7, 1.1) * shading[..., None] * rng.uniform(0.92, 1, 3)
    return np.asarray(radiance * (1 - cover) + cover * paper, np.float32)
