"""Whole scenes by chance: which subject, from where, and what is around it."""

from dataclasses import replace

import numpy as np

from d2f.train.raytraced.assets import Assets, Model
from d2f.train.raytraced.indoors import build_room
from d2f.train.raytraced.layout import Block, Camera, Layout, Light, Placed
from d2f.train.raytraced.outdoors import BUILDINGS, build_outdoors, daylight, facing
from d2f.train.raytraced.stage import Stage, drawn
from d2f.train.raytraced.tables import fill_top, stand_table

__all__ = ["lay_out"]

SIZES = ((384, 288), (288, 384), (336, 336))
SUBJECT_SHARE = 0.6
# Kinds of subjects on the ground and how often they come.
OUTDOORS = {"person": 8, "animal": 5, "vehicle": 3, "plant": 2, "architecture": 1.5, "tool": 1}
INDOORS = {"person": 8, "animal": 3, "plant": 3, "furniture": 2, "toy": 1, "tool": 1}
SMALL = {"food": 6, "toy": 5, "tool": 4, "plant": 3, "animal": 2}
FACING = ("person", "animal", "toy")


def lay_out(assets: Assets, seed: int, index: int) -> Layout:
    """The scene of a number; the same for the same seed and assets."""
    rng = np.random.default_rng([seed, index])
    indoors = rng.random() < 0.45
    if rng.random() < SUBJECT_SHARE:
        return (
            close_up(assets, rng, indoors=indoors)
            if rng.random() < 0.4
            else standing(assets, rng, indoors=indoors)
        )
    return view(assets, rng, indoors=indoors)


def camera_at(rng: np.random.Generator, *, portrait: float = 0.33) -> Camera:
    """A camera of random format and focal length, level and at the height of the eyes."""
    columns, rows = SIZES[int(rng.choice(3, p=[0.8 - portrait, portrait, 0.2]))]
    return Camera(
        height_m=1.6,
        yaw_deg=float(rng.normal(0.0, 8.0)),
        pitch_deg=0.0,
        roll_deg=float(rng.normal(0.0, 2.0)),
        focal_mm=float(np.exp(rng.uniform(np.log(24.0), np.log(85.0)))),
        columns=columns,
        rows=rows,
    )


def subject_model(assets: Assets, rng: np.random.Generator, *, indoors: bool) -> Model:
    """Something to stand on the ground and be looked at."""
    shares = INDOORS if indoors else OUTDOORS
    widest = 1.6 if indoors else 12.0
    found = {
        kind: [
            model
            for model in assets.of(kind, lowest=0.35, highest=2.6, widest=widest)
            if model.name not in BUILDINGS
        ]
        for kind in shares
    }
    there = [kind for kind in shares if found[kind]]
    models = found[drawn(rng, there, [shares[kind] for kind in there])]
    return drawn(rng, models, [model.weight for model in models])


def standing(assets: Assets, rng: np.random.Generator, *, indoors: bool) -> Layout:
    """A subject that stands on the ground, from about its own height."""
    model = subject_model(assets, rng, indoors=indoors)
    wide, deep, high = max(model.size_m[:2]), min(model.size_m[:2]), model.size_m[2]
    camera = camera_at(rng, portrait=0.55 if high > 1.2 * wide else 0.2)
    share = rng.uniform(0.3, 0.95)
    half_x, half_y = camera.half_view
    distance = max(high / (2 * half_y * share), wide / (2 * half_x * share))
    distance = float(np.clip(distance, 0.5 * wide + 0.6, 6.0 if indoors else 25.0) + deep / 2)
    height = float(np.clip(high * rng.uniform(0.4, 1.4), 0.2, 2.2))
    tilt = np.arctan2(high / 2 - height, distance)
    lift = rng.normal(0.0, 0.25) * (1.0 - share) * np.arctan(half_y)
    camera = replace(camera, height_m=height, pitch_deg=float(np.rad2deg(tilt + lift)))
    aside = rng.uniform(-0.6, 0.6) * max(0.0, np.arctan(half_x) - 0.45 * wide / distance)
    bearing = np.deg2rad(camera.yaw_deg) + aside
    at = (float(distance * np.sin(bearing)), float(distance * np.cos(bearing)))
    stage = Stage(rng=rng, assets=assets, camera=camera)
    turn_rad = facing(stage, at) if model.kind in FACING else rng.uniform(0, 2 * np.pi)
    stage.put(model, (*at, 0.0), turn_rad=float(turn_rad), subject=True)
    seat(stage)
    if rng.random() < 0.3:
        occlude(stage)
    return surrounded(stage, beyond=distance + 0.5 * wide, indoors=indoors, kind="standing")


def seat(stage: Stage) -> None:
    """A block below a subject that sits."""
    for thing in stage.placed:
        if "sitting" in thing.model.name:
            back = 0.12
            x, y, _ = thing.at
            place = (x - back * np.sin(thing.turn_rad), y + back * np.cos(thing.turn_rad), 0.0)
            texture = stage.texture("wood", "stone", "fabric")
            stage.block(place, (0.42, 0.36, 0.42), texture, turn_rad=thing.turn_rad)


def close_up(assets: Assets, rng: np.random.Generator, *, indoors: bool) -> Layout:
    """A small thing on a table or on the ground, from above."""
    kind = drawn(rng, list(SMALL), list(SMALL.values()))
    models = assets.of(kind, lowest=0.05, highest=0.6, widest=0.8)
    model = drawn(rng, models, [model.weight for model in models])
    wide, high = max(model.size_m[:2]), model.size_m[2]
    camera = camera_at(rng)
    share = rng.uniform(0.25, 0.75)
    half_x, half_y = camera.half_view
    away = float(max(high / (2 * half_y * share), wide / (2 * half_x * share), 0.25) + wide / 2)
    on_table = indoors or rng.random() < 0.4
    base = float(rng.uniform(0.4, 0.9)) if on_table else 0.0
    steep = np.deg2rad(rng.uniform(4.0, 50.0))
    height = float(base + high / 2 + away * np.sin(steep))
    if height < base + 0.06:
        height = base + 0.06
    pitch = -np.rad2deg(steep) + rng.normal(0.0, 0.3) * np.rad2deg(np.arctan(half_y)) * (1 - share)
    camera = replace(camera, height_m=height, pitch_deg=float(pitch))
    distance = float(away * np.cos(steep))
    bearing = np.deg2rad(camera.yaw_deg) + rng.uniform(-0.5, 0.5) * np.arctan(half_x) * (1 - share)
    at = (float(distance * np.sin(bearing)), float(distance * np.cos(bearing)))
    stage = Stage(rng=rng, assets=assets, camera=camera)
    stage.put(model, (*at, base), turn_rad=facing(stage, at, spread=0.6), subject=True)
    thick = float(rng.uniform(0.02, 0.05))
    size = (float(rng.uniform(0.8, 2.0)), float(rng.uniform(0.6, 1.4)), thick)
    board = Block(
        at=(at[0] + float(rng.uniform(-0.2, 0.2)), at[1] + 0.3 * size[1], base - thick),
        size=size,
        texture=stage.texture("wood", "stone", "fabric", "metal", "tiles", small=0.05),
    )
    if on_table:
        stand_table(stage, board)
    fill_top(stage, board, count=int(rng.integers(0, 9)))
    return surrounded(stage, beyond=distance + size[1], indoors=indoors, kind="close-up")


def view(assets: Assets, rng: np.random.Generator, *, indoors: bool) -> Layout:
    """No subject: a room or a landscape, by chance looking up or down."""
    camera = camera_at(rng)
    pitch, height = rng.normal(-4.0, 5.0), rng.uniform(0.2, 2.2)
    kind, chance = "view", rng.random()
    if chance < 0.2:
        kind, pitch = "up", rng.uniform(12.0, 35.0)
    elif chance < 0.35:
        kind, pitch, height = "down", rng.uniform(-50.0, -20.0), rng.uniform(0.8, 2.2)
    camera = replace(camera, height_m=float(height), pitch_deg=float(pitch))
    stage = Stage(rng=rng, assets=assets, camera=camera)
    return surrounded(stage, beyond=float(rng.uniform(0.5, 3.0)), indoors=indoors, kind=kind)


def surrounded(stage: Stage, *, beyond: float, indoors: bool, kind: str) -> Layout:
    """The stage with all that is around, and its light."""
    if indoors:
        light: Light = build_room(stage, beyond=beyond)
    else:
        build_outdoors(stage, beyond=beyond)
        light = daylight(stage)
    return Layout(
        kind=f"{kind} {'indoors' if indoors else 'outdoors'}",
        camera=stage.camera,
        light=light,
        placed=tuple(stage.placed),
        blocks=tuple(stage.blocks),
    )


def occlude(stage: Stage) -> Placed | None:
    """Something nearer that hides an edge of the subject."""
    rng = stage.rng
    subject = stage.placed[0]
    x, y, _ = subject.at
    nearer = rng.uniform(0.35, 0.75)
    models = stage.assets.of(
        "plant", "furniture", "architecture", lowest=0.3, highest=1.3, widest=1.5
    )
    model = stage.choose(models)
    offset = (max(model.size_m[:2]) + max(subject.model.size_m[:2]) * nearer) / 2
    offset *= rng.uniform(0.45, 0.95) * rng.choice([-1.0, 1.0])
    far = float(np.hypot(x, y))
    place = (nearer * x + offset * y / far, nearer * y - offset * x / far, 0.0)
    return stage.put(model, place, turn_rad=float(rng.uniform(0, 2 * np.pi)), hides=True)
