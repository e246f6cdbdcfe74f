"""Scene after scene into a folder, each by its own number."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np

from d2f.arrays import FloatImage
from d2f.measures.collection import LARGEST_CODE
from d2f.train.out_folder import make_out_folder
from d2f.train.raytraced.assets import read_assets
from d2f.train.raytraced.compositions import lay_out
from d2f.train.raytraced.developing import denoised, developed
from d2f.train.raytraced.layout import Layout
from d2f.train.raytraced.rendering import Traced, choose_variant, trace
from d2f.train.scene_files import RayTracedScene, write_scene, written_names

__all__ = ["disparity_of", "make_scenes"]

SAMPLES = 9  # paths per pixel
LEAST_COVERED = 0.004  # share of the picture below which nothing is its subject
LEAST_SHOWN = 0.07  # share of its frame below which a subject is hidden by others


def make_scenes(
    assets: Path,
    hdr: Path,
    out: Path,
    *,
    count: int,
    seed: int,
    told: Callable[[str], None] = lambda name: None,
) -> int:
    """Make the scenes 0..count-1 of a seed, but for those that lie in ``out``; returns how many.

    Parameters
    ----------
    assets, hdr : Path
        Models and textures, and panoramas (`d2f.train.raytraced.assets`).
    out : Path
        Folder for pictures and index.csv (`d2f.train.scene_files`); made where it is missing.
    count, seed : int
        A scene depends on its seed, its number and the assets, on nothing else.
    told : callable, optional
        Hears the name of each scene that is written.

    Raises
    ------
    PhotoError
        If models, textures or panoramas are missing, or ``out`` cannot be made or written.
    """
    things = read_assets(assets, hdr)
    make_out_folder(out)
    done = written_names(out)
    choose_variant()
    made = 0
    for index in range(count):
        name = f"s{seed}_{index:05d}"
        if name in done:
            continue
        layout = lay_out(things, seed, index)
        traced = trace(layout, samples=SAMPLES, seed=index)
        write_scene(out, scene_of(name, layout, traced), about(layout, seed))
        told(name)
        made += 1
    return made


def scene_of(name: str, layout: Layout, traced: Traced) -> RayTracedScene:
    """A traced layout as what is written."""
    light = denoised(traced.light, traced.albedo, traced.normal, traced.depth)
    clear = is_clear(layout, traced)
    return RayTracedScene(
        name=name,
        photo=developed(light, layout.light.exposure),
        disparity=disparity_of(traced.depth),
        subject=traced.subject if clear else np.zeros_like(traced.subject),
        has_subject=clear,
    )


def is_clear(layout: Layout, traced: Traced) -> bool:
    """Whether there is a subject of some size, most of which is not behind other things."""
    if layout.subject is None:
        return False
    box = layout.subject.bounds()
    corners = [(x, y, z) for x, y, z in product(*zip(box.low, box.high, strict=True))]
    places = layout.camera.seen_at(corners)[:, :2]
    size = np.array([layout.camera.columns, layout.camera.rows])
    wide, high = np.clip(places.max(0), 0, size) - np.clip(places.min(0), 0, size)
    covered = float(traced.subject.sum()) / 255.0
    return covered >= max(LEAST_COVERED * traced.subject.size, LEAST_SHOWN * float(wide * high))


def disparity_of(depth: FloatImage) -> FloatImage:
    """Inverse depth, 1 for the nearest thousandth of the picture; sky is far, not unknown."""
    inverse = np.zeros_like(depth)
    np.divide(1.0, depth, out=inverse, where=depth > 0)
    nearest = max(float(np.quantile(inverse, 0.999)), 1e-6)
    relative: FloatImage = np.clip(inverse / nearest, 1.0 / LARGEST_CODE, 1.0)
    return relative.astype(np.float32)


def about(layout: Layout, seed: int) -> dict[str, str]:
    """What index.csv says of a scene."""
    skins = [skin for thing in layout.placed for skin in thing.skins if skin is not None]
    textures = skins + [block.texture for block in layout.blocks]
    panorama = layout.light.panorama
    names = {thing.model.name for thing in layout.placed}
    names |= {texture.path.stem for texture in textures}
    licences = {thing.model.licence for thing in layout.placed}
    licences |= {texture.licence for texture in textures}
    if panorama is not None:
        names.add(Path(panorama).stem)
        licences.add("CC0 (panorama)")
    return {
        "seed": str(seed),
        "kind": layout.kind,
        "subject": layout.subject.model.name if layout.subject else "",
        "assets": " ".join(sorted(names)),
        "licences": "; ".join(sorted(licences)),
    }
