"""What training draws: photos read and split, views, synthetic scenes, outline pairs."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import PhotoError
from d2f.train.augment import View, blurred_beyond, jittered, random_view
from d2f.train.data import pair_weight, read_mask, read_photos
from d2f.train.planes import looked_up, painted_room, random_room
from d2f.train.synthetic import SceneMaker


def test_the_two_sides_of_the_split_share_no_scene(photo_folder):
    """Every photo is on exactly one side."""
    training = read_photos(photo_folder, validation=False)
    validation = read_photos(photo_folder, validation=True)
    names = [pair.name for side in (training, validation) for pair in side.pairs]
    assert len(names) == len(set(names)) == 24
    assert len(training.pairs) > len(validation.pairs) > 0


def test_a_folder_without_photos_is_refused(tmp_path):
    """The message says what the folder should hold."""
    with pytest.raises(PhotoError, match="holds depth/ and masks/"):
        read_photos(tmp_path, validation=False)


def test_an_index_without_scenes_is_refused(tmp_path):
    """The message names file and column: photos that cannot be split must not be trained on."""
    (tmp_path / "depth").mkdir()
    (tmp_path / "depth" / "index.csv").write_text("name,kind,scaling\na,b,c\n", encoding="utf-8")
    with pytest.raises(PhotoError, match=r"index\.csv has no column 'scene'"):
        read_photos(tmp_path, validation=False)


def test_a_photo_that_the_index_tells_of_must_be_there(tmp_path):
    """The message names the file and what to do."""
    (tmp_path / "masks").mkdir()
    rows = [f"a{number},scene{number}" for number in range(40)]
    text = "\n".join(["name,original_name", *rows]) + "\n"
    (tmp_path / "masks" / "index.csv").write_text(text, encoding="utf-8")
    with pytest.raises(PhotoError, match=r"\.jpg cannot be read: .*leave it out or replace it"):
        read_photos(tmp_path, validation=False)


def test_a_ratio_that_is_no_number_is_told(photo_folder):
    """The message names the table and the photo."""
    row = {"name": "made_0", "sharp_in_over_out": "sharp"}
    with pytest.raises(PhotoError, match=r"index\.csv has 'sharp' as sharp_in_over_out of made_0"):
        read_mask(photo_folder / "masks", row)


def test_weak_truth_weighs_less():
    """Sensors count fully, other networks' opinions less, soft video frames least."""
    assert pair_weight("osd_1", pseudo=False) == 1.0
    assert pair_weight("primedepth_1", pseudo=True) == 0.5
    assert pair_weight("kitti00_000112", pseudo=True) < 0.5


def test_the_whole_view_is_the_photo():
    """A view of everything, unturned, gives the photo back, and the map beside it."""
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    disparity = rng.random((32, 32), dtype=np.float32)
    view = View(matrix=(32.0, 0.0, 0.0, 0.0, 32.0, 0.0))
    np.testing.assert_array_equal(view.photo(photo, 32), photo)
    np.testing.assert_array_equal(view.disparity(disparity, 32), disparity)


def test_views_stay_inside_the_photo():
    """No corner of a white photo turns black, however it is cropped and turned."""
    rng = np.random.default_rng(1)
    white = np.full((90, 130, 3), 255, np.uint8)
    for _ in range(50):
        assert random_view(rng, 90, 130).photo(white, 48)[1:-1, 1:-1].min() == 255


def test_photo_and_maps_see_the_same_place():
    """A bright half is bright in the photo, near in the map and inside the mask."""
    rng = np.random.default_rng(2)
    mask = np.zeros((80, 120), np.uint8)
    mask[:, 60:] = 255
    photo, disparity = np.repeat(mask[..., None], 3, 2), (mask / 255 + 0.5).astype(np.float32)
    for _ in range(20):
        view = random_view(rng, 80, 120)
        seen, near, inside = (
            view.photo(photo, 64),
            view.disparity(disparity, 32),
            view.mask(mask, 32),
        )
        bright = seen[1::2, 1::2, 0] > 128
        assert (bright != (near > 1)).mean() < 0.05
        assert (bright != (inside > 0.5)).mean() < 0.05


def test_colours_change_but_the_picture_stays(photo_srgb):
    """Another light, the same shapes: the jittered photo correlates with the original."""
    rng = np.random.default_rng(3)
    changed = [jittered(rng, photo_srgb) for _ in range(10)]
    assert any((one != photo_srgb).any() for one in changed)
    for one in changed:
        assert one.shape == photo_srgb.shape
        assert np.corrcoef(one.ravel(), photo_srgb.ravel())[0, 1] > 0.8


def test_what_is_sharp_does_not_glow_into_what_is_blurred():
    """A white subject is kept to the pixel; the black background around it stays black."""
    kept = np.zeros((48, 64), np.float32)
    kept[12:36, 16:48] = 1.0
    photo = np.repeat((kept * 255).astype(np.uint8)[..., None], 3, 2)
    seen = blurred_beyond(np.random.default_rng(0), photo, kept)
    np.testing.assert_array_equal(seen, photo)


def test_beyond_the_kept_part_detail_is_lost():
    """A checkerboard becomes grey outside, and stays what it is inside."""
    photo = np.where(np.indices((96, 96)).sum(0) % 2, 255, 0).astype(np.uint8)[..., None]
    photo = photo.repeat(3, 2)
    kept = np.zeros((96, 96), np.float32)
    kept[:, :48] = 1.0
    seen = blurred_beyond(np.random.default_rng(1), photo, kept)
    np.testing.assert_array_equal(seen[:, :48], photo[:, :48])
    assert seen[:, 52:].std() < 0.2 * photo.std()


def test_rooms_are_positive_and_made_of_planes():
    """Disparity is positive, and its second differences vanish but for the edges of planes."""
    rng = np.random.default_rng(4)
    texture = rng.uniform(0, 255, (40, 40, 3)).astype(np.float32)
    for _ in range(10):
        room = random_room(rng)
        photo, disparity = painted_room(room, [texture] * len(room.planes), rng, 64)
        assert disparity.min() > 0
        assert photo.min() >= 0
        assert photo.max() <= 255
        bends = np.abs(np.diff(disparity, 2, axis=1)) > 1e-4 * disparity.max()
        assert bends.mean() < 0.15


def test_textures_tile_mirrored():
    """Lookups at and beyond the edge meet the mirrored texture without a seam."""
    texture = np.arange(12, dtype=np.float32).reshape(3, 4)[..., None].repeat(3, 2)
    u, v = np.array([0.0, 3.0, 4.0, -1.0], np.float32), np.zeros(4, np.float32)
    np.testing.assert_allclose(looked_up(texture, u, v)[:, 0], [0, 3, 2, 1])


def test_scenes_are_whole_and_reproducible(photo_folder):
    """Each scene has photo, disparity and subject of one size; a seed gives it again."""
    photos = read_photos(photo_folder, validation=False)
    maker = SceneMaker(photos.pairs, photos.masks)
    subjects = 0
    for seed in range(12):
        scene, again = (maker.scene(np.random.default_rng(seed), 64) for _ in range(2))
        np.testing.assert_array_equal(scene.photo, again.photo)
        assert scene.photo.shape == (64, 64, 3)
        assert scene.disparity.shape == scene.subject.shape == (64, 64)
        assert 0 <= scene.disparity.min() <= scene.disparity.max() <= 1
        subjects += scene.has_subject
    assert subjects > 3


def test_outline_pairs_lie_on_both_sides(photo_folder):
    """The first point of a pair is inside the subject, the second outside."""
    pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')
    from d2f.train.batches import outline_pairs

    rows, columns = np.mgrid[:64, :64]
    focus = ((rows - 32) ** 2 + (columns - 32) ** 2 < 15**2).astype(np.float32)
    pairs = outline_pairs(np.random.default_rng(0), focus)
    valid = pairs[pairs[:, 0] >= 0]
    assert len(valid) > 20
    assert (focus[valid[:, 0], valid[:, 1]] == 1).all()
    assert (focus[valid[:, 2], valid[:, 3]] == 0).all()
