"""Under the sky: ground, houses, trees, fences, vehicles, people and animals, 1..40 m off."""

import numpy as np

from d2f.train.raytraced.assets import Model
from d2f.train.raytraced.layout import Light, Placed
from d2f.train.raytraced.stage import Stage

__all__ = ["ahead", "build_outdoors", "daylight", "facing", "place_around"]

GROUND_M = 400.0
FARTHEST_M = 40.0
STREET = (
    "gz_construction_barrel", "gz_construction_cone", "gz_dumpster", "gz_fire_hydrant",
    "gz_lamp_post", "gz_mailbox", "gz_postbox", "gz_stop_sign", "streetlight_single", "park_bench",
    "sv_trashcan", "gz_cinder_block", "pedestal", "column", "vase",
)  # fmt: skip
COUNTRY = (
    "nrock_1", "nrock_3", "nrock_5", "nrock_moss_2", "rock_scan_a", "rock_scan_b", "rock_scan_c",
    "mv_barrel", "mv_cart", "mv_hay", "mv_well", "sv_tent", "tree_stump", "wood_log_moss",
    "gz_fountain", "barrel",
)  # fmt: skip
BUILDINGS = (
    "gz_house_1", "gz_house_2", "house1", "house2", "house_3", "house_5", "tower", "gz_gazebo",
    "mv_gazebo", "mv_market_stand_1", "gz_water_tower",
)  # fmt: skip
QUARTER_TURN_RAD = np.pi / 2


def daylight(stage: Stage) -> Light:
    """A panorama of outdoors, or sky and sun."""
    rng = stage.rng
    panoramas = stage.assets.outdoor_panoramas
    height, around = rng.uniform(0.25, 1.2), rng.uniform(0.0, 2 * np.pi)
    sun = (np.cos(height) * np.cos(around), np.cos(height) * np.sin(around), np.sin(height))
    return Light(
        panorama=None if rng.random() < 0.35 else str(panoramas[rng.integers(len(panoramas))]),
        turn_deg=float(rng.uniform(0.0, 360.0)),
        sun=(float(sun[0]), float(sun[1]), float(sun[2])),
        exposure=float(np.exp(rng.normal(0.0, 0.25))),
    )


def ahead(stage: Stage, distance: float, *, spread: float = 1.1) -> tuple[float, float]:
    """x and y of a random place at a distance, in view or a little beside it."""
    half = np.arctan(stage.camera.half_view[0]) * spread
    bearing = np.deg2rad(stage.camera.yaw_deg) + stage.rng.uniform(-half, half)
    return float(distance * np.sin(bearing)), float(distance * np.cos(bearing))


def facing(stage: Stage, at: tuple[float, float], *, spread: float = 0.45) -> float:
    """The turn by which a thing looks roughly at the camera."""
    return float(np.arctan2(-at[0], at[1]) + stage.rng.normal(0.0, spread))


def place_around(
    stage: Stage,
    models: list[Model],
    count: int,
    *,
    nearest: float,
    farthest: float = FARTHEST_M,
    square: bool = False,
) -> list[Placed]:
    """Some things at distances whose logarithm is spread evenly; square: turned by right angles."""
    found = []
    for _ in range(count if models else 0):
        model = stage.choose(models)
        distance = np.exp(stage.rng.uniform(np.log(nearest), np.log(max(farthest, 1.1 * nearest))))
        distance += max(model.size_m[:2]) / 2
        x, y = ahead(stage, distance)
        turn_rad = stage.rng.uniform(0.0, 2 * np.pi)
        if square:
            turn_rad = stage.rng.integers(4) * QUARTER_TURN_RAD + stage.rng.normal(0.0, 0.03)
        elif model.kind in ("person", "animal") and stage.rng.random() < 0.6:
            turn_rad = facing(stage, (x, y), spread=0.7)
        scale = float(stage.rng.uniform(0.85, 1.2)) if model.kind == "plant" else 1.0
        thing = stage.put(model, (x, y, 0.0), turn_rad=turn_rad, scale=scale)
        if thing is not None:
            found.append(thing)
    return found


def build_outdoors(stage: Stage, *, beyond: float) -> None:
    """Ground, and what stands on it: most of it farther off than ``beyond`` metres."""
    rng, assets = stage.rng, stage.assets
    green = rng.random() < 0.6
    lay_ground(stage, green=green, near=beyond < 2.5)
    near = max(1.0, 1.25 * beyond)
    if rng.random() < 0.75:
        buildings = assets.named(*BUILDINGS)
        place_around(
            stage, buildings, int(rng.integers(1, 7)), nearest=max(8.0, 1.3 * near), square=True
        )
    if rng.random() < 0.35:
        raise_wall(stage, distance=max(near + 0.5, float(rng.uniform(3.0, 20.0))))
    if rng.random() < 0.4:
        raise_fence(stage, distance=max(near + 0.5, float(rng.uniform(2.5, 15.0))))
    trees = assets.of("plant", lowest=3.0)
    place_around(stage, trees, int(rng.integers(0, 14 if green else 6)), nearest=max(3.5, near))
    plants = assets.of("plant", highest=3.0)
    place_around(stage, plants, int(rng.integers(0, 14 if green else 5)), nearest=near, farthest=20)
    things = assets.named(*(COUNTRY if green else STREET))
    place_around(stage, things, int(rng.integers(0, 7)), nearest=near, farthest=25)
    place_around(stage, assets.of("vehicle"), int(rng.integers(0, 4)), nearest=max(4.0, near))
    place_around(stage, assets.of("person"), int(rng.integers(0, 6)), nearest=max(2.0, near))
    place_around(
        stage, assets.of("animal", lowest=0.3), int(rng.integers(0, 4)), nearest=near, farthest=25
    )
    if beyond > 1.5:  # a few things in front of the subject, beside the line of sight
        small = plants + things
        place_around(
            stage, small, int(rng.integers(0, 4)), nearest=0.6 * beyond, farthest=1.2 * beyond
        )


def lay_ground(stage: Stage, *, green: bool, near: bool) -> None:
    """The ground, and by chance a road or path on it; near: it fills much of the picture."""
    rng = stage.rng
    kinds = ("grass", "ground") if green else ("ground", "stone", "tiles")
    texture = stage.texture(*kinds, small=0.05 if near else 0.3)
    stage.block((0.0, 0.0, -1.0), (GROUND_M, GROUND_M, 1.0), texture)
    if rng.random() < 0.5:
        width = rng.uniform(0.8, 7.0)
        along = rng.random() < 0.5
        x, y = (rng.uniform(-3, 3), 0.0) if along else (0.0, rng.uniform(3.0, 15.0))
        size = (width, GROUND_M, 0.02) if along else (GROUND_M, width, 0.02)
        stage.block((x, y, -0.015), size, stage.texture("ground", "stone", "tiles"))


def raise_wall(stage: Stage, *, distance: float) -> None:
    """A wall across or along: of a garden, or the front of a large house."""
    rng = stage.rng
    height = rng.uniform(0.5, 2.5) if rng.random() < 0.6 else rng.uniform(5.0, 14.0)
    length = rng.uniform(3.0, 30.0)
    side = rng.choice([-1.0, 1.0])
    texture = stage.texture("wall", "stone")
    if rng.random() < 0.6:
        x = rng.uniform(-0.3, 0.3) * length
        stage.block((x, distance, 0.0), (length, 0.3, height), texture, turn_rad=rng.normal(0, 0.1))
    else:
        x = side * rng.uniform(2.0, 6.0)
        stage.block((x, distance + length / 2, 0.0), (0.3, length, height), texture)


def raise_fence(stage: Stage, *, distance: float) -> None:
    """A row of fences across the view, with gaps."""
    fences = stage.assets.named("mv_fence")
    if not fences:
        return
    fence, turn_rad = fences[0], stage.rng.normal(0.0, 0.2)
    reach = distance * stage.camera.half_view[0] + 1.0
    step = fence.size_m[0] + 0.03
    for along in np.arange(-reach, reach, step):
        if stage.rng.random() < 0.85:
            place = (along * np.cos(turn_rad), distance + along * np.sin(turn_rad), 0.0)
            stage.put(fence, place, turn_rad=turn_rad)
