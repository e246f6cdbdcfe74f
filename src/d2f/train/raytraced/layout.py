"""What stands where in a scene, before anything is traced.

Metres; x to the right, y ahead, z up; the ground is z = 0 and the camera stands at x = y = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from d2f.arrays import FloatImage
from d2f.train.raytraced.assets import Model, Texture

__all__ = ["Block", "Bounds", "Camera", "Lamp", "Layout", "Light", "Placed", "Vector"]

Vector = tuple[float, float, float]
Lamp = tuple[float, float, float, float, float]  # x, y, z, side in metres, radiance
TRUNK_SHARE = 0.3  # of a tree's crown: what stands below it does not touch it
TREE_HEIGHT_M = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Where it is, and whereto it looks: to the right, upwards, and its roll."""

    height_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    focal_mm: float  # 36 mm along the longer side
    columns: int
    rows: int

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.focal_mm / 36.0 * max(self.columns, self.rows)

    @property
    def half_view(self) -> tuple[float, float]:
        """Tangents of half the angle of view, across and upright."""
        return self.columns / 2 / self.focal_px, self.rows / 2 / self.focal_px

    def axes(self) -> FloatImage:
        """Unit vectors right, up, ahead as the rows of a 3 x 3 matrix."""
        yaw, pitch, roll = np.deg2rad([self.yaw_deg, self.pitch_deg, self.roll_deg])
        level = np.array([np.sin(yaw), np.cos(yaw), 0.0])
        ahead = np.cos(pitch) * level + np.array([0.0, 0.0, np.sin(pitch)])
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        up = np.cross(right, ahead)
        turned = np.cos(roll) * right + np.sin(roll) * up
        return np.stack([turned, np.cross(turned, ahead), ahead]).astype(np.float32)

    def seen_at(self, points: Sequence[Vector]) -> FloatImage:
        """Column, row (pixels) and depth (metres) of N points, N x 3."""
        away = np.asarray(points, np.float32) - np.array([0.0, 0.0, self.height_m], np.float32)
        right, up, ahead = (away @ self.axes().T).T
        column = self.columns / 2 + right / ahead * self.focal_px
        return np.stack([column, self.rows / 2 - up / ahead * self.focal_px, ahead], axis=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A box along the axes, low corner and high corner."""

    low: Vector
    high: Vector

    def meets(self, other: "Bounds", gap: float = 0.0) -> bool:
        """Whether two boxes come nearer to each other than a gap (which may be negative)."""
        return all(
            low - gap < other_high and other_low - gap < high
            for low, high, other_low, other_high in zip(
                self.low, self.high, other.low, other.high, strict=True
            )
        )

    def holds(self, point: Vector, gap: float = 0.0) -> bool:
        """Whether a point is inside, or nearer than a gap."""
        return self.meets(Bounds(low=point, high=point), gap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A model that stands at a point, turned to the left; skins: a texture per part."""

    model: Model
    at: Vector
    turn_rad: float
    scale: float
    skins: tuple[Texture | None, ...]
    subject: bool = False

    def bounds(self) -> Bounds:
        """The box around it, as it is turned."""
        x, y, z = (side * self.scale for side in self.model.size_m)
        return box_around(self.at, (x, y, z), self.turn_rad)

    def footprint(self) -> Bounds:
        """The box that others must not enter: of a tree, no more than its trunk."""
        whole = self.bounds()
        if self.model.kind != "plant" or self.model.size_m[2] * self.scale < TREE_HEIGHT_M:
            return whole
        half_x, half_y = (
            TRUNK_SHARE * (high - low) / 2
            for low, high in zip(whole.low[:2], whole.high[:2], strict=True)
        )
        x, y, _ = self.at
        return Bounds(
            low=(x - half_x, y - half_y, whole.low[2]), high=(x + half_x, y + half_y, whole.high[2])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A box of one texture that stands at the middle of its lower side."""

    at: Vector
    size: Vector
    texture: Texture
    turn_rad: float = 0.0
    shade: float = 1.0

    def bounds(self) -> Bounds:
        """The box around it, as it is turned."""
        return box_around(self.at, self.size, self.turn_rad)


def box_around(at: Vector, size: Vector, turn_rad: float) -> Bounds:
    """The box along the axes around a box that stands at a point, turned."""
    cosine, sine = abs(np.cos(turn_rad)), abs(np.sin(turn_rad))
    half_x = (cosine * size[0] + sine * size[1]) / 2
    half_y = (sine * size[0] + cosine * size[1]) / 2
    x, y, z = at
    return Bounds(
        low=(float(x - half_x), float(y - half_y), z),
        high=(float(x + half_x), float(y + half_y), z + size[2]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A panorama (or, without one, sky and sun), turned, and lamps below a ceiling.

    lamps: squares that shine downwards; exposure: times a medium grey.
    """

    panorama: str | None
    turn_deg: float
    sun: Vector
    lamps: tuple[Lamp, ...] = ()
    exposure: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole scene."""

    kind: str
    camera: Camera
    light: Light
    placed: tuple[Placed, ...]
    blocks: tuple[Block, ...]

    @property
    def subject(self) -> Placed | None:
        """What the picture is of, if of one thing."""
        return next((thing for thing in self.placed if thing.subject), None)
