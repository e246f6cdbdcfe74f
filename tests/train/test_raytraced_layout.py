"""Ray-traced scenes: how they are laid out, which no ray tracer is needed for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from d2f.errors import PhotoError
from d2f.train.raytraced.assets import CATEGORIES, KINDS, Assets, Model, Part, Texture, read_assets
from d2f.train.raytraced.compositions import lay_out
from d2f.train.raytraced.layout import Block, Bounds, Layout

SCENES = range(60)
SIZES = {
    "animal": [(0.2, 0.5, 0.4), (0.6, 2.2, 1.6), (0.2, 0.18, 0.08)],
    "architecture": [(0.4, 0.4, 0.9), (2.4, 0.1, 1.0), (10.0, 8.0, 6.0)],
    "food": [(0.08, 0.08, 0.08), (0.2, 0.1, 0.15)],
    "furniture": [(0.5, 0.5, 0.9), (2.0, 0.9, 0.9), (1.3, 0.7, 0.4)],
    "person": [(0.5, 0.4, 1.7), (0.9, 0.4, 1.8)],
    "plant": [(0.3, 0.3, 0.4), (0.8, 0.8, 1.2), (4.0, 4.0, 6.0)],
    "tool": [(0.1, 0.1, 0.2), (0.4, 0.6, 0.8)],
    "toy": [(0.3, 0.2, 0.4), (0.1, 0.3, 0.15)],
    "vehicle": [(1.8, 4.0, 1.5), (0.6, 1.7, 1.1)],
}


@pytest.fixture(scope="module")
def assets() -> Assets:
    """A few models of each kind that have sizes but no files."""
    part = Part(
        ply=Path("a.ply"), picture=None, colour=(0.5, 0.5, 0.5), alpha=None, tileable=True,
        flat=True,
    )  # fmt: skip
    models = tuple(
        Model(
            name=f"{kind}{index}",
            kind=kind,
            size_m=size,
            scale=1.0,
            licence="CC0-1.0",
            parts=(part,),
        )
        for kind in KINDS
        for index, size in enumerate(SIZES[kind])
    )
    textures = tuple(
        Texture(path=Path(f"{name}.jpg"), category=name, tile_m=1.0, licence="CC0-1.0")
        for name in CATEGORIES
    )
    return Assets(
        models=models,
        textures=textures,
        outdoor_panoramas=(Path("pano_park.exr"),),
        indoor_panoramas=(Path("pano_studio.exr"),),
    )


@pytest.fixture(scope="module")
def layouts(assets) -> list[Layout]:
    """The first scenes of a seed."""
    return [lay_out(assets, 7, index) for index in SCENES]


def test_a_scene_depends_on_seed_and_number_alone(assets, layouts):
    """Made again, alone and in another order, it is the same; other seeds make others."""
    for index in (31, 4):
        assert lay_out(assets, 7, index) == layouts[index]
    assert lay_out(assets, 8, 4) != layouts[4]


def test_about_half_of_the_scenes_have_a_subject(layouts):
    """Six in ten are meant to; some find no room for it."""
    share = np.mean([layout.subject is not None for layout in layouts])
    assert 0.4 <= share <= 0.75


def test_there_is_every_kind_of_view(layouts):
    """Rooms and streets, close-ups, looks up and down."""
    words = {word for layout in layouts for word in layout.kind.split()}
    assert words == {"close-up", "standing", "view", "up", "down", "indoors", "outdoors"}


def test_nothing_floats(layouts):
    """The foot of each thing is the ground, the top of a block, or of another thing."""
    for layout in layouts:
        for thing in layout.placed:
            height = thing.at[2]
            below = [block.bounds() for block in layout.blocks]
            below += [other.bounds() for other in layout.placed if other is not thing]
            foot = Bounds(low=thing.bounds().low, high=(*thing.bounds().high[:2], height))
            assert height == 0.0 or any(
                abs(box.high[2] - height) < 1e-6 and box.meets(foot, 1e-3) for box in below
            ), thing


def test_a_subject_is_in_view_and_stands_on_something_wide_enough(layouts):
    """Its middle is in the picture; on a table, it stands on the board."""
    for layout in layouts:
        subject = layout.subject
        if subject is None:
            continue
        x, y, z = subject.at
        middle = (x, y, z + subject.model.size_m[2] * subject.scale / 2)
        column, row, depth = layout.camera.seen_at([middle])[0]
        assert depth > 0
        assert 0 <= column <= layout.camera.columns
        assert -0.1 * layout.camera.rows <= row <= 1.1 * layout.camera.rows
        if z > 0:
            assert any(
                abs(block.bounds().high[2] - z) < 1e-6 and block.bounds().holds((x, y, z), 1e-3)
                for block in layout.blocks
            )


def test_the_camera_is_outside_of_all_things(layouts):
    """Neither within a model's box nor within a wall or board."""
    for layout in layouts:
        eye = (0.0, 0.0, layout.camera.height_m)
        assert not any(thing.bounds().holds(eye) for thing in layout.placed)
        assert not any(block.bounds().holds(eye) for block in layout.blocks)


def test_things_do_not_run_into_each_other(layouts):
    """Their boxes, of trees the trunks', are apart but for a centimetre."""
    for layout in layouts:
        boxes = [thing.footprint() for thing in layout.placed]
        for index, box in enumerate(boxes):
            assert not any(box.meets(other, -0.011) for other in boxes[:index])


def test_the_camera_sees_what_is_ahead_in_the_middle(layouts):
    """Its axes are at right angles, right-handed, and project the axis to the centre."""
    for layout in layouts:
        axes = layout.camera.axes()
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)
        np.testing.assert_allclose(np.cross(axes[0], axes[1]), -axes[2], atol=1e-6)
        point = 3.0 * axes[2] + [0.0, 0.0, layout.camera.height_m]
        column, row, depth = layout.camera.seen_at([tuple(point)])[0]
        size = np.array([layout.camera.columns, layout.camera.rows])
        np.testing.assert_allclose([column, row], size / 2, atol=1e-3)
        assert depth == pytest.approx(3.0, rel=1e-5)


def test_a_turned_block_has_a_wider_box():
    """Half a right angle makes a square's box wider by the root of two."""
    texture = Texture(path=Path("a.jpg"), category="wood", tile_m=1.0, licence="CC0-1.0")
    block = Block(at=(1.0, 2.0, 0.5), size=(1.0, 1.0, 0.1), texture=texture, turn_rad=np.pi / 4)
    half = np.sqrt(2.0) / 2
    np.testing.assert_allclose(block.bounds().low, (1.0 - half, 2.0 - half, 0.5))
    np.testing.assert_allclose(block.bounds().high, (1.0 + half, 2.0 + half, 0.6))


def test_a_folder_without_models_is_named(tmp_path):
    """The message says what is missing there."""
    with pytest.raises(PhotoError, match=r"has no models/NAME/model\.json"):
        read_assets(tmp_path, tmp_path)
