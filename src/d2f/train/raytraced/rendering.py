"""Mitsuba 3 traces a layout: light with what guides the denoiser, and exact depth.

In: a layout. Out: linear light, colour, normal, and, from one ray through each pixel's centre,
depth along the camera's axis; the subject's coverage from 3 x 3 rays per pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import drjit
import mitsuba
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from d2f.arrays import ByteImage, FloatImage
from d2f.train.raytraced.layout import Block, Camera, Layout, Light, Placed

__all__ = ["Traced", "choose_variant", "trace"]

FASTEST_VARIANTS = ("llvm_ad_rgb", "scalar_rgb")
BOUNCES = 5
SUBPIXELS = 3
MOST_LAYERS = 12  # leaves and hair that a ray passes through
GREY = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """Linear light, albedo and normal (H x W x 3), depth in metres (H x W, 0 = sky), coverage.

    subject: H x W, 0..255.
    """

    light: FloatImage
    albedo: FloatImage
    normal: FloatImage
    depth: FloatImage
    subject: ByteImage


def choose_variant() -> None:
    """Use LLVM where it is installed, else plain code, which is slower."""
    for variant in FASTEST_VARIANTS:
        try:
            mitsuba.set_variant(variant)
            drjit.eval(mitsuba.Float(0.0) + 1.0)
            return
        except Exception:  # told in many ways, from a missing variant to a missing library
            continue


def trace(layout: Layout, *, samples: int, seed: int) -> Traced:
    """Trace a layout with a number of paths per pixel."""
    scene, subject_shapes = scene_of(layout)
    camera = layout.camera
    rows, columns = camera.rows, camera.columns
    sensor = mitsuba.load_dict(sensor_of(camera))
    # An "aov" around a "path" traces everything twice; the same seed gives both the same rays.
    light, guides = (
        np.asarray(
            mitsuba.load_dict(integrator).render(scene, sensor, seed=seed, spp=samples),
            dtype=np.float32,
        ).reshape(rows, columns, -1)
        for integrator in (
            {"type": "path", "max_depth": BOUNCES},
            {"type": "aov", "aovs": "albedo:albedo,normal:sh_normal"},
        )
    )
    depth, coverage = cast(scene, camera, subject_shapes)
    return Traced(
        light=light,
        albedo=np.ascontiguousarray(guides[..., -6:-3]),
        normal=np.ascontiguousarray(guides[..., -3:]),
        depth=depth,
        subject=coverage,
    )


def sensor_of(camera: Camera) -> dict[str, Any]:
    """Mitsuba's description of the camera."""
    _, up, ahead = camera.axes().astype(float)
    eye = np.array([0.0, 0.0, camera.height])
    return {
        "type": "perspective",
        "fov_axis": "x",
        "fov": float(2 * np.rad2deg(np.arctan(camera.half_view[0]))),
        "near_clip": 0.01,
        "far_clip": 2000.0,
        "to_world": mitsuba.ScalarTransform4f().look_at(
            origin=list(eye), target=list(eye + ahead), up=list(up)
        ),
        "film": {
            "type": "hdrfilm",
            "width": camera.columns,
            "height": camera.rows,
            "pixel_format": "rgb",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "independent"},
    }


def scene_of(layout: Layout) -> tuple[Any, list[int]]:
    """Mitsuba's scene, and which of its shapes are the subject."""
    parts: dict[str, Any] = {"type": "scene"}
    parts.update(lights(layout.light))
    subject = []
    for number, thing in enumerate(layout.placed):
        for name, shape in shapes_of(thing, number):
            parts[name] = shape
            if thing.subject:
                subject.append(name)
    for number, block in enumerate(layout.blocks):
        parts[f"block{number}"] = mesh_of(block, f"block{number}")
    scene = mitsuba.load_dict(parts)
    return scene, [
        number for number, shape in enumerate(scene.shapes()) if shape.id() in set(subject)
    ]


def lights(light: Light) -> Iterator[tuple[str, dict[str, Any]]]:
    """Panorama or sky, and lamps."""
    world = mitsuba.ScalarTransform4f()
    if light.panorama is None:
        yield "sky", {"type": "sunsky", "sun_direction": list(light.sun), "turbidity": 3.5}
    else:
        turned = world.rotate([0, 0, 1], light.turn).rotate([1, 0, 0], 90)
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


def shapes_of(thing: Placed, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The meshes of a placed model."""
    to_world = (
        mitsuba.ScalarTransform4f()
        .translate(list(thing.at))
        .rotate([0, 0, 1], float(np.rad2deg(thing.turn)))
        .scale(thing.scale * thing.model.scale)
    )
    for index, (part, skin) in enumerate(zip(thing.model.parts, thing.skins, strict=True)):
        if part.picture is not None:
            colour = bitmap(linear_picture(part.picture))
        elif skin is not None:
            tinted = tint(linear_picture(skin.path), part.colour or GREY, 0.8)
            colour = bitmap(tinted, tile_m=skin.tile_m / thing.model.scale)
        else:
            colour = {"type": "rgb", "value": list(part.colour or GREY)}
        surface: dict[str, Any] = {
            "type": "twosided",
            "inside": {"type": "diffuse", "reflectance": colour},
        }
        if part.alpha is not None:
            opacity = {"type": "bitmap", "filename": str(part.alpha), "raw": True}
            surface = {"type": "mask", "opacity": opacity, "inside": surface}
        yield (
            f"thing{number}_{index}",
            {
                "type": "ply",
                "filename": str(part.ply),
                "to_world": to_world,
                "face_normals": part.flat,
                "bsdf": surface,
            },
        )


def mesh_of(block: Block, name: str) -> Any:
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
                corner[axis], corner[u], corner[v] = (
                    side * half[axis], step_u * half[u], step_v * half[v],
                )  # fmt: skip
                corners.append(corner)
                places.append((corner[u] + 0.37 * side, -corner[v]))
            faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    cosine, sine = np.cos(block.turn), np.sin(block.turn)
    turned = np.array(corners) @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    turned += np.array(block.at) + np.array([0.0, 0.0, half[2]])
    picture = np.clip(linear_picture(block.texture.path) * np.float32(block.shade), 0.0, 0.9)
    properties = mitsuba.Properties()
    properties["bsdf"] = mitsuba.load_dict(
        {
            "type": "twosided",
            "inside": {
                "type": "diffuse",
                "reflectance": bitmap(picture, tile_m=block.texture.tile_m),
            },
        }
    )
    mesh = mitsuba.Mesh(name, 24, 12, has_vertex_texcoords=True, props=properties)
    values = mitsuba.traverse(mesh)
    values["vertex_positions"] = np.asarray(turned, np.float32).ravel()
    values["vertex_texcoords"] = np.asarray(places, np.float32).ravel()
    values["faces"] = np.asarray(faces, np.uint32).ravel()
    values.update()
    return mesh


def bitmap(picture: FloatImage, *, tile_m: float | None = None) -> dict[str, Any]:
    """A texture of linear colours; ``tile_m``: its side where coordinates are metres."""
    texture: dict[str, Any] = {"type": "bitmap", "bitmap": mitsuba.Bitmap(picture), "raw": True}
    if tile_m is not None:
        texture["to_uv"] = mitsuba.ScalarTransform3f().scale([1 / tile_m, 1 / tile_m])
    return texture


@lru_cache(maxsize=512)
def linear_picture(path: Path) -> FloatImage:
    """Linear colours of an sRGB picture."""
    with Image.open(path) as image:
        codes = np.asarray(image.convert("RGB"))
    linear: FloatImage = LINEAR[codes]
    return linear


STEPS = np.arange(256, dtype=np.float32) / np.float32(255.0)
LINEAR = np.where(STEPS <= 0.04045, STEPS / 12.92, ((STEPS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)


def tint(picture: FloatImage, colour: tuple[float, float, float], strength: float) -> FloatImage:
    """A texture's relief in another colour."""
    grey = picture.mean(2, keepdims=True)
    relief = 1.0 + strength * (grey / max(float(grey.mean()), 1e-3) - 1.0)
    tinted: FloatImage = np.clip(relief * np.array(colour, np.float32), 0.01, 0.9)
    return tinted.astype(np.float32)


def cast(scene: Any, camera: Camera, subject: list[int]) -> tuple[FloatImage, ByteImage]:
    """Depth at the pixels' centres and the subject's coverage."""
    rows, columns, steps = camera.rows, camera.columns, SUBPIXELS if subject else 1
    y = (np.arange(rows * steps, dtype=np.float32) + 0.5) / steps - rows / 2
    x = (np.arange(columns * steps, dtype=np.float32) + 0.5) / steps - columns / 2
    across, down = np.meshgrid(x / camera.focal_px, y / camera.focal_px)
    right, up, ahead = camera.axes()
    ways = ahead + across[..., None] * right - down[..., None] * up
    depth, shape = first_hits(scene, ways.reshape(-1, 3).astype(np.float32), camera.height)
    depth, shape = depth.reshape(across.shape), shape.reshape(across.shape)
    middle = slice(steps // 2, None, steps)
    seen = np.isin(shape, subject).astype(np.float32)
    coverage = seen.reshape(rows, steps, columns, steps).mean((1, 3)) * 255.0
    return np.ascontiguousarray(depth[middle, middle]), np.rint(coverage).astype(np.uint8)


def first_hits(scene: Any, ways: FloatImage, height: float) -> tuple[FloatImage, FloatImage]:
    """What N rays from the camera meet first, holes in leaves left out.

    Returns depth (in lengths of each way; 0 = nothing) and number of the shape (-1 = nothing).
    """
    lengths = np.linalg.norm(ways, axis=1).astype(np.float32)
    units = ways / lengths[:, None]
    eye, start = np.array([0.0, 0.0, height], np.float32), np.zeros(len(ways), np.float32)
    depth, number = np.zeros(len(ways), np.float32), np.full(len(ways), -1.0, np.float32)
    active = np.arange(len(ways))
    for _ in range(MOST_LAYERS):
        ways_on = units[active]
        origins = eye + ways_on * start[active, None]
        ray = mitsuba.Ray3f(mitsuba.Point3f(*origins.T), mitsuba.Vector3f(*ways_on.T))
        hit = scene.ray_intersect(ray)
        clear = drjit.mean(hit.bsdf().eval_null_transmission(hit, hit.is_valid()))
        valid = np.array(hit.is_valid())
        travelled = start[active] + np.where(valid, np.array(hit.t), 0.0)
        solid = valid & (np.array(clear) < 0.5)
        shapes = numbers_of(scene, hit.shape)
        depth[active[solid]] = travelled[solid] / lengths[active[solid]]
        number[active[solid]] = shapes[solid]
        going_on = valid & ~solid
        start[active[going_on]] = travelled[going_on] + 1e-3
        active = active[going_on]
        if not active.size:
            break
    return depth, number


def numbers_of(scene: Any, shapes: Any) -> FloatImage:
    """Place in the scene's list of each shape that was hit."""
    found = np.array(drjit.reinterpret_array(mitsuba.UInt32, shapes))
    known = [
        int(np.array(drjit.reinterpret_array(mitsuba.UInt32, mitsuba.ShapePtr(shape)))[0])
        for shape in scene.shapes()
    ]
    order = np.full(max(*known, int(found.max(initial=0))) + 1, -1.0, np.float32)
    order[known] = np.arange(len(known))
    numbers: FloatImage = order[found]
    return numbers
