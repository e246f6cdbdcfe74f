"""Rooms, streets and slopes made of planes, whose disparity is exact without any renderer.

In a disparity picture every plane is a linear function of the pixel, and of the planes that bound
a convex room the nearest is the visible one: a room is the maximum of linear functions.
Places are x, y in -0.5..0.5 of the picture, y down.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from d2f.arrays import FloatImage

__all__ = ["Plane", "Room", "grid", "looked_up", "painted_room", "random_room"]

Texture = FloatImage  # h x w x 3, codes 0..255


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """disparity = right * x + down * y + middle, and how its texture lies on it."""

    lies: Literal["ground", "side", "front"]  # ceilings lie as the ground does
    right: float = 0.0
    down: float = 0.0
    middle: float = 0.0

    def disparity(self, x: FloatImage, y: FloatImage) -> FloatImage:
        """Disparity at places of any shape."""
        return (self.right * x + self.down * y + self.middle).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Planes, the point they run to, and the camera's roll in radians."""

    planes: tuple[Plane, ...]
    horizon: float | None  # row of the ground's vanishing line; none where nothing stands upright
    vanishing_x: float = 0.0
    roll: float = 0.0
    outdoors: bool = False


def random_room(rng: np.random.Generator) -> Room:
    """A room indoors (45 %), a place outdoors (40 %) or one slope seen from anywhere (15 %)."""
    chance = rng.random()
    if chance < 0.45:
        return indoors(rng)
    return outdoors(rng) if chance < 0.85 else slope(rng)


def indoors(rng: np.random.Generator) -> Room:
    """Ground, a back wall, and by chance side walls and a ceiling."""
    horizon, vanishing_x = rng.uniform(-0.3, 0.15), rng.uniform(-0.3, 0.3)
    ground = rng.uniform(0.8, 2.5)
    wall_row = rng.uniform(horizon + 0.04, 0.4)
    back = ground * (wall_row - horizon)
    yaw = back * rng.uniform(-0.5, 0.5)
    planes = [
        Plane(lies="ground", down=ground, middle=-ground * horizon),
        Plane(lies="front", right=yaw, middle=back - yaw * vanishing_x),
    ]
    if rng.random() < 0.5:
        rise = back / rng.uniform(0.12, max(0.13, horizon + 0.5))
        planes.append(Plane(lies="ground", down=-rise, middle=rise * horizon))
    planes += side_walls(rng, back, vanishing_x, chance=0.55)
    return Room(
        planes=tuple(planes),
        horizon=horizon,
        vanishing_x=vanishing_x,
        roll=np.deg2rad(rng.normal(0.0, 2.0)),
    )


def outdoors(rng: np.random.Generator) -> Room:
    """Ground and what is far behind it; by chance house fronts, or a look up at a facade."""
    horizon, vanishing_x = rng.uniform(-0.35, 0.3), rng.uniform(-0.3, 0.3)
    ground = rng.uniform(0.7, 2.0)
    back, lean = rng.uniform(0.004, 0.08), 0.0
    if rng.random() < 0.15:
        # Looking up: the ground is below the picture, and the facade leans away.
        horizon, back = rng.uniform(0.35, 0.9), rng.uniform(0.1, 0.4)
        lean = back * rng.uniform(0.0, 1.2)
    planes = [
        Plane(lies="ground", down=ground, middle=-ground * horizon),
        Plane(lies="front", right=back * rng.uniform(-0.3, 0.3), down=lean, middle=back),
    ]
    planes += side_walls(rng, max(back, 0.05), vanishing_x, chance=0.2)
    return Room(
        planes=tuple(planes),
        horizon=horizon,
        vanishing_x=vanishing_x,
        roll=np.deg2rad(rng.normal(0.0, 2.0)),
        outdoors=True,
    )


def side_walls(
    rng: np.random.Generator, back: float, vanishing_x: float, *, chance: float
) -> list[Plane]:
    """Walls that meet the back, with the given disparity, left and right of the vanishing point."""
    walls = []
    for side in (-1.0, 1.0):
        if rng.random() < chance:
            reach = rng.uniform(0.1, 0.5 + abs(vanishing_x))
            walls.append(
                Plane(
                    lies="side",
                    right=side * back / reach,
                    middle=-side * back / reach * vanishing_x,
                )
            )
    return walls


def slope(rng: np.random.Generator) -> Room:
    """One plane in any direction: a table from above, a wall along which one looks."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    steepness = rng.uniform(0.0, 0.9)
    plane = Plane(
        lies="front",
        right=steepness * np.cos(angle),
        down=steepness * np.sin(angle),
        middle=0.72 * steepness + rng.uniform(0.05, 0.6),
    )
    return Room(planes=(plane,), horizon=None)


def grid(size_px: int, roll: float = 0.0) -> tuple[FloatImage, FloatImage]:
    """x and y of every pixel's centre, size x size each, turned by the roll."""
    along = ((np.arange(size_px) + 0.5) / size_px - 0.5).astype(np.float32)
    x, y = np.meshgrid(along, along)
    cosine, sine = np.float32(np.cos(roll)), np.float32(np.sin(roll))
    return cosine * x + sine * y, cosine * y - sine * x


def painted_room(
    room: Room, textures: list[Texture], rng: np.random.Generator, size_px: int
) -> tuple[FloatImage, FloatImage]:
    """Photo (size x size x 3, codes) and disparity (size x size, positive) of an empty room."""
    x, y = grid(size_px, room.roll)
    each = np.stack([plane.disparity(x, y) for plane in room.planes])
    visible = each.argmax(0)
    disparity = np.maximum(each.max(0), np.float32(1e-3))
    photo = np.zeros((size_px, size_px, 3), np.float32)
    for index, plane in enumerate(room.planes):
        seen = visible == index
        if seen.any():
            texture = textures[index % len(textures)]
            photo[seen] = painted(
                plane, room, texture, rng, x[seen], y[seen], disparity[seen], size_px
            )
    return photo, disparity


def painted(
    plane: Plane,
    room: Room,
    texture: Texture,
    rng: np.random.Generator,
    x: FloatImage,
    y: FloatImage,
    disparity: FloatImage,
    size_px: int,
) -> FloatImage:
    """Colours (N x 3) of the N visible places of a plane, in perspective."""
    nearest = float(disparity.max())
    scale = size_px * rng.uniform(0.5, 1.6)
    shift_u, shift_v = rng.uniform(0.0, 500.0, 2)
    horizon = room.horizon if room.horizon is not None else 0.0
    if plane.lies == "front":
        u, v = x, y
    elif plane.lies == "ground":
        u, v = (x - room.vanishing_x) / disparity * nearest, nearest / disparity
    else:
        u, v = nearest / disparity, (y - horizon) / disparity * nearest
    colours = looked_up(texture, u * scale + shift_u, v * scale + shift_v)
    if plane.lies != "front":
        # Far texture would alias: let its contrast fade as a lens would.
        contrast = np.clip(1.6 * disparity / nearest, 0.1, 1.0)[:, None]
        mean = texture.mean((0, 1))
        colours = mean + (colours - mean) * contrast
    return colours.astype(np.float32, copy=False)


def looked_up(texture: Texture, u: FloatImage, v: FloatImage) -> FloatImage:
    """Bilinear texture colours (N x 3) at N places in texels; the texture tiles mirrored."""
    rows, columns = texture.shape[:2]
    u, v = mirrored(u, columns), mirrored(v, rows)
    left = np.minimum(u.astype(np.int32), columns - 2)
    top = np.minimum(v.astype(np.int32), rows - 2)
    right_share, bottom_share = (u - left)[:, None], (v - top)[:, None]
    flat, place = texture.reshape(-1, 3), top * columns + left
    upper = flat[place] * (1 - right_share) + flat[place + 1] * right_share
    lower = flat[place + columns] * (1 - right_share) + flat[place + columns + 1] * right_share
    colours: FloatImage = (upper * (1 - bottom_share) + lower * bottom_share).astype(np.float32)
    return colours


def mirrored(place: FloatImage, length: int) -> FloatImage:
    """Any coordinate folded into 0..length-1, mirrored at both ends."""
    folded = np.mod(place, 2 * (length - 1))
    inside: FloatImage = np.minimum(folded, 2 * (length - 1) - folded).astype(np.float32)
    return inside
