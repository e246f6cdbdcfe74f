"""Things that stand in a synthetic scene: boxes, balls, thin things and cut-out subjects.

All are depth-tested: a thing is seen where its disparity is larger than what was there.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from d2f.arrays import ByteImage, FloatImage
from d2f.train.data import MaskPhoto
from d2f.train.planes import Texture, looked_up

__all__ = ["Canvas", "Cutout", "cutout_of", "draw_ball", "draw_box", "draw_thin", "paste"]


@dataclass(slots=True, kw_only=True)
class Canvas:
    """A scene under construction; things are drawn into it in any order.

    photo: S x S x 3 codes; disparity: S x S, 0 = unknown; owner: S x S, the number of the subject
    that is seen, 0 = none.
    """

    photo: FloatImage
    disparity: FloatImage
    owner: ByteImage

    @property
    def size_px(self) -> int:
        """Side of the square picture."""
        return int(self.disparity.shape[0])

    def add(self, seen: FloatImage, colours: FloatImage, disparity: FloatImage) -> None:
        """Draw something with coverage ``seen`` (S x S, 0..1) where it is nearest."""
        seen = seen * (disparity > self.disparity)
        self.photo += seen[..., None] * (colours - self.photo)
        solid = seen > 0.5
        self.disparity[solid] = np.broadcast_to(disparity, solid.shape)[solid]
        self.owner[solid] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """A subject as RGBA picture, and whether the photo's lower edge cut it."""

    image: Image.Image
    cut_below: bool


def cutout_of(photo: MaskPhoto) -> Cutout | None:
    """The subject cut out by its mask; none if it is too small or cut by another edge."""
    mask = photo.mask > 0
    share = mask.mean()
    if not 0.02 < share < 0.65 or mask[0].any() or mask[:, 0].any() or mask[:, -1].any():
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    # Drawn a little too wide, masks bring a rim of their old background along: shrink by a pixel.
    alpha = Image.fromarray(photo.mask).filter(ImageFilter.MinFilter(3))
    image = Image.fromarray(photo.photo).convert("RGBA")
    image.putalpha(alpha.filter(ImageFilter.GaussianBlur(0.8)))
    return Cutout(image=image.crop(box), cut_below=bool(mask[-1].any()))


def paste(
    canvas: Canvas,
    cutout: Cutout,
    rng: np.random.Generator,
    *,
    foot: tuple[float, float],
    height: float,
    disparity: float,
    number: int,
) -> None:
    """Stand a cut-out at its foot (x, y in pixels), upright, facing us or slightly slanted."""
    size = canvas.size_px
    height_px = max(6, round(height))
    width_px = max(4, round(height * cutout.image.width / cutout.image.height))
    if max(height_px, width_px) > 3 * size:
        return
    image = cutout.image.resize((width_px, height_px), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    layer = Image.new("RGBA", (size, size))
    layer.paste(image, (round(foot[0] - width_px / 2), round(foot[1] - height_px)))
    drawn = np.asarray(layer).astype(np.float32)
    alpha = drawn[..., 3] / np.float32(255.0)
    shade_ground(canvas, rng, foot, width_px)
    across = (np.arange(size, dtype=np.float32) - np.float32(foot[0])) / np.float32(width_px)
    slant = disparity * (1.0 + rng.normal(0.0, 0.03) * np.clip(across, -0.5, 0.5))
    colours = matched(drawn[..., :3], alpha, canvas.photo, rng)
    before = canvas.owner.copy()
    nearer = (alpha > 0.5) & (slant[None] > canvas.disparity)
    canvas.add(alpha, colours, np.broadcast_to(slant[None], alpha.shape).astype(np.float32))
    canvas.owner[:] = np.where(nearer, np.uint8(number), before)


def matched(
    colours: FloatImage, alpha: FloatImage, photo: FloatImage, rng: np.random.Generator
) -> FloatImage:
    """The cut-out's colours, moved part of the way towards the light of its new place."""
    own = (colours * alpha[..., None]).sum((0, 1)) / max(float(alpha.sum()), 1.0)
    shift = (photo.mean((0, 1)) - own) * rng.uniform(0.0, 0.35)
    moved: FloatImage = np.clip(colours + shift, 0.0, 255.0)
    return moved.astype(np.float32)


def shade_ground(
    canvas: Canvas, rng: np.random.Generator, foot: tuple[float, float], width_px: float
) -> None:
    """A soft contact shadow: without it things float, and nets learn to see floating."""
    y, x = np.ogrid[: canvas.size_px, : canvas.size_px]
    wide, flat = width_px * rng.uniform(0.4, 0.8), width_px * rng.uniform(0.06, 0.2) + 1.0
    distance = ((x - foot[0] - rng.normal(0, 0.2) * wide) / wide) ** 2 + ((y - foot[1]) / flat) ** 2
    canvas.photo *= (1.0 - rng.uniform(0.0, 0.6) * np.exp(-distance))[..., None].astype(np.float32)


def draw_box(
    canvas: Canvas,
    texture: Texture,
    rng: np.random.Generator,
    *,
    front: tuple[float, float, float, float],
    vanishing: tuple[float, float],
    disparity: float,
) -> None:
    """A box whose front (left, top, right, bottom in pixels) faces us; side and top recede."""
    left, top, right, bottom = front
    size = canvas.size_px
    y, x = np.mgrid[:size, :size].astype(np.float32) + np.float32(0.5)
    back = disparity * rng.uniform(0.45, 0.9)
    vanishing_x, vanishing_y = vanishing
    colours = looked_up(texture, x.ravel(), y.ravel()).reshape(size, size, 3)
    edge_x = right if vanishing_x > right else left if vanishing_x < left else None
    if edge_x is not None:
        side = disparity * (x - vanishing_x) / (edge_x - vanishing_x)
        ratio = side / disparity
        upper, lower = (vanishing_y + (edge - vanishing_y) * ratio for edge in (top, bottom))
        seen = (side <= disparity) & (side >= back) & (y >= upper) & (y <= lower)
        canvas.add(seen.astype(np.float32), colours * np.float32(rng.uniform(0.5, 0.9)), side)
    if vanishing_y < top:
        lid = disparity * (y - vanishing_y) / (top - vanishing_y)
        ratio = lid / disparity
        first, last = (vanishing_x + (edge - vanishing_x) * ratio for edge in (left, right))
        seen = (lid <= disparity) & (lid >= back) & (x >= first) & (x <= last)
        canvas.add(seen.astype(np.float32), colours * np.float32(rng.uniform(0.8, 1.2)), lid)
    seen = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    canvas.add(seen.astype(np.float32), colours, np.full_like(x, disparity))


def draw_ball(
    canvas: Canvas,
    texture: Texture,
    rng: np.random.Generator,
    *,
    centre: tuple[float, float],
    radius: float,
    disparity: float,
) -> None:
    """A ball, egg or standing cylinder: nearest in its middle, shaded from one side."""
    size = canvas.size_px
    y, x = np.mgrid[:size, :size].astype(np.float32) + np.float32(0.5)
    across, down = (x - centre[0]) / radius, (y - centre[1]) / (radius * rng.uniform(0.7, 2.0))
    cylinder = rng.random() < 0.4
    squared = across**2 if cylinder else across**2 + down**2
    inside = np.clip((1.0 - squared) * radius * 0.5, 0.0, 1.0) * (np.abs(down) <= 1.0)
    bulge = np.sqrt(np.clip(1.0 - squared, 0.0, 1.0))
    # A ball of radius r at distance z comes nearer by r: its share of the disparity is r/z.
    near = disparity * (1.0 + bulge * min(0.4, 0.6 * radius / size))
    light = rng.uniform(-0.4, 0.4) * across + 0.3 * bulge + 0.75
    colours = looked_up(texture, x.ravel(), y.ravel()).reshape(size, size, 3)
    canvas.add(inside.astype(np.float32), colours * light[..., None], near.astype(np.float32))


def draw_thin(canvas: Canvas, rng: np.random.Generator, *, disparity: float) -> None:
    """Poles, a fence or twigs with leaves at one disparity, a few pixels wide."""
    size = canvas.size_px
    mask = Image.new("L", (size, size))
    pen = ImageDraw.Draw(mask)
    kind = rng.integers(3)
    if kind == 0:
        for x in rng.uniform(0, size, rng.integers(1, 4)):
            lean = rng.normal(0, 0.03) * size
            pen.line(
                (x, rng.uniform(-0.2, 0.4) * size, x + lean, size), 255, int(rng.integers(2, 7))
            )
    elif kind == 1:
        gap, width = rng.uniform(0.05, 0.15) * size, int(rng.integers(1, 4))
        top = rng.uniform(0.3, 0.7) * size
        for x in np.arange(rng.uniform(0, gap), size, gap):
            pen.line((x, top, x, size), 255, width)
        pen.line((0, top, size, top), 255, width + 1)
    else:
        for _ in range(rng.integers(2, 6)):
            draw_twig(pen, rng, size)
    colour = rng.uniform(10, 180, 3).astype(np.float32)
    grain = rng.normal(0, 12, (size, size, 1)).astype(np.float32)
    seen = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.5))).astype(np.float32) / 255.0
    canvas.add(seen, colour + grain, np.full((size, size), disparity, np.float32))


def draw_twig(pen: ImageDraw.ImageDraw, rng: np.random.Generator, size: int) -> None:
    """A wandering line from the picture's edge with leaves along it."""
    place = np.array([rng.choice([0.0, size]), rng.uniform(0, size)])
    heading = rng.uniform(-0.8, 0.8) + (0.0 if place[0] == 0 else np.pi)
    for _ in range(rng.integers(4, 10)):
        step = rng.uniform(0.04, 0.09) * size
        following = place + step * np.array([np.cos(heading), np.sin(heading)])
        pen.line((*place, *following), 255, int(rng.integers(1, 4)))
        if rng.random() < 0.6:
            leaf = rng.uniform(0.01, 0.03) * size
            pen.ellipse((*(following - leaf), *(following + leaf * rng.uniform(0.5, 1.0))), 255)
        place, heading = following, heading + rng.normal(0, 0.4)
