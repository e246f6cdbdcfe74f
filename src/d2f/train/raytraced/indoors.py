"""Within walls: a room with windows, lamps, pictures, and furniture along its walls."""

import numpy as np

from d2f.train.raytraced.assets import Model, Texture
from d2f.train.raytraced.layout import Block, Lamp, Light
from d2f.train.raytraced.outdoors import ahead, place_around
from d2f.train.raytraced.stage import Stage
from d2f.train.raytraced.tables import TOPS, build_shelf, build_table, fill_top, top_of

__all__ = ["build_room"]

WALL_M = 0.12


def lamplight(stage: Stage, lamps: tuple[Lamp, ...]) -> Light:
    """A panorama that shines in, of indoors more often than not, and lamps."""
    rng, assets = stage.rng, stage.assets
    panoramas = assets.indoor_panoramas if rng.random() < 0.6 else assets.outdoor_panoramas
    return Light(
        panorama=str(panoramas[rng.integers(len(panoramas))]),
        turn_deg=float(rng.uniform(0.0, 360.0)),
        sun=(0.0, 0.0, 1.0),
        lamps=lamps,
        exposure=float(np.exp(rng.normal(0.0, 0.25))),
    )


def build_room(stage: Stage, *, beyond: float) -> Light:
    """A room around the camera; most of its things are farther off than ``beyond`` metres."""
    rng = stage.rng
    length = beyond + rng.uniform(0.8, 5.0)
    left, right = -rng.uniform(1.0, 3.5), rng.uniform(1.0, 3.5)
    widening = max((abs(point[0]) for point in stage.in_sight), default=0.0) + 0.4
    left, right = min(left, -widening), max(right, widening)
    back = -rng.uniform(0.5, 2.5)
    height = max(rng.uniform(2.3, 3.4), stage.camera.height_m + 0.5)
    middle, width, depth = (left + right) / 2, right - left, length - back
    floor = stage.texture("wood", "tiles", "ground", "stone", "fabric")
    stage.block((middle, (length + back) / 2, -0.2), (width + 2, depth + 2, 0.2), floor)
    if rng.random() < 0.4:
        rug = (rng.uniform(1.0, 0.9 * width), rng.uniform(0.8, 2.5), 0.012)
        stage.block((middle, beyond * rng.uniform(0.6, 1.1), -0.006), rug, stage.texture("fabric"))
    raise_walls(stage, left=left, right=right, back=back, length=length, height=height)
    lamps: tuple[Lamp, ...] = ()
    if rng.random() < 0.85:
        size = (width + 0.5, depth + 0.5, 0.1)
        stage.block((middle, (length + back) / 2, height), size, stage.texture("wall"), shade=1.2)
        lamps = hang_lamps(stage, left=left, right=right, length=length, height=height)
    furnish(stage, beyond=beyond, left=left, right=right, length=length)
    for thing in list(stage.placed):
        if thing.model.name in TOPS and thing.at[2] == 0.0 and not thing.subject:
            fill_top(stage, Block(at=thing.at, size=top_of(thing), texture=floor), count=4)
    hang_pictures(stage, left=left, right=right, length=length)
    return lamplight(stage, lamps)


def furnish(stage: Stage, *, beyond: float, left: float, right: float, length: float) -> None:
    """Tables, furniture along the walls, a shelf, loose things and people."""
    rng, assets = stage.rng, stage.assets
    for table in range(int(rng.integers(0, 3))):
        distance = max(beyond * 1.15, rng.uniform(1.2, length - 0.3)) + 0.4 * table
        x, y = ahead(stage, distance, spread=0.9)
        if left + 0.5 < x < right - 0.5 and y < length - 0.5:
            build_table(stage, (x, y), turn_rad=float(rng.normal(0.0, 0.15)))
    furniture = assets.of("furniture")
    for _ in range(int(rng.integers(4, 12))):
        stand_at_wall(
            stage, stage.choose(furniture), left=left, right=right, length=length, beyond=beyond
        )
    if rng.random() < 0.5:
        build_shelf(stage, at=(float(rng.uniform(left + 0.6, right - 0.6)), length - 0.2))
    loose = assets.of("furniture", "plant", "tool", "toy", lowest=0.2, highest=1.8, widest=1.2)
    near = max(0.8, 1.1 * beyond)
    place_around(
        stage, loose, int(rng.integers(0, 7)), nearest=near, farthest=max(1.2 * near, length - 0.5)
    )
    people = assets.of("person")
    place_around(stage, people, int(rng.integers(0, 2)), nearest=1.4 * near, farthest=length)


def raise_walls(
    stage: Stage, *, left: float, right: float, back: float, length: float, height: float
) -> None:
    """Walls (by chance none behind us, so that light comes in)."""
    rng = stage.rng
    middle, width, depth = (left + right) / 2, right - left, length - back
    paint = stage.texture("wall", "wall", "fabric", "stone", "wood")
    shade = rng.uniform(0.7, 1.2)
    along = (back + length) / 2
    far = stage.texture("wall", "tiles", "wood") if rng.random() < 0.4 else paint
    wall_with_window(stage, (middle, length + WALL_M / 2), width, height, far, across=True)
    for x in (left - WALL_M / 2, right + WALL_M / 2):
        if rng.random() < 0.85:
            texture = stage.texture("wall", "fabric") if rng.random() < 0.2 else paint
            wall_with_window(stage, (x, along), depth, height, texture, across=False)
    if rng.random() < 0.3:
        stage.block((middle, back - 0.1, 0.0), (width, WALL_M, height), paint, shade=shade)


def wall_with_window(
    stage: Stage,
    at: tuple[float, float],
    length: float,
    height: float,
    texture: Texture,
    *,
    across: bool,
) -> None:
    """A wall, along x if across; by chance around a window with a bar."""
    rng = stage.rng

    def piece(
        along: float, wide: float, low: float, high: float, look: Texture, thick: float = WALL_M
    ) -> None:
        if wide <= 0 or high <= low:
            return
        place = (at[0] + along, at[1], low) if across else (at[0], at[1] + along, low)
        size = (wide, thick, high - low) if across else (thick, wide, high - low)
        stage.block(place, size, look)

    if rng.random() < 0.45 or length < 2.0:
        piece(0.0, length, 0.0, height, texture)
        return
    wide = rng.uniform(0.6, min(2.2, 0.6 * length))
    low, high = rng.uniform(0.3, 1.1), rng.uniform(1.7, height - 0.1)
    centre = rng.uniform(-1, 1) * (length - wide - 0.4) / 2
    left_width, right_width = length / 2 + centre - wide / 2, length / 2 - centre - wide / 2
    piece(-length / 2 + left_width / 2, left_width, 0.0, height, texture)
    piece(length / 2 - right_width / 2, right_width, 0.0, height, texture)
    piece(centre, wide, 0.0, low, texture)
    piece(centre, wide, high, height, texture)
    frame, middle = stage.texture("wood"), (low + high) / 2
    piece(centre, 0.05, low, high, frame, 0.06)
    piece(centre, wide, middle - 0.02, middle + 0.02, frame, 0.06)


def hang_lamps(
    stage: Stage, *, left: float, right: float, length: float, height: float
) -> tuple[Lamp, ...]:
    """Squares of light just below the ceiling."""
    rng = stage.rng
    return tuple(
        (
            float(rng.uniform(left + 0.4, right - 0.4)),
            float(rng.uniform(0.0, length - 0.3)),
            height - 0.03,
            float(rng.uniform(0.3, 1.0)),
            float(rng.uniform(4.0, 15.0)),
        )
        for _ in range(int(rng.integers(1, 3)))
    )


def stand_at_wall(
    stage: Stage, model: Model, *, left: float, right: float, length: float, beyond: float
) -> None:
    """A piece of furniture with its back to a wall."""
    rng = stage.rng
    wall = rng.integers(3)
    wide, deep, _ = model.size_m
    if wall == 0:
        if wide > right - left - 0.2:
            return
        x = rng.uniform(left + wide / 2, right - wide / 2)
        place, turn_rad = (float(x), length - deep / 2 - 0.03, 0.0), 0.0
    else:
        y = rng.uniform(max(0.4, 0.5 * beyond), max(length - wide / 2, 0.5))
        x = left + deep / 2 + 0.03 if wall == 1 else right - deep / 2 - 0.03
        place, turn_rad = (float(x), float(y), 0.0), np.pi / 2 if wall == 1 else -np.pi / 2
    stage.put(model, place, turn_rad=turn_rad)


def hang_pictures(stage: Stage, *, left: float, right: float, length: float) -> None:
    """Framed rectangles on the far wall and the side walls, where nothing stands."""
    rng = stage.rng
    for _ in range(int(rng.integers(0, 5))):
        wide, high = rng.uniform(0.25, 0.9), rng.uniform(0.25, 0.8)
        low, wall = rng.uniform(1.0, 1.5), rng.integers(3)
        if wall == 0:
            x, y = rng.uniform(left + wide / 2, right - wide / 2), length - 0.015
            size = (wide, 0.03, high)
        else:
            x, y = (left + 0.015 if wall == 1 else right - 0.015), rng.uniform(0.5, length)
            size = (0.03, wide, high)
        picture = Block(at=(x, y, low), size=size, texture=stage.texture("fabric", "stone", "wood"))
        if not any(picture.bounds().meets(thing.bounds()) for thing in stage.placed):
            stage.blocks.append(picture)
