"""Whole photos through the published model: every door, every kind of file, every refusal."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.metadata import version

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

import d2f
from d2f import files
from d2f.errors import MissingPartError, PhotoError, UsageError
from d2f.files.describe import describe
from d2f.published.session import LARGEST_PX

torch = pytest.importorskip("torch", reason="needs torch: pip install 'd2f[torch]'")
pytest.importorskip("safetensors", reason="needs safetensors: pip install 'd2f[torch]'")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from d2f.cli.app import app  # noqa: E402
from d2f.models.d2f2023 import D2F2023, NARROW  # noqa: E402
from d2f.models.d2f2023.checkpoint import load_d2f2023  # noqa: E402
from d2f.published.stages import network_size, published_stages  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A narrow model whose defocus lies between sharp and blurred."""
    torch.manual_seed(1)
    model = D2F2023(**NARROW)
    with torch.no_grad():
        model.midas.scratch.output_conv[4].bias.fill_(0.4)
    path = tmp_path_factory.mktemp("weights") / "narrow.safetensors"
    save_file(model.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def expected(weights, photo_srgb):
    """What the model's stages give for the photo."""
    image = torch.tensor(photo_srgb).permute(2, 0, 1)[None].to(torch.float32) / 255
    return published_stages(load_d2f2023(weights), image)


def picture_of(stages, white):
    """The stages' output as codes."""
    return np.rint(stages.output[0].permute(1, 2, 0).numpy() * np.float32(white))


def run(*words, env=None):
    """The command line."""
    return CliRunner().invoke(app, [*map(str, words)], env=env)


def test_the_library_gives_the_published_picture(weights, photo_srgb, expected):
    """Arrays in, arrays out, 8 bits as the published script rounds them."""
    found = d2f.render(photo_srgb, model="d2f2023", weights=weights)
    np.testing.assert_array_equal(found, picture_of(expected, 255).astype(np.uint8))


def test_sixteen_bits_stay_sixteen(weights, photo_srgb, expected, tmp_path):
    """All bits go in, and the picture has more values than 8 bits can hold."""
    codes = photo_srgb.astype(np.uint16) * 257
    found = d2f.render(codes, model="d2f2023", weights=weights)
    assert found.dtype == np.uint16
    assert np.abs(found - picture_of(expected, 65535)).max() <= 1
    assert len(np.unique(found % 257)) > 100
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(codes))
    result = run("render", tmp_path / "a.png", "--model", "d2f2023", "--weights", weights)
    assert result.exit_code == 0, result.output
    written = imagecodecs.png_decode((tmp_path / "a.bokeh.png").read_bytes())
    np.testing.assert_array_equal(written, found)


def test_grey_alpha_and_linear_light_come_back_as_they_came(weights, photo_srgb):
    """One channel stays one, alpha is untouched, floats are linear light up to white."""
    grey = d2f.render(photo_srgb[..., 1], model="d2f2023", weights=weights)
    assert grey.shape == photo_srgb.shape[:2]
    alpha = photo_srgb[..., :1] // 2
    found = d2f.render(np.dstack([photo_srgb, alpha]), model="d2f2023", weights=weights)
    np.testing.assert_array_equal(found[..., 3:], alpha)
    linear = ((photo_srgb / 255) ** 2.2 * 1.2).astype(np.float32)
    found = d2f.render(linear, model="d2f2023", weights=weights)
    assert found.dtype == np.float32
    assert 0 <= found.min() < found.max() <= 1


def test_metadata_and_orientation_are_kept(weights, photo_srgb, tmp_path):
    """A turned JPEG is looked at upright, and its EXIF goes along."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    Image.fromarray(photo_srgb).save(tmp_path / "a.jpg", exif=exif, quality=95)
    result = run("render", tmp_path / "a.jpg", "--model", "d2f2023", "--weights", weights)
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "a.bokeh.jpg") as written:
        assert written.getexif()[0x010F] == "Maker"
        assert written.size == photo_srgb.shape[:2]


def test_the_edit_is_told_and_what_is_lost_too(weights, photo_srgb):
    """The XMP names the model, and what the reader could not keep is passed on."""
    photo = replace(files.photo_from_array(photo_srgb), notes=("its manifest is left out",))
    picture = d2f.open(photo, model="d2f2023", weights=weights).render_with_maps()
    assert picture.photo.edit == {"Version": version("d2f"), "Model": "d2f2023"}
    assert picture.summary()["warnings"] == ["its manifest is left out"]
    written = files.photo_from_bytes(files.photo_to_bytes(picture.photo, "JPEG"))
    assert describe(written)["edit"]["Model"] == "d2f2023"


def test_a_gain_map_is_blurred_with_the_picture(weights, photo_srgb):
    """A lamp that only a bright screen shows becomes a disc, as in the picture it belongs to."""
    codes = np.zeros((*(side // 4 for side in photo_srgb.shape[:2]), 3), np.uint8)
    rows, cols = codes.shape[:2]
    codes[rows // 2, cols // 2] = 255
    photo = replace(files.photo_from_array(photo_srgb), gain_map=files.GainMap(codes=codes))
    picture = d2f.open(photo, model="d2f2023", weights=weights).render_with_maps()
    blurred = picture.photo.gain_map.codes
    assert blurred[rows // 2, cols // 2].max() < 255
    assert (blurred[rows // 2, cols // 2 + 1] > codes[rows // 2, cols // 2 + 1]).all()


def test_defocus_and_mask_are_the_papers(weights, photo_srgb, expected, tmp_path):
    """--save-defocus writes D, --save-mask m, and JSON says which model it was."""
    Image.fromarray(photo_srgb).save(tmp_path / "a.png")
    maps = ("--save-defocus", tmp_path / "d.tif", "--save-mask", tmp_path / "m.tif")
    environment = {"D2F_MODEL": "d2f2023", "D2F_WEIGHTS": str(weights)}
    result = run("render", tmp_path / "a.png", *maps, "--json", env=environment)
    assert result.exit_code == 0, result.output
    defocus, mask = (tifffile.imread(tmp_path / name) for name in ("d.tif", "m.tif"))
    np.testing.assert_array_equal(defocus, expected.defocus_up[0, 0].numpy())
    np.testing.assert_array_equal(mask, expected.mask[0, 0].numpy())
    told = json.loads(result.output)
    assert told["model"] == "d2f2023"
    assert told["largest_defocus"] == pytest.approx(defocus.max(), abs=1e-4)


@pytest.mark.parametrize(
    ("choice", "flag"),
    [
        ({"f_number": 2.8}, "--aperture"),
        ({"focus": (0.5, 0.5)}, "--focus"),
        ({"grain": 0.5}, "--grain"),
        ({"f_number": 1.8}, "--aperture"),
        ({"depth": "map.png"}, "--depth"),
    ],
)
def test_choices_it_would_not_heed_are_refused(weights, photo_srgb, choice, flag):
    """What the user set and the method does not have is named, even at its default."""
    with pytest.raises(UsageError, match=f"{flag} .* no part of the published model"):
        d2f.render(photo_srgb, model="d2f2023", weights=weights, **choice)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--aperture", "f/1.8"), "--aperture (f_number) is no part"),
        (("--save-disparity", "d.tif"), "--save-disparity: d2f2023 finds no disparity"),
        (("--embed-depth", "gdepth"), "--embed-depth (embed_depth) is no part"),
    ],
)
def test_flags_it_would_not_heed_are_refused(weights, photo_srgb, tmp_path, words, told):
    """The same at the command line, before any work."""
    Image.fromarray(photo_srgb).save(tmp_path / "a.png")
    result = run("render", tmp_path / "a.png", "--model", "d2f2023", "--weights", weights, *words)
    assert told in str(result.exception)
    assert not (tmp_path / "a.bokeh.png").exists()


def test_weights_alone_are_no_choice_of_model(weights, photo_srgb, tmp_path):
    """As a word they are refused; as a variable they wait for their model."""
    with pytest.raises(UsageError, match=r"--weights .* belongs to --model d2f2023"):
        d2f.render(photo_srgb, weights=weights)
    Image.fromarray(photo_srgb).save(tmp_path / "a.png")
    result = run("render", tmp_path / "a.png", env={"D2F_WEIGHTS": str(weights)})
    assert result.exit_code == 0, result.output


def test_the_model_is_settled_when_a_photo_is_opened(weights, photo_srgb):
    """Neither another model later, nor maps that this one does not have."""
    opened = d2f.open(photo_srgb, model="d2f2023", weights=weights)
    assert opened.render_with_maps().in_focus.shape == photo_srgb.shape[:2]
    with pytest.raises(UsageError, match="model is settled"):
        opened.render(model="compact")
    with pytest.raises(UsageError, match="finds no disparity, focus or subjects"):
        _ = opened.disparity
    with pytest.raises(UsageError, match="model is settled"):
        d2f.open(photo_srgb).render(
            settings=d2f.Settings.model_validate({"method": {"model": "d2f2023"}})
        )


def test_missing_weights_and_packages_are_told(photo_srgb, weights, monkeypatch):
    """Where to get weights, and the exact line that installs torch."""
    with pytest.raises(MissingPartError, match=r"not packaged: give --weights FILE"):
        d2f.render(photo_srgb, model="d2f2023")
    with pytest.raises(PhotoError, match="cannot be read: No such file"):
        d2f.render(photo_srgb, model="d2f2023", weights=weights.with_name("none.safetensors"))
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("d2f.models.d2f2023")]:
        monkeypatch.delitem(sys.modules, name)
    fresh = weights.with_name("fresh.safetensors")  # none that is still in memory
    fresh.write_bytes(weights.read_bytes())
    with pytest.raises(MissingPartError, match=r'pip install "d2f\[torch\]"'):
        d2f.render(photo_srgb, model="d2f2023", weights=fresh)


def test_sizes_beyond_its_reach_are_told(weights, photo_srgb):
    """Sides up to 64, and pictures that would need more memory than there is."""
    with pytest.raises(PhotoError, match=r"64 x 64 pixels: .* at least 65"):
        d2f.render(photo_srgb[:64, :64], model="d2f2023", weights=weights)
    huge = np.broadcast_to(np.uint8(7), (6000, LARGEST_PX // 6000 + 1, 3))
    with pytest.raises(PhotoError, match="takes up to 30 megapixels"):
        d2f.render(huge, model="d2f2023", weights=weights)


def test_weights_that_overflow_give_no_picture(weights, photo_srgb, tmp_path):
    """Finite each, but too large together: told, where NaN would have become black."""
    with safe_open(weights, "pt") as file:
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    path = tmp_path / "wild.safetensors"
    save_file({n: v * 1e20 if v.is_floating_point() else v for n, v in state.items()}, path)
    with pytest.raises(PhotoError, match="this photo overflow in the weights: train anew"):
        d2f.render(photo_srgb, model="d2f2023", weights=path)


@pytest.mark.parametrize(
    ("size", "network"), [((65, 192), (64, 128)), ((320, 130), (128, 64)), ((448, 449), (256, 256))]
)
def test_each_side_is_rounded_to_even_by_itself(size, network):
    """Half of 64 goes to the even neighbour: 320 becomes 128, 448 becomes 256."""
    assert network_size(*size) == network
