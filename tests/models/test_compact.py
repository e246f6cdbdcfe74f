"""The run-time network: sizes, ranges, refusals, and that it finds what is plainly there."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from d2f.errors import MissingPartError, PhotoError
from d2f.models.compact import (
    WEIGHTS,
    CompactModel,
    network_photo,
    network_size,
    relative_disparity,
)


@pytest.fixture(scope="module")
def model() -> CompactModel:
    """The shipped network."""
    return CompactModel.load()


@pytest.mark.parametrize(
    ("rows", "columns"), [(3000, 4000), (16, 16), (17, 900), (400, 12000), (1, 1), (4000, 3000)]
)
def test_network_sides_are_multiples_of_32(rows, columns):
    """Any photo gets sides that the network accepts, in a bounded amount of work."""
    sides = network_size(rows, columns)
    assert all(side % 32 == 0 and 64 <= side <= 1024 for side in sides)
    assert sides[0] * sides[1] <= 448 * 448


def test_network_size_keeps_the_aspect():
    """A 4:3 photo is seen as 4:3."""
    assert network_size(3000, 4000, long_side_px=384) == (288, 384)


@pytest.mark.parametrize("shape", [(16, 16), (99, 5001), (1153, 865), (2305, 3457), (1300, 16)])
def test_a_photo_reduced_in_strips_is_the_photo_reduced_whole(shape):
    """The network's copy is Pillow's own, whatever remains at the photo's borders."""
    photo = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    whole = Image.fromarray(photo).resize(
        network_size(*shape)[::-1], Image.Resampling.BILINEAR, reducing_gap=3.0
    )
    np.testing.assert_array_equal(np.asarray(network_photo(photo)), np.asarray(whole))


@pytest.mark.parametrize("shape", [(16, 16), (300, 200), (64, 1500), (1500, 64)])
def test_maps_and_guide_have_one_size_and_range(model, shape):
    """Disparity, focus map and guide agree in size and stay within 0..1, for any photo."""
    photo = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    maps = model.predict(photo)
    assert maps.disparity.shape == maps.focus_map.shape == maps.guide_srgb.shape[:2]
    assert maps.guide_srgb.shape[2] == 3
    for array in (maps.disparity, maps.focus_map, maps.guide_srgb):
        assert array.dtype == np.float32
        assert array.min() >= 0.0
        assert array.max() <= 1.0


def test_maps_are_half_the_network_size(model, photo_srgb):
    """The network answers at stride 2."""
    rows, columns = network_size(*photo_srgb.shape[:2])
    assert model.predict(photo_srgb).disparity.shape == (rows // 2, columns // 2)


def test_guide_is_the_reduced_photo(model):
    """A photo of one colour gives a guide of that colour."""
    photo = np.full((200, 300, 3), (51, 102, 204), np.uint8)
    np.testing.assert_allclose(model.predict(photo).guide_srgb[5, 5], (0.2, 0.4, 0.8), atol=1e-6)


def test_thread_count_hardly_changes_the_maps(model, photo_srgb):
    """One and two threads agree to rounding."""
    one = model.predict(photo_srgb)
    two = CompactModel.load(threads=2).predict(photo_srgb)
    np.testing.assert_allclose(one.disparity, two.disparity, atol=1e-3)
    np.testing.assert_allclose(one.focus_map, two.focus_map, atol=1e-3)


def test_relative_disparity_is_robust():
    """One wild pixel does not squeeze the rest; a flat map stays flat."""
    ramp = np.linspace(2.0, 5.0, 10000, dtype=np.float32).reshape(100, 100)
    ramp[0, 0] = 1e6
    relative = relative_disparity(ramp)
    assert relative[50, 50] == pytest.approx(0.5, abs=0.02)
    assert not relative_disparity(np.full((8, 8), 3.0, np.float32)).any()


def test_wrong_photos_are_refused(model):
    """Grey, float and tiny photos are refused in words."""
    with pytest.raises(PhotoError, match=r"want uint8 \(H, W, 3\)"):
        model.predict(np.zeros((64, 64), np.uint8))
    with pytest.raises(PhotoError, match="float32"):
        model.predict(np.zeros((64, 64, 3), np.float32))
    with pytest.raises(PhotoError, match="at least 16 x 16"):
        model.predict(np.zeros((8, 64, 3), np.uint8))


def test_missing_and_damaged_weights_are_told(tmp_path):
    """No file, or a file that is not the registered one, names the way out."""
    with pytest.raises(MissingPartError, match="is missing; reinstall d2f"):
        CompactModel.load(tmp_path / "compact.onnx")
    shutil.copy(WEIGHTS.parent / "register.json", tmp_path)
    (tmp_path / "compact.onnx").write_bytes(WEIGHTS.read_bytes()[:-1] + b"x")
    with pytest.raises(MissingPartError, match="damaged"):
        CompactModel.load(tmp_path / "compact.onnx")


def test_content_that_is_no_network_is_told():
    """Whatever onnxruntime thinks of it, a user reads one sentence."""
    with pytest.raises(MissingPartError, match="no network in ONNX"):
        CompactModel.from_bytes(b"noise")


def test_weights_are_registered_small_and_described():
    """At most 25 MB, with size in the register and a card beside them."""
    entry = json.loads((WEIGHTS.parent / "register.json").read_text("utf-8"))["compact.onnx"]
    assert entry["bytes"] == WEIGHTS.stat().st_size <= 25_000_000
    assert (WEIGHTS.parent / entry["card"]).is_file()


def test_a_real_photo_is_understood(model, shared):
    """On a plain photograph of one subject, it is found, and it is nearer than its surroundings."""
    folder = shared / "photos" / "masks"
    name = sorted(path.stem for path in folder.glob("ccp_*.png"))[0]
    photo = np.asarray(Image.open(folder / f"{name}.jpg").convert("RGB"))
    maps = model.predict(photo)
    rows, columns = maps.focus_map.shape
    mask = np.asarray(Image.open(folder / f"{name}.png").convert("L").resize((columns, rows)))
    subject = mask >= 128
    assert maps.focus_map[subject].mean() > 0.7
    assert maps.focus_map[~subject].mean() < 0.2
    upper = np.arange(rows)[:, None] < 0.6 * rows  # the ground before the feet may be nearer
    assert maps.disparity[subject & upper].mean() > maps.disparity[~subject & upper].mean()
