"""Chance in place and colour: the same photo never comes twice.

A *view* maps the square that the network sees to a place in the photo; photo, disparity and mask
go through the same view, each in its own way.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from d2f.arrays import ByteImage, FloatImage

__all__ = ["View", "blurred_beyond", "jittered", "random_view"]

Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An affine map from the unit square (x right, y down) to pixels of the photo."""

    matrix: Matrix

    def photo(self, photo: ByteImage, size_px: int) -> ByteImage:
        """The view of a photo, size x size x 3, bilinear."""
        image = Image.fromarray(photo).transform(
            (size_px, size_px),
            Image.Transform.AFFINE,
            self.scaled(size_px),
            Image.Resampling.BILINEAR,
        )
        return np.asarray(image).copy()

    def disparity(self, disparity: FloatImage, size_px: int) -> FloatImage:
        """The view of a map with unknown (0) pixels: nearest, so that no value is invented."""
        image = Image.fromarray(disparity).transform(
            (size_px, size_px),
            Image.Transform.AFFINE,
            self.scaled(size_px),
            Image.Resampling.NEAREST,
        )
        return np.asarray(image).copy()

    def mask(self, mask: ByteImage, size_px: int) -> FloatImage:
        """The view of a mask as coverage 0..1."""
        doubled = Image.fromarray(mask).transform(
            (2 * size_px, 2 * size_px),
            Image.Transform.AFFINE,
            self.scaled(2 * size_px),
            Image.Resampling.BILINEAR,
        )
        return np.asarray(doubled.reduce(2)).astype(np.float32) / np.float32(255.0)

    def scaled(self, size_px: int) -> Matrix:
        """The same map, from pixels of a square of this size."""
        a, b, c, d, e, f = self.matrix
        return (a / size_px, b / size_px, c, d / size_px, e / size_px, f)


def random_view(rng: np.random.Generator, rows: int, columns: int) -> View:
    """A crop of 55..100 % of the photo, stretched, turned by up to 6 degrees, maybe mirrored.

    The turned crop is kept inside the photo: black corners would be learnt as a place.
    """
    area = rng.uniform(0.55, 1.0) * rows * columns
    stretch = np.exp(rng.uniform(-1.0, 1.0) * np.log(1.35)) * np.sqrt(columns / rows)
    width, height = np.sqrt(area * stretch), np.sqrt(area / stretch)
    angle = np.deg2rad(rng.uniform(-6.0, 6.0))
    cosine, sine = abs(np.cos(angle)), abs(np.sin(angle))
    box_width, box_height = width * cosine + height * sine, width * sine + height * cosine
    shrink = min(1.0, columns / box_width, rows / box_height)
    width, height, box_width, box_height = (
        shrink * length for length in (width, height, box_width, box_height)
    )
    centre_x = rng.uniform(box_width / 2, columns - box_width / 2 + 1e-6)
    centre_y = rng.uniform(box_height / 2, rows - box_height / 2 + 1e-6)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    a, b = mirror * width * np.cos(angle), -height * np.sin(angle)
    d, e = mirror * width * np.sin(angle), height * np.cos(angle)
    origin_x, origin_y = centre_x - (a + b) / 2, centre_y - (d + e) / 2
    return View(matrix=(a, b, origin_x, d, e, origin_y))


def blurred_beyond(rng: np.random.Generator, photo: ByteImage, kept: FloatImage) -> ByteImage:
    """The photo, H x W x 3, out of focus where ``kept`` (H x W, 0..1) is 0.

    What is blurred is blurred among itself: nothing of what stays sharp glows into it.
    """
    radius = rng.uniform(0.004, 0.02) * max(photo.shape)
    share = Image.fromarray(np.rint((1.0 - kept) * 255.0).astype(np.uint8))
    blur = ImageFilter.GaussianBlur(radius)
    weight = np.maximum(np.asarray(share.filter(blur)).astype(np.float32), 1.0)
    dimmed = Image.fromarray(np.rint(photo * (1.0 - kept[..., None])).astype(np.uint8))
    spread = np.asarray(dimmed.filter(blur)).astype(np.float32) * 255.0 / weight[..., None]
    blurred = np.clip(spread, 0.0, 255.0)
    return np.rint(blurred + kept[..., None] * (photo - blurred)).astype(np.uint8)


def jittered(rng: np.random.Generator, photo: ByteImage) -> ByteImage:
    """The photo as another camera, light and file would have given it, H x W x 3."""
    image = Image.fromarray(photo).point(tone_tables(rng))
    if rng.random() < 0.06:
        image = image.convert("L").convert("RGB")
    if rng.random() < 0.15:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.3)))
    if rng.random() < 0.25:
        noise = rng.normal(0.0, rng.uniform(2.0, 12.0), photo.shape)
        image = Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(30, 91)))
        image = Image.open(file)
    return np.asarray(image).copy()


def tone_tables(rng: np.random.Generator) -> list[int]:
    """Gamma, contrast, brightness and white balance as one table of 3 x 256 codes."""
    codes = np.linspace(0.0, 1.0, 256) ** np.exp(rng.normal(0.0, 0.18))
    codes = (codes - 0.5) * np.exp(rng.normal(0.0, 0.15)) + 0.5 + rng.normal(0.0, 0.04)
    gains = np.exp(rng.normal(0.0, 0.08, 3))
    tables = np.clip(codes[None] * gains[:, None], 0.0, 1.0) * 255.0
    return [int(code) for code in np.rint(tables).ravel()]
