"""A layout as Mitsuba's scene: meshes, surfaces, lamps and sky.

Textures are scaled by coordinates of meshes: each other scale would be code of its own to compile,
and compiling takes longer than loading.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import mitsuba
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from d2f.arrays import FloatImage
from d2f.train.raytraced.layout import Block, Layout, Light, Placed

__all__ = ["mitsuba_scene"]

GREY = (0.5, 0.5, 0.5)
RELIEF = 0.8  # of a texture that is put on a part of one colour
STEPS = np.arange(256, dtype=np.float32) / np.float32(255.0)
# Light of 8-bit sRGB codes, IEC 61966-2-1.
LINEAR = np.where(STEPS <= 0.04045, STEPS / 12.92, ((STEPS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)


def mitsuba_scene(layout: Layout) -> tuple[Any, list[int]]:
    """Mitsuba's scene, and which of its shapes are the subject."""
    parts: dict[str, Any] = {"type": "scene"}
    parts.update(lights(layout.light))
    subject = set()
    for number, thing in enumerate(layout.placed):
        for name, shape in shapes_of(thing, number):
            parts[name] = shape
            if thing.subject:
                subject.add(name)
    for number, block in enumerate(layout.blocks):
        parts[f"block{number}"] = shape_of(block, f"block{number}")
    scene = mitsuba.load_dict(parts)
    return scene, [number for number, shape in enumerate(scene.shapes()) if shape.id() in subject]


def lights(light: Light) -> Iterator[tuple[str, dict[str, Any]]]:
    """Panorama or sky, and lamps."""
    world = mitsuba.ScalarTransform4f()
    if light.panorama is None:
        yield "sky", {"type": "sunsky", "sun_direction": list(light.sun), "turbidity": 3.5}
    else:
        turned = world.rotate([0, 0, 1], light.turn_deg).rotate([1, 0, 0], 90)
        yield "sky", {"type": "envmap", "filename": light.panorama, "to_world": turned}
    for number, (x, y, z, side, radiance) in enumerate(light.lamps):
        yield (
            f"lamp{number}",
            {
                "type": "rectangle",
                "to_world": world.translate([x, y, z]).rotate([1, 0, 0], 180).scale(side / 2),
                "emitter": {"type": "area", "radiance": {"type": "rgb", "value": [radiance] * 3}},
            },
        )


def shapes_of(thing: Placed, number: int) -> Iterator[tuple[str, Any]]:
    """The meshes of a placed model."""
    to_world = (
        mitsuba.ScalarTransform4f()
        .translate(list(thing.at))
        .rotate([0, 0, 1], float(np.rad2deg(thing.turn_rad)))
        .scale(thing.scale * thing.model.scale)
    )
    for index, (part, skin) in enumerate(zip(thing.model.parts, thing.skins, strict=True)):
        colour: dict[str, Any] = {"type": "rgb", "value": list(part.colour or GREY)}
        if part.picture is not None:
            colour = bitmap(linear_picture(part.picture))
        elif skin is not None:
            colour = bitmap(tinted(linear_picture(skin.path), part.colour or GREY))
        opacity = None
        if part.alpha is not None:
            opacity = {"type": "bitmap", "filename": str(part.alpha), "raw": True}
        name = f"thing{number}_{index}"
        shape = mitsuba.load_dict(
            {
                "type": "ply",
                "id": name,
                "filename": str(part.ply),
                "to_world": to_world,
                "face_normals": part.flat,
                "bsdf": surface(colour, opacity),
            }
        )
        if skin is not None:
            values = mitsuba.traverse(shape)
            places = np.array(values["vertex_texcoords"]) * (thing.model.scale / skin.tile_m)
            values["vertex_texcoords"] = places
            values.update()
        yield name, shape


def shape_of(block: Block, name: str) -> Any:
    """A block as a mesh whose texture is measured in metres on each of its sides."""
    corners: list[NDArray[np.float64]] = []
    places: list[tuple[float, float]] = []
    faces: list[tuple[int, int, int]] = []
    half = np.array(block.size) / 2
    for axis in range(3):
        for side in (-1.0, 1.0):
            u, v = [other for other in range(3) if other != axis]
            first = len(corners)
            for step_u, step_v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                corner = np.zeros(3)
                corner[[axis, u, v]] = side * half[axis], step_u * half[u], step_v * half[v]
                corners.append(corner)
                places.append((corner[u] + 0.37 * side, -corner[v]))
            faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    cosine, sine = np.cos(block.turn_rad), np.sin(block.turn_rad)
    turned = np.array(corners) @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    turned += np.array(block.at) + np.array([0.0, 0.0, half[2]])
    picture = np.clip(linear_picture(block.texture.path) * np.float32(block.shade), 0.0, 0.9)
    tiled = np.array(places) / block.texture.tile_m
    properties = mitsuba.Properties()
    properties["bsdf"] = mitsuba.load_dict(surface(bitmap(picture)))
    properties["face_normals"] = True
    mesh = mitsuba.Mesh(name, len(corners), len(faces), has_vertex_texcoords=True, props=properties)
    values = mitsuba.traverse(mesh)
    values["vertex_positions"] = np.asarray(turned, np.float32).ravel()
    values["vertex_texcoords"] = np.asarray(tiled, np.float32).ravel()
    values["faces"] = np.asarray(faces, np.uint32).ravel()
    values.update()
    return mesh


def surface(colour: dict[str, Any], opacity: dict[str, Any] | None = None) -> dict[str, Any]:
    """A matt surface, seen from both sides, by chance with holes."""
    looks = {"type": "twosided", "inside": {"type": "diffuse", "reflectance": colour}}
    return looks if opacity is None else {"type": "mask", "opacity": opacity, "inside": looks}


def bitmap(picture: FloatImage) -> dict[str, Any]:
    """A texture of linear colours."""
    return {"type": "bitmap", "bitmap": mitsuba.Bitmap(picture), "raw": True}


@lru_cache(maxsize=256)
def linear_picture(path: Path) -> FloatImage:
    """Linear colours of an sRGB picture."""
    with Image.open(path) as image:
        codes = np.asarray(image.convert("RGB"))
    linear: FloatImage = LINEAR[codes]
    return linear


def tinted(picture: FloatImage, colour: tuple[float, float, float]) -> FloatImage:
    """A texture's relief in another colour."""
    grey = picture.mean(2, keepdims=True)
    relief = 1.0 + RELIEF * (grey / max(float(grey.mean()), 1e-3) - 1.0)
    own: FloatImage = np.clip(relief * np.array(colour, np.float32), 0.01, 0.9)
    return own.astype(np.float32)
