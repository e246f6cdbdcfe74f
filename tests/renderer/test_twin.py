"""The native renderer against its definition, and the definition against the plain oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from d2f.arrays import FloatImage
from d2f.optics import SRGB, Aperture, codes_from_light
from d2f.renderer import blur
from d2f.renderer.scatter import scatter

torch = pytest.importorskip("torch", reason="the twin needs the torch extra")
layered = pytest.importorskip("d2f.renderer.layered")

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

# sRGB PSNR in dB between native and twin; worst seen in brackets.
FULL_SIZE_DB = 60.0  # all layers at full size [61.98, dev scene 'layers', which has some at 1/2]
LEVELS_DB = 46.0  # wide layers at 1/2 and 1/4 [49.87, dev scene 'thin_near']
LIGHTS_DB = 55.0  # discs drawn before a whole level, not before a layer [57.7, cut blades]
SCATTER_TOL = 1e-6  # radiance; worst seen 0: the same kernels, in float64
EXACT_RADII = (1.0, 4.0, 8.0)  # radii of layers, which are not mixtures


def occlusion_scene(rows: int, cols: int, largest: float) -> tuple[FloatImage, FloatImage]:
    """Textured wall behind, ground through focus, a near blob: every kind of edge."""
    rng = np.random.default_rng(11)
    coarse = rng.random((rows // 4 + 1, cols // 4 + 1, 3), dtype=np.float32)
    radiance = 0.7 * np.kron(coarse, np.ones((4, 4, 1), np.float32))[:rows, :cols]
    radiance += 0.3 * rng.random((rows, cols, 3), dtype=np.float32)
    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32)
    defocus_px = np.where(y > 0.6 * rows, (y / rows - 0.8) * largest, -largest)
    defocus_px[np.hypot(x - 0.4 * cols, y - 0.5 * rows) < 0.2 * rows] = 0
    defocus_px[np.hypot(x - 0.7 * cols, y - 0.7 * rows) < 0.15 * rows] = 0.9 * largest
    return radiance.astype(np.float32), defocus_px.astype(np.float32)


def twin(
    radiance: FloatImage,
    defocus_px: FloatImage,
    aperture: Aperture,
    matte: FloatImage | None = None,
) -> FloatImage:
    """The definition in float64."""
    with torch.no_grad():
        out = layered.blur(
            torch.from_numpy(radiance).double(),
            torch.from_numpy(defocus_px).double(),
            aperture=aperture,
            matte=None if matte is None else torch.from_numpy(matte),
        )
    return np.asarray(out.float().numpy())


def agreement_db(one: FloatImage, other: FloatImage) -> float:
    """PSNR of the sRGB codes, peak 1."""
    codes = [codes_from_light(np.clip(a, 0, 1), SRGB, np.float32) for a in (one, other)]
    return float(-10 * np.log10(max(float(np.mean((codes[0] - codes[1]) ** 2)), 1e-12)))


LINE = np.linspace(-1, 1, 160)
STAR = np.hypot(LINE[:, None], LINE) < 0.5 + 0.4 * np.cos(5 * np.arctan2(LINE[:, None], LINE))
APERTURES = {
    "round": Aperture(),
    "blades": Aperture(blades=5, roundness=0.3, rotation_deg=20),
    "squeeze": Aperture(squeeze=2),
    "bright-rim": Aperture(rim=1),
    "soft-rim": Aperture(rim=-1),
    "cats-eye": Aperture(cats_eye=1),
    "all": Aperture(blades=5, rotation_deg=20, squeeze=1.33, rim=0.6, cats_eye=0.8),
    "picture": Aperture(picture=STAR, rotation_deg=20, squeeze=1.33, rim=-0.6),
    "fringe": Aperture(blades=7, fringe=1),
}
shapes = pytest.mark.parametrize("aperture", APERTURES.values(), ids=APERTURES.keys())


@shapes
def test_native_agrees_with_its_definition_at_full_size(aperture):
    """Edges, hidden surfaces and every kernel: the same picture where no layer is reduced."""
    radiance, defocus_px = occlusion_scene(96, 128, 14.0)
    native = blur(radiance, defocus_px, aperture=aperture)
    assert agreement_db(native, twin(radiance, defocus_px, aperture)) >= FULL_SIZE_DB


@pytest.mark.parametrize("largest", [24.0, 50.0])
def test_native_agrees_with_its_definition_at_reduced_levels(largest):
    """Wide layers are drawn small; the picture stays the definition's."""
    radiance, defocus_px = occlusion_scene(128, 160, largest)
    native = blur(radiance, defocus_px)
    assert agreement_db(native, twin(radiance, defocus_px, Aperture())) >= LEVELS_DB


@shapes
def test_native_agrees_with_its_definition_at_reduced_levels_in_every_shape(aperture):
    """Parts of a reduced layer have the shapes that the definition gives them."""
    radiance, defocus_px = occlusion_scene(96, 128, 40.0)
    native = blur(radiance, defocus_px, aperture=aperture)
    assert agreement_db(native, twin(radiance, defocus_px, aperture)) >= LEVELS_DB


@shapes
def test_native_draws_lights_as_its_definition_does(aperture):
    """Lights behind, before and at an edge get the same images."""
    radiance, defocus_px = occlusion_scene(96, 128, 14.0)
    radiance *= 0.1
    for y, x in ((10, 20), (12, 90), (48, 40), (70, 90), (30, 64)):
        radiance[y : y + 2, x : x + 2] = 300.0
    native = blur(radiance, defocus_px, aperture=aperture)
    assert agreement_db(native, twin(radiance, defocus_px, aperture)) >= LIGHTS_DB


@pytest.mark.parametrize("largest", [14.0, 40.0])
def test_native_agrees_with_its_definition_about_a_matte(largest):
    """Soft pixels part in the same way, at full size and at reduced levels."""
    radiance, defocus_px = occlusion_scene(96, 128, largest)
    matte = np.random.default_rng(6).random((96, 128), dtype=np.float32)
    matte[:, :30], matte[:, 90:] = 1, 0
    native = blur(radiance, defocus_px, matte=matte)
    least = FULL_SIZE_DB if largest < 16 else LEVELS_DB
    assert agreement_db(native, twin(radiance, defocus_px, Aperture(), matte)) >= least


@pytest.mark.parametrize("radius", EXACT_RADII)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", ["rim", "picture", "fringe"])
def test_the_definition_is_a_scatter_where_defocus_is_uniform(radius, sign, name):
    """One layer: every point spreads over its own disc, turned by half a turn in front."""
    radiance = np.random.default_rng(2).random((24, 30, 3), dtype=np.float32)
    aperture = {"rim": Aperture(blades=5, rotation_deg=12, rim=0.5), **APERTURES}[name]
    defocus_px = np.full((24, 30), sign * radius, np.float32)
    expected = scatter(radiance, defocus_px, aperture=aperture)
    actual = twin(radiance, defocus_px, aperture)
    inner = int(1.5 * radius) + 1  # beyond it the border is repeated, or unknown, by choice
    window = np.s_[inner : 24 - inner, inner : 30 - inner]
    if actual[window].size:
        np.testing.assert_allclose(actual[window], expected[window], atol=SCATTER_TOL)


def test_the_definition_has_exact_gradients_in_light_and_depth():
    """Finite differences in float64, on a slanted plane and across a depth edge."""
    generator = torch.Generator().manual_seed(3)
    radiance = torch.rand((5, 6, 3), dtype=torch.float64, generator=generator)
    slant = torch.linspace(-2.6, 1.7, 30, dtype=torch.float64).reshape(5, 6)
    slant[:, 4:] += 3.15

    def render(light, depth):
        return layered.blur_surfaces(layered.visible_surface(light, depth))

    inputs = (radiance.requires_grad_(), slant.requires_grad_())
    assert torch.autograd.gradcheck(render, inputs, eps=1e-6, atol=1e-6)


def test_gradients_reach_both_sides_of_a_depth_edge():
    """A subject and the wall behind it both learn from the picture between them."""
    radiance = torch.rand((24, 32, 3), dtype=torch.float64, requires_grad=True)
    defocus_px = torch.full((24, 32), -6.3, dtype=torch.float64)
    defocus_px[:, :16] = 0.6
    defocus_px.requires_grad_()
    layered.blur(radiance, defocus_px).square().sum().backward()
    for gradient in (radiance.grad.abs().sum(-1), defocus_px.grad.abs()):
        assert gradient[:, 8:12].min() > 0
        assert gradient[:, 20:26].min() > 0


def test_a_batch_is_its_pictures():
    """Leading dimensions are independent pictures."""
    pictures = [occlusion_scene(32, 40, 8.0), occlusion_scene(32, 40, 5.0)]
    radiance = torch.stack([torch.from_numpy(p[0]) for p in pictures]).double()
    defocus_px = torch.stack([torch.from_numpy(p[1]) for p in pictures]).double()
    batch = layered.blur(radiance, defocus_px)
    for k in range(2):
        alone = layered.blur(radiance[k], defocus_px[k])
        torch.testing.assert_close(batch[k], alone, atol=1e-6, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "groundtruth/dev").exists(), reason="no ../shared/groundtruth")
@pytest.mark.parametrize(
    ("name", "least"), [("layers", FULL_SIZE_DB), ("macro", LEVELS_DB), ("portrait", FULL_SIZE_DB)]
)
def test_native_agrees_with_its_definition_on_ray_traced_scenes(name, least):
    """The judge's own pictures, at their own size."""
    with np.load(SHARED / f"groundtruth/dev/{name}.npz") as arrays:
        radiance = np.ascontiguousarray(arrays["aif"], np.float32)
        defocus_px = np.ascontiguousarray(arrays["defocus"], np.float32)
    expected = twin(radiance, defocus_px, Aperture())
    assert agreement_db(blur(radiance, defocus_px), expected) >= least
