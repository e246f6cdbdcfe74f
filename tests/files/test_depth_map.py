"""Depth files: every unit, every container, and the sentences for what is no depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from d2f import files
from d2f.errors import PhotoError

SIZE = (48, 64)
DEPTH_M = np.linspace(0.5, 8, 48 * 64, dtype=np.float32).reshape(SIZE)


def save(values: np.ndarray, path: Path) -> Path:
    """Write any array by its file's ending."""
    import imagecodecs
    import tifffile

    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, values)
    elif path.suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(values))
    else:
        files.write_disparity_map(values, path, overwrite=True)
    return path


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".pfm", ".exr"])
def test_metres_become_inverse_metres(suffix, tmp_path):
    """Float depth in metres gives 1/z, whatever the container."""
    if suffix == ".exr":
        pytest.importorskip("OpenImageIO", reason='EXR needs pip install "d2f[vfx]"')
    depth = files.read_depth_map(save(DEPTH_M, tmp_path / f"d{suffix}"), unit="m", size=SIZE)
    np.testing.assert_allclose(depth.disparity, 1 / DEPTH_M, rtol=1e-6)
    assert depth.metric
    assert depth.known.all()


def test_integer_metres_are_millimetres(tmp_path):
    """A 16-bit depth picture holds millimetres, as depth cameras store them; 0 is unknown."""
    values = np.rint(DEPTH_M * 1000).astype(np.uint16)
    values[:, 0] = 0
    depth = files.read_depth_map(save(values, tmp_path / "d.png"), unit="m", size=SIZE)
    np.testing.assert_allclose(depth.disparity[:, 1:], 1 / DEPTH_M[:, 1:], rtol=2e-3)
    assert not depth.known[:, 0].any()
    assert np.isfinite(depth.disparity).all()


def test_relative_integers_span_their_type(tmp_path):
    """Relative disparity in 8 or 16 bits is divided by the type's range."""
    for dtype in (np.uint8, np.uint16):
        values = np.arange(48 * 64).reshape(SIZE) % np.iinfo(dtype).max
        path = save(values.astype(dtype), tmp_path / "d.png")
        depth = files.read_depth_map(path, unit="relative", size=SIZE)
        np.testing.assert_allclose(depth.disparity, values / np.iinfo(dtype).max, atol=1e-6)
        assert not depth.metric


def test_relative_floats_of_another_range_are_stretched(tmp_path):
    """A network's raw output comes to 0..1; what lies there already stays."""
    raw = DEPTH_M * 10 - 30
    depth = files.read_depth_map(save(raw, tmp_path / "d.npy"), unit="relative", size=SIZE)
    assert (depth.disparity.min(), depth.disparity.max()) == (0, 1)
    half = DEPTH_M / 16
    depth = files.read_depth_map(save(half, tmp_path / "e.npy"), unit="relative", size=SIZE)
    np.testing.assert_array_equal(depth.disparity, half)


def test_infinity_is_far_and_holes_take_the_farther_side(tmp_path):
    """inf metres is disparity 0; a hole between near and far is filled with the far side."""
    depth_m = np.full(SIZE, 1.0, np.float32)
    depth_m[:, 30:34] = np.nan
    depth_m[:, 34:] = np.inf
    depth = files.read_depth_map(save(depth_m, tmp_path / "d.npy"), unit="m", size=SIZE)
    assert (depth.disparity[:, 34:] == 0).all()
    assert set(np.unique(depth.disparity)) == {0.0, 1.0}
    assert (depth.disparity[:, 33] == 0).all()


def test_smaller_maps_of_the_same_aspect_are_taken(tmp_path):
    """A map may have any size, within a pixel of rounding of the photo's aspect."""
    small = np.ones((25, 33), np.float32)
    depth = files.read_depth_map(save(small, tmp_path / "d.npy"), unit="m", size=(3000, 3970))
    assert depth.disparity.shape == (25, 33)


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        (np.full(SIZE, np.nan, np.float32), "m", "no depth:"),
        (np.zeros(SIZE, np.uint16), "m", "no depth:"),
        (np.ones((64, 64), np.float32), "m", "another aspect ratio"),
        (np.ones((64, 48), np.float32), "m", "turn it"),
        (np.ones(SIZE, np.uint16), "1/m", "floating point"),
        (np.ones((1800, 2400), np.float32), "m", "the limit here"),
        (np.ones(3072, np.float32), "m", "aspect ratio"),
        (np.array([["a"] * 64] * 48), "m", "give numbers"),
        (np.array([[None] * 64] * 48), "m", "cannot be read"),
        (np.ones((0, 0), np.float32), "m", "holds 0 values"),
    ],
)
def test_what_is_no_depth_is_named(values, unit, words, tmp_path):
    """Each gives one sentence that names the file."""
    np.save(tmp_path / "d.npy", values)
    with pytest.raises(PhotoError, match=words) as caught:
        files.read_depth_map(tmp_path / "d.npy", unit=unit, size=SIZE)
    assert "d.npy" in str(caught.value)


def test_coloured_pictures_are_no_depth(tmp_path):
    """A depth picture through a colour map is refused, one stored as grey RGB is taken."""
    import imagecodecs

    grey = np.repeat(np.arange(48 * 64, dtype=np.uint16).reshape(*SIZE, 1), 3, axis=2)
    (tmp_path / "d.png").write_bytes(imagecodecs.png_encode(grey))
    files.read_depth_map(tmp_path / "d.png", unit="relative", size=SIZE)
    grey[0, 0, 1] += 9
    (tmp_path / "d.png").write_bytes(imagecodecs.png_encode(grey))
    with pytest.raises(PhotoError, match="coloured"):
        files.read_depth_map(tmp_path / "d.png", unit="relative", size=SIZE)


def test_damaged_maps_get_a_sentence(tmp_path):
    """Cut and flipped NPY, PFM, TIFF and PNG maps give a map or d2f's own error."""
    from d2f.errors import D2FError

    rng, sentences = np.random.default_rng(5), []
    for suffix in (".npy", ".pfm", ".tif", ".png"):
        values = DEPTH_M if suffix != ".png" else (DEPTH_M * 1000).astype(np.uint16)
        whole = save(values, tmp_path / f"d{suffix}").read_bytes()
        for _ in range(30):
            changed = bytearray(whole[: rng.integers(1, len(whole))])
            changed[rng.integers(0, len(changed))] ^= 0x21
            (tmp_path / f"x{suffix}").write_bytes(bytes(changed))
            try:
                files.read_depth_map(tmp_path / f"x{suffix}", unit="m", size=SIZE)
            except D2FError as error:
                sentences.append(str(error))
    assert sentences
    assert not [sentence for sentence in sentences if "\n" in sentence]


@pytest.mark.parametrize("suffix", [".npy", ".pfm", ".tif", ".exr"])
def test_saved_maps_hold_exact_values(suffix, tmp_path):
    """A defocus map in a float container comes back to the last bit."""
    if suffix == ".exr":
        pytest.importorskip("OpenImageIO", reason='EXR needs pip install "d2f[vfx]"')
    from d2f.files.rasters import read_raster

    defocus_px = np.random.default_rng(0).normal(0, 30, SIZE).astype(np.float32)
    files.write_defocus_map(defocus_px, tmp_path / f"d{suffix}", overwrite=False)
    again = read_raster(tmp_path / f"d{suffix}", max_pixels=10_000)
    np.testing.assert_array_equal(again, defocus_px)


def test_pictures_of_maps_are_for_eyes(tmp_path):
    """PNG: red nearer, white sharp, blue beyond; a relative disparity can be read back."""
    import imagecodecs

    defocus_px = np.array([[-4.0, 0.0, 4.0]], np.float32)
    files.write_defocus_map(defocus_px, tmp_path / "d.png", overwrite=False)
    blue, white, red = imagecodecs.png_decode((tmp_path / "d.png").read_bytes())[0].astype(int)
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert (white == 255).all()
    disparity = np.linspace(0, 1, 48 * 64, dtype=np.float32).reshape(SIZE)
    files.write_disparity_map(disparity, tmp_path / "e.png", overwrite=False)
    again = files.read_depth_map(tmp_path / "e.png", unit="relative", size=SIZE)
    np.testing.assert_allclose(again.disparity, disparity, atol=1e-5)
    with pytest.raises(PhotoError, match=r"\.xyz"):
        files.write_mask(disparity, tmp_path / "m.xyz", overwrite=False)
