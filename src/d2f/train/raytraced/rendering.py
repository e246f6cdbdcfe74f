"""Mitsuba 3 traces a layout: light with what guides the denoiser, and exact depth.

In: a layout. Out: linear light, colour, normal, and, from one ray through each pixel's centre,
depth along the camera's axis; the subject's coverage from 3 x 3 rays per pixel.
"""

from dataclasses import dataclass
from typing import Any

import drjit
import mitsuba
import numpy as np

from d2f.arrays import ByteImage, FloatImage
from d2f.errors import MissingPartError
from d2f.train.raytraced.layout import Camera, Layout
from d2f.train.raytraced.shapes import mitsuba_scene

__all__ = ["Traced", "choose_variant", "trace"]

FASTEST_VARIANTS = ("llvm_ad_rgb", "scalar_rgb")
BOUNCES = 4
SUBPIXELS = 3
MOST_LAYERS = 12  # leaves and hair that a ray passes through


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
    """Use LLVM where it is installed, else plain code, which is slower.

    Raises
    ------
    MissingPartError
        If Mitsuba runs in neither way.
    """
    for variant in FASTEST_VARIANTS:
        try:
            mitsuba.set_variant(variant)
            drjit.eval(mitsuba.Float(0.0) + 1.0)
            return
        except Exception:  # told in many ways, from a missing variant to a missing library
            continue
    raise MissingPartError(
        f"mitsuba runs in none of the ways {', '.join(FASTEST_VARIANTS)}: reinstall it, "
        'pip install --force-reinstall "d2f[scenes]".'
    )


def trace(layout: Layout, *, samples: int, seed: int) -> Traced:
    """Trace a layout with a number of paths per pixel."""
    scene, subject_shapes = mitsuba_scene(layout)
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
    depth, coverage = depth_and_coverage(scene, camera, subject_shapes)
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
    eye = np.array([0.0, 0.0, camera.height_m])
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


def depth_and_coverage(
    scene: Any, camera: Camera, subject: list[int]
) -> tuple[FloatImage, ByteImage]:
    """Depth at the pixels' centres and the subject's coverage."""
    rows, columns, steps = camera.rows, camera.columns, SUBPIXELS if subject else 1
    y = (np.arange(rows * steps, dtype=np.float32) + 0.5) / steps - rows / 2
    x = (np.arange(columns * steps, dtype=np.float32) + 0.5) / steps - columns / 2
    across, down = np.meshgrid(x / camera.focal_px, y / camera.focal_px)
    right, up, ahead = camera.axes()
    ways = ahead + across[..., None] * right - down[..., None] * up
    depth, shape = first_hits(scene, ways.reshape(-1, 3).astype(np.float32), camera.height_m)
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
