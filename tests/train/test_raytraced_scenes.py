"""Ray-traced scenes: their rays, their photo, the folder that they are written to."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2f.cli import app as command_line
from d2f.errors import MissingPartError, PhotoError
from d2f.train.raytraced.assets import CATEGORIES, KINDS, Assets, read_assets
from d2f.train.raytraced.developing import denoised, developed
from d2f.train.raytraced.layout import Block, Camera, Layout, Light, Placed
from d2f.train.scene_files import read_scenes

SIDE_M = 0.5
CAMERA = Camera(
    height_m=1.0, yaw_deg=4.0, pitch_deg=-6.0, roll_deg=3.0, focal_mm=35.0, columns=64, rows=48
)  # fmt: skip
DISTANCE_M = 3.0


@pytest.fixture(scope="module")
def assets(tmp_path_factory) -> Assets:
    """A cube of each kind, a texture of each category; the panorama is no more than a name."""
    folder = tmp_path_factory.mktemp("assets")
    write_pack(folder)
    return read_assets(folder, folder)


def write_pack(folder: Path) -> None:
    """Models, textures and the name of a panorama."""
    for kind in KINDS:
        model = folder / "models" / kind
        model.mkdir(parents=True)
        (model / "part0.ply").write_text(cube(SIDE_M), encoding="ascii")
        part = {"ply": "part0.ply", "uv": "box_m", "color": [0.6, 0.3, 0.2], "flat": True}
        about = {"name": kind, "kind": kind, "size_m": [SIDE_M] * 3, "licence": "CC0-1.0"}
        (model / "model.json").write_text(json.dumps({**about, "parts": [part]}), encoding="utf-8")
    (folder / "textures").mkdir()
    rows = ["file,category,tile_m,licence"]
    for category in CATEGORIES:
        Image.new("RGB", (8, 8), (120, 140, 90)).save(folder / "textures" / f"{category}.jpg")
        rows.append(f"{category}.jpg,{category},1.0,CC0-1.0")
    (folder / "textures" / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "pano_none.exr").touch()


def cube(side: float) -> str:
    """A cube on z = 0 as PLY with texture coordinates."""
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (0, 2)]
    lines = [" ".join(str(value * side / 2) for value in corner) + " 0 0" for corner in corners]
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [f"3 {a} {b} {c}\n3 {a} {c} {d}" for a, b, c, d in quads]
    head = ["ply", "format ascii 1.0", "element vertex 8"]
    head += [f"property float {name}" for name in ("x", "y", "z", "u", "v")]
    head += ["element face 12", "property list uchar int vertex_indices", "end_header"]
    return "\n".join([*head, *lines, *faces]) + "\n"


def cube_on_ground(assets: Assets) -> Layout:
    """One cube before us on endless ground below sky and sun."""
    (model,) = assets.named("toy")
    texture = assets.textured("stone")[0]
    return Layout(
        kind="standing outdoors",
        camera=CAMERA,
        light=Light(panorama=None, turn_deg=0.0, sun=(0.3, -0.5, 0.8)),
        placed=(
            Placed(
                model=model,
                at=(0.0, DISTANCE_M, 0.0),
                turn_rad=0.0,
                scale=1.0,
                skins=(texture,),
                subject=True,
            ),
        ),
        blocks=(Block(at=(0.0, 0.0, -1.0), size=(400.0, 400.0, 1.0), texture=texture),),
    )


def test_depth_and_subject_are_where_geometry_says(assets):
    """Ground, the cube's front and the sky, each pixel by its own ray; the photo shows them."""
    pytest.importorskip("mitsuba", reason="needs mitsuba: pip install d2f[scenes]")
    from d2f.train.raytraced.making import scene_of
    from d2f.train.raytraced.rendering import choose_variant, trace

    choose_variant()
    layout = cube_on_ground(assets)
    traced = trace(layout, samples=1, seed=0)
    columns, rows = np.meshgrid(np.arange(64) + 0.5, np.arange(48) + 0.5)
    right, up, ahead = CAMERA.axes()
    ways = ahead + ((columns - 32)[..., None] * right - (rows - 24)[..., None] * up) / (
        CAMERA.focal_px
    )
    far = ways[..., 2] > 0.0
    assert (traced.depth[far] == 0).all()
    ground = (traced.subject == 0) & (ways[..., 2] < -0.02)
    np.testing.assert_allclose(traced.depth[ground], -1.0 / ways[..., 2][ground], rtol=1e-3)
    front = DISTANCE_M - SIDE_M / 2
    foot, head = CAMERA.seen_at([(0.0, front, 0.02), (0.0, front, SIDE_M - 0.02)])
    for column, row, depth in (foot, head):
        assert traced.subject[int(row), int(column)] == 255
        assert traced.depth[int(row), int(column)] == pytest.approx(depth, rel=0.02)
    assert set(np.unique(traced.subject)) - {0, 255}  # outlines are anti-aliased
    scene = scene_of("one", layout, traced)
    assert scene.has_subject
    assert scene.photo.shape == (48, 64, 3)
    assert scene.photo.std() > 5
    assert 0 < scene.disparity[far].max() < 1e-4
    assert scene.disparity.max() == 1.0


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    """Before anything is traced."""
    pytest.importorskip("mitsuba", reason="needs mitsuba: pip install d2f[scenes]")
    from d2f.train.raytraced import making

    monkeypatch.setattr(making, "read_assets", lambda *_: None)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(PhotoError, match="scenes cannot be made: Not a directory"):
        making.make_scenes(tmp_path, tmp_path, tmp_path / "file" / "scenes", count=1, seed=0)


def test_scenes_are_made_once_and_go_on_where_they_broke_off(assets, tmp_path, monkeypatch):
    """What is written stays, what is missing is made, and the index tells of it."""
    pytest.importorskip("mitsuba", reason="needs mitsuba: pip install d2f[scenes]")
    from d2f.train.raytraced import making
    from d2f.train.raytraced.rendering import Traced

    def traced(layout: Layout, *, samples: int, seed: int) -> Traced:
        shape = layout.camera.rows, layout.camera.columns
        light = np.random.default_rng(seed).uniform(0.1, 1.0, (*shape, 3)).astype(np.float32)
        return Traced(
            light=light, albedo=light, normal=light, depth=light[..., 0],
            subject=np.full(shape, 255, np.uint8),
        )  # fmt: skip

    monkeypatch.setattr(making, "trace", traced)
    monkeypatch.setattr(making, "choose_variant", lambda: None)
    folder = assets.models[0].parts[0].ply.parents[2]
    told: list[str] = []
    out = tmp_path / "scenes"

    def make(count: int) -> int:
        return making.make_scenes(folder, folder, out, count=count, seed=3, told=told.append)

    assert make(2) == 2
    before = (out / "s3_00000.jpg").read_bytes()
    (out / "s3_00001.jpg").unlink()
    assert make(3) == 2
    assert told == ["s3_00000", "s3_00001", "s3_00001", "s3_00002"]
    assert (out / "s3_00000.jpg").read_bytes() == before
    scenes = read_scenes(out)
    assert [scene.name for scene in scenes] == ["s3_00000", "s3_00001", "s3_00002"]
    assert all(scene.photo.shape[:2] == scene.disparity.shape for scene in scenes)
    with (out / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["seed"] for row in rows} == {"3"}
    assert all("CC0-1.0" in row["licences"] for row in rows)


@pytest.mark.parametrize("row", ["stone.jpg,stone,wide,CC0-1.0", "stone.jpg,stone"])
def test_a_texture_without_its_size_is_told(tmp_path, row):
    """The message names the table and what a row must have."""
    write_pack(tmp_path)
    index = tmp_path / "textures" / "index.csv"
    index.write_text(f"file,category,tile_m,licence\n{row}\n", encoding="utf-8")
    with pytest.raises(PhotoError, match=r"index\.csv is no table of textures .* tile_m and"):
        read_assets(tmp_path, tmp_path)


def test_a_ray_tracer_that_does_not_run_is_told(monkeypatch):
    """Rather than failing at the first scene."""
    pytest.importorskip("mitsuba", reason="needs mitsuba: pip install d2f[scenes]")
    from d2f.train.raytraced import rendering

    monkeypatch.setattr(rendering, "FASTEST_VARIANTS", ("no_such_variant",))
    with pytest.raises(MissingPartError, match=r"no_such_variant: reinstall it"):
        rendering.choose_variant()


def test_the_command_says_how_to_get_the_ray_tracer(tmp_path, monkeypatch, capsys):
    """One sentence, exit code 3."""
    for name in ("making", "rendering"):
        monkeypatch.delitem(sys.modules, f"d2f.train.raytraced.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "drjit", None)
    command = ["d2f", "train", "scenes", "--assets", ".", "--hdr", ".", "-o", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    assert stopped.value.code == 3
    assert 'pip install "d2f[scenes]"' in capsys.readouterr().err


def test_noise_goes_and_edges_stay():
    """Of two surfaces at different depths: a tenth of the noise, colours and border as before."""
    rng = np.random.default_rng(0)
    rows, columns = 48, 64
    right = np.arange(columns) >= columns // 2
    depth = np.broadcast_to(np.where(right, 5.0, 2.0), (rows, columns)).astype(np.float32)
    albedo = np.empty((rows, columns, 3), np.float32)
    albedo[:] = np.where(right[:, None], [0.2, 0.4, 0.6], [0.7, 0.5, 0.3])
    normal = np.zeros((rows, columns, 3), np.float32)
    normal[..., 2] = 1.0
    clean = albedo * np.where(right, 0.5, 2.0)[:, None]
    noise = rng.gamma(4.0, 0.25, (rows, columns, 1))
    calm = denoised((clean * noise).astype(np.float32), albedo, normal, depth)
    error = np.abs(calm / clean - 1.0)
    assert error.mean() < 0.12 * np.abs(noise - 1.0).mean() + 0.02
    middle = slice(columns // 2 - 2, columns // 2 + 2)
    assert error[:, middle].mean() < 0.2


def test_the_median_is_a_medium_grey_and_nothing_is_lost_in_white():
    """Whatever the unit of light; highlights keep their order."""
    ramp = np.repeat(np.geomspace(0.01, 3.0, 101, dtype=np.float32)[None, :, None], 3, axis=2)
    codes = developed(ramp, 1.0)
    np.testing.assert_array_equal(codes, developed(1000.0 * ramp, 1.0))
    assert 95 <= codes[0, 50, 0] <= 130
    assert (np.diff(codes[0, :, 0].astype(int)) >= 0).all()
