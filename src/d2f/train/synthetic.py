"""Synthetic scenes with exact depth: plane rooms with things in them, and composites.

In: the training photos (textures, cut-out subjects, real photos with depth). Out: photo, disparity
(0 = unknown) and the subject's coverage. No two scenes are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from d2f.arrays import ByteImage, FloatImage
from d2f.train.augment import random_view
from d2f.train.data import DepthPair, MaskPhoto
from d2f.train.objects import Canvas, Cutout, cutout_of, draw_ball, draw_box, draw_thin, paste
from d2f.train.planes import Room, Texture, painted_room, random_room

__all__ = ["Scene", "SceneMaker"]

COMPOSITE_SHARE = 0.4  # of the scenes, where there are photos with depth to paste into
CLEAR_SUBJECT = 0.02  # share of the picture that the largest subject must cover
CLEARLY_LARGEST = 2.0  # times the second largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Photo S x S x 3, disparity S x S (0..1, 0 = unknown), subject S x S (coverage, 0..255)."""

    photo: ByteImage
    disparity: FloatImage
    subject: ByteImage
    has_subject: bool


class SceneMaker:
    """Makes scenes out of training photos; holds cut-outs, not results."""

    def __init__(self, pairs: Sequence[DepthPair], masks: Sequence[MaskPhoto]):
        self.pairs = [pair for pair in pairs if pair.weight >= 0.5]
        self.photos = [pair.photo for pair in pairs] + [mask.photo for mask in masks]
        self.cutouts = [cutout for photo in masks if (cutout := cutout_of(photo)) is not None]

    def scene(self, rng: np.random.Generator, size_px: int) -> Scene:
        """A new scene of the given side."""
        if self.pairs and self.cutouts and rng.random() < COMPOSITE_SHARE:
            return self.composite(rng, size_px)
        return self.room(rng, size_px)

    def room(self, rng: np.random.Generator, size_px: int) -> Scene:
        """A plane room with boxes, balls, subjects on its ground, and thin things."""
        room = random_room(rng)
        textures = [self.texture(rng, size_px) for _ in room.planes]
        if room.outdoors:
            textures[1] = hazy(textures[1], rng)
        photo, disparity = painted_room(room, textures, rng, size_px)
        owner = np.zeros((size_px, size_px), np.uint8)
        canvas = Canvas(photo=photo, disparity=disparity / disparity.max(), owner=owner)
        empty = canvas.disparity.copy()
        for _ in range(rng.integers(0, 5)):
            self.furnish(canvas, empty, room, rng)
        for number in range(1, 1 + int(rng.choice([0, 1, 2, 3], p=[0.1, 0.5, 0.25, 0.15]))):
            self.populate(canvas, empty, room, rng, number)
        if rng.random() < 0.3:
            draw_thin(canvas, rng, disparity=float(rng.uniform(0.3, 1.2)))
        return finished(canvas)

    def furnish(
        self, canvas: Canvas, empty: FloatImage, room: Room, rng: np.random.Generator
    ) -> None:
        """One box or ball on the ground, as deep as the ground at its foot."""
        size = canvas.size_px
        x, y = rng.uniform(0, size), self.foot_row(rng, room, size)
        disparity = float(value_at(empty, x, y)) * rng.uniform(1.005, 1.05)
        unit = self.upright_px(y, room, size, rng)
        texture = self.texture(rng, size)
        if rng.random() < 0.35:
            radius = float(np.clip(unit * rng.uniform(0.15, 0.5), 4, size / 3))
            draw_ball(
                canvas, texture, rng, centre=(x, y - radius), radius=radius, disparity=disparity
            )
            return
        half, height = unit * rng.uniform(0.15, 0.7), unit * rng.uniform(0.2, 1.1)
        horizon = 0.0 if room.horizon is None else room.horizon
        draw_box(
            canvas,
            texture,
            rng,
            front=(x - half, y - height, x + half, y),
            vanishing=((room.vanishing_x + 0.5) * size, (horizon + 0.5) * size),
            disparity=disparity,
        )

    def populate(
        self, canvas: Canvas, empty: FloatImage, room: Room, rng: np.random.Generator, number: int
    ) -> None:
        """One cut-out subject on the ground; one cut at the bottom stays at the bottom."""
        if not self.cutouts:
            return
        cutout, size = self.cutout(rng), canvas.size_px
        x = rng.uniform(0.1, 0.9) * size
        y = size + 1.0 if cutout.cut_below else self.foot_row(rng, room, size)
        height = self.upright_px(y, room, size, rng) * rng.uniform(0.5, 1.5)
        height = float(np.clip(height, 0.1 * size, 1.1 * size))
        # Something cut by the edge stands before it: nearer than the ground that is seen there.
        extra = rng.uniform(1.0, 1.5) if cutout.cut_below else rng.uniform(1.0, 1.05)
        disparity = float(value_at(empty, x, y)) * extra
        paste(canvas, cutout, rng, foot=(x, y), height=height, disparity=disparity, number=number)

    def composite(self, rng: np.random.Generator, size_px: int) -> Scene:
        """A cut-out pasted into a real photo with depth, nearer than what it covers."""
        pair = self.pairs[rng.integers(len(self.pairs))]
        view = random_view(rng, *pair.disparity.shape)
        canvas = Canvas(
            photo=view.photo(pair.photo, size_px).astype(np.float32),
            disparity=view.disparity(pair.disparity, size_px),
            owner=np.zeros((size_px, size_px), np.uint8),
        )
        cutout = self.cutout(rng)
        height = rng.uniform(0.25, 0.95) * size_px
        x = rng.uniform(0.1, 0.9) * size_px
        y = size_px + 1.0 if cutout.cut_below else rng.uniform(0.5, 1.05) * size_px
        left, right = (int(np.clip(x + side * height / 4, 0, size_px - 1)) for side in (-1, 1))
        covered = canvas.disparity[int(max(0, y - height)) : int(y) + 1, left : right + 1]
        known = covered[covered > 0]
        if known.size:
            place = float(max(value_at(canvas.disparity, x, y), np.quantile(known, 0.9)))
            disparity = max(place, 0.02) * rng.uniform(1.0, 1.4)
            paste(canvas, cutout, rng, foot=(x, y), height=height, disparity=disparity, number=1)
        return finished(canvas)

    def cutout(self, rng: np.random.Generator) -> Cutout:
        """A random subject."""
        return self.cutouts[rng.integers(len(self.cutouts))]

    def texture(self, rng: np.random.Generator, size_px: int) -> Texture:
        """A crop of a random photo, h x w x 3, codes as float32."""
        photo = self.photos[rng.integers(len(self.photos))]
        rows, columns = photo.shape[:2]
        side = int(min(rows, columns) * rng.uniform(0.4, 1.0))
        top, left = rng.integers(rows - side + 1), rng.integers(columns - side + 1)
        crop = Image.fromarray(photo[top : top + side, left : left + side])
        target = int(size_px * rng.uniform(0.5, 1.1))
        return np.asarray(crop.resize((target, target), Image.Resampling.BILINEAR)).astype(
            np.float32
        )

    def foot_row(self, rng: np.random.Generator, room: Room, size_px: int) -> float:
        """A row of the ground in view, in pixels; anywhere where there is no ground."""
        first = -0.3 if room.horizon is None else min(room.horizon + 0.08, 0.45)
        return float((rng.uniform(first, 0.5) + 0.5) * size_px)

    def upright_px(
        self, foot_row: float, room: Room, size_px: int, rng: np.random.Generator
    ) -> float:
        """Height in pixels of a thing as tall as the camera is high, standing at this row."""
        if room.horizon is None:
            return float(rng.uniform(0.2, 0.6) * size_px)
        return max(foot_row - (room.horizon + 0.5) * size_px, 0.05 * size_px)


def value_at(disparity: FloatImage, x: float, y: float) -> np.float32:
    """The map's value at a place in pixels, or at its nearest place inside."""
    last = disparity.shape[0] - 1
    value: np.float32 = disparity[int(np.clip(y, 0, last)), int(np.clip(x, 0, last))]
    return value


def hazy(texture: Texture, rng: np.random.Generator) -> Texture:
    """A far background: blurred, brighter, bluer."""
    image = Image.fromarray(np.clip(texture, 0, 255).astype(np.uint8))
    blurred = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 4.0)))
    haze = np.array([205.0, 220.0, 240.0], np.float32)
    amount = np.float32(rng.uniform(0.0, 0.6))
    return np.asarray(blurred).astype(np.float32) * (1 - amount) + haze * amount


def finished(canvas: Canvas) -> Scene:
    """The canvas as a scene."""
    photo = np.clip(canvas.photo, 0, 255).astype(np.uint8)
    areas = np.bincount(canvas.owner.ravel(), minlength=3)[1:].astype(np.float64)
    largest, second = np.sort(areas)[::-1][:2]
    clear = largest >= CLEAR_SUBJECT * canvas.owner.size and largest >= CLEARLY_LARGEST * second
    subject = np.where(canvas.owner == areas.argmax() + 1, 255, 0).astype(np.uint8)
    disparity = canvas.disparity / max(float(canvas.disparity.max()), 1e-6)
    return Scene(photo=photo, disparity=disparity, subject=subject, has_subject=bool(clear))
