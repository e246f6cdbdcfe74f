"""A scene under construction: what there is room for, and what does not hide the subject."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from d2f.train.raytraced.assets import Assets, Model, Texture
from d2f.train.raytraced.layout import Block, Camera, Placed, Vector

__all__ = ["Stage", "drawn"]

T = TypeVar("T")
ROOM_FOR_CAMERA_M = 0.22  # around it, stays empty
# Textures that a thing of a kind can have.
SKINS = {
    "animal": ("fabric",),
    "architecture": ("stone", "wall", "wood"),
    "furniture": ("wood", "fabric", "metal"),
    "person": ("fabric",),
    "plant": ("grass",),
    "tool": ("metal", "wood", "stone"),
    "toy": ("fabric", "wood"),
    "vehicle": ("metal",),
}


@dataclass(slots=True, kw_only=True)
class Stage:
    """A scene under construction."""

    rng: np.random.Generator
    assets: Assets
    camera: Camera
    placed: list[Placed] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    in_sight: list[Vector] = field(default_factory=list)

    def choose(self, models: Sequence[Model]) -> Model:
        """One of some models, by their weights."""
        return drawn(self.rng, models, [model.weight for model in models])

    def texture(self, *categories: str, small: float = 0.3) -> Texture:
        """Any texture of some categories; small pictures as often as told, beside 1 of large."""
        found = self.assets.textured(*categories)
        weights = [small if "small" in texture.path.parts else 1.0 for texture in found]
        return drawn(self.rng, found, weights)

    def block(
        self,
        at: Vector,
        size: Vector,
        texture: Texture,
        *,
        turn_rad: float = 0.0,
        shade: float = 1.0,
    ) -> Block:
        """Build a block."""
        block = Block(at=at, size=size, texture=texture, turn_rad=turn_rad, shade=shade)
        self.blocks.append(block)
        return block

    def put(
        self,
        model: Model,
        at: Vector,
        *,
        turn_rad: float,
        scale: float = 1.0,
        subject: bool = False,
        hides: bool = False,
    ) -> Placed | None:
        """Put a model down, unless it would meet what is there or hide the subject."""
        thing = Placed(
            model=model,
            at=(float(at[0]), float(at[1]), float(at[2])),
            turn_rad=float(turn_rad),
            scale=scale,
            skins=tuple(self.skin(model, tileable=part.tileable) for part in model.parts),
            subject=subject,
        )
        if not self.fits(thing, hides=hides):
            return None
        self.placed.append(thing)
        if subject:
            self.in_sight += sight_lines(self.camera, thing)
        return thing

    def fits(self, thing: Placed, *, hides: bool) -> bool:
        """Whether there is room for a thing."""
        whole, foot = thing.bounds(), thing.footprint()
        if whole.holds((0.0, 0.0, self.camera.height_m), ROOM_FOR_CAMERA_M):
            return False
        if not hides and any(whole.holds(point, 0.02) for point in self.in_sight):
            return False
        slack = -0.01  # what stands on a board touches it
        return not (
            any(foot.meets(other.footprint(), slack) for other in self.placed)
            or any(foot.meets(block.bounds(), slack) for block in self.blocks)
        )

    def skin(self, model: Model, *, tileable: bool) -> Texture | None:
        """A texture for a part of one colour, as things of its kind have it."""
        categories = SKINS.get(model.kind)
        if not tileable or categories is None or self.rng.random() < 0.25:
            return None
        return self.texture(*categories)


def drawn(rng: np.random.Generator, things: Sequence[T], weights: Sequence[float]) -> T:
    """One of some things, by their weights."""
    shares = np.array(weights) / np.sum(weights)
    return things[int(rng.choice(len(things), p=shares))]


def sight_lines(camera: Camera, thing: Placed) -> list[Vector]:
    """Points between the camera and all over a thing, which nothing should stand on."""
    bounds = thing.bounds()
    eye = np.array([0.0, 0.0, camera.height_m])
    low, high = np.array(bounds.low), np.array(bounds.high)
    shares = np.array(
        [(x, 0.5, z) for x in (0.1, 0.5, 0.9) for z in (0.1, 0.35, 0.65, 0.95)], dtype=float
    )
    return [
        (float(point[0]), float(point[1]), float(point[2]))
        for goal in low + shares * (high - low)
        for along in np.linspace(0.1, 0.97, 12)
        if not bounds.holds(tuple(point := eye + along * (goal - eye)))
    ]
