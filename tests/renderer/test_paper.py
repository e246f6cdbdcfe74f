"""The published renderer: against plain NumPy, known values, and what it must refuse."""

from __future__ import annotations

import numpy as np
import pytest

from d2f.errors import UsageError

torch = pytest.importorskip("torch", reason="needs torch: pip install 'd2f[torch]'")

from d2f.renderer import paper  # noqa: E402

ROWS, COLS = 40, 44
EXACT = 1e-12  # worst seen 2e-15, float64
SINGLE = 5e-6  # worst seen 7e-7 of B, float32; METHOD allows 1e-3
FFT = 1e-10  # worst seen 3e-15, float64


def plain_rendering(image, weight, defocus):
    """Section 4 of the method in NumPy, tap by tap: S, T of x R, T of R and B."""
    radii = [0, 1, 2, 3, 5, 7, 9, 11, 13, 16, 19, 22, 26, 30, 34]
    stack = np.concatenate([np.ones((1, *defocus.shape)), image * weight, weight])
    sums = np.zeros_like(stack)
    for i in range(14, -1, -1):
        mask = 0.5 + 0.5 * np.tanh(100 * (1 / 14 - np.abs(defocus - i / 14)))
        layer = plain_blur(mask * stack, radii[i])
        sums = sums * (1 - layer[:1]) + layer
    coverage, num, den = sums[:1], sums[1:4], sums[4:]
    rendered = (num / (coverage + 1e-10)) / (den / (coverage + 1e-10) + 1e-10)
    return coverage, num, den, rendered


def plain_blur(stack, radius):
    """Correlation with the soft disk, whose taps are stored as float32."""
    if radius == 0:
        return stack
    squared = np.arange(-radius, radius + 1) ** 2
    taps = 0.5 + 0.5 * np.tanh(0.25 * (radius**2 - squared[:, None] - squared[None]) + 0.5)
    taps = (taps / taps.sum()).astype(np.float32).astype(np.float64)
    padded = np.pad(stack, ((0, 0), (radius, radius), (radius, radius)), mode="reflect")
    rows, cols = stack.shape[1:]
    result = np.zeros_like(stack)
    for a, line in enumerate(taps):
        for b, tap in enumerate(line):
            result += tap * padded[:, a : a + rows, b : b + cols]
    return result


@pytest.fixture(scope="module")
def scene():
    """A picture with coloured highlights, its weight, and a defocus map over all layers."""
    rng = np.random.default_rng(5)
    image = rng.uniform(0, 1, (3, ROWS, COLS))
    weight = rng.uniform(0.05, 3, (3, ROWS, COLS))
    defocus = np.linspace(-0.05, 1.05, COLS) + 0.1 * rng.uniform(-1, 1, (ROWS, COLS))
    return image, weight, np.clip(defocus, -0.06, 1.06)


@pytest.fixture(scope="module")
def plain(scene):
    """What plain NumPy makes of that scene."""
    return plain_rendering(*scene)


def tensors(scene, dtype=torch.float64):
    """The scene with a batch axis."""
    image, weight, defocus = (torch.tensor(part, dtype=dtype) for part in scene)
    return image[None], weight[None], defocus[None, None]


@pytest.mark.parametrize("method", ["direct", "fft", "auto"])
def test_every_way_of_blurring_gives_the_plain_sums(scene, plain, method):
    """Taps, transforms and the mixture of both are one renderer."""
    sums = paper.layered_sums(*tensors(scene), method=method)
    found = (sums.alpha_total, sums.num_sum, sums.den_sum, sums.rendered)
    for actual, expected in zip(found, plain, strict=True):
        np.testing.assert_allclose(actual[0].numpy(), expected, rtol=0, atol=EXACT)


def test_single_precision_stays_near(scene, plain):
    """Float32, which is what the published model computes in."""
    rendered = paper.layered_rendering(*tensors(scene, torch.float32))
    np.testing.assert_allclose(rendered[0].numpy(), plain[3], rtol=0, atol=SINGLE)


def test_a_batch_is_its_pictures(scene):
    """Pictures of a batch do not touch each other."""
    image, weight, defocus = tensors(scene)
    both = paper.layered_rendering(
        torch.cat([image, image.flip(-1)]),
        torch.cat([weight, weight]),
        torch.cat([defocus, 1 - defocus]),
        method="fft",
    )
    alone = paper.layered_rendering(image.flip(-1), weight, 1 - defocus, method="fft")
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=EXACT)


@pytest.mark.parametrize(("defocus", "value"), [(-0.16, 0.5), (1.16, 0.5), (-0.17, 0), (1.17, 0)])
def test_what_no_layer_holds_turns_black(defocus, value):
    """The known values of a flat grey picture; in float32 masks end at exactly 0."""
    grey = torch.full((1, 3, ROWS, COLS), 0.5)
    found = paper.layered_rendering(grey, torch.ones_like(grey), grey[:, :1] * 0 + defocus)
    torch.testing.assert_close(found, grey * 0 + value, rtol=0, atol=SINGLE)


def test_sharp_shows_through_a_hole_in_coverage():
    """Beside pixels that no layer holds, the colour comes from whoever reaches there."""
    grey = torch.full((1, 3, 80, 80), 0.5)
    defocus = torch.full((1, 1, 80, 80), 2.0)
    defocus[..., 40, 40] = 1.0  # radius 34: one light in the dark
    found = paper.layered_rendering(grey, torch.ones_like(grey), defocus)
    assert found[0, 0, 40, 60] == pytest.approx(0.5, abs=1e-3)
    assert found[0, 0, 0, 0] == 0


def test_a_layer_in_a_corner_is_blurred_as_in_the_whole():
    """Only the box that a layer reaches is blurred, also where borders mirror it."""
    rng = np.random.default_rng(1)
    defocus = np.full((90, 100), 0.5)
    defocus[:3, -4:] = 1.0
    defocus[50:52, 30:31] = 0.8
    image = rng.uniform(0, 1, (3, 90, 100))
    expected = plain_rendering(image, np.ones_like(image), defocus)[3]
    found = paper.layered_rendering(*tensors((image, np.ones_like(image), defocus)))
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=0, atol=FFT)


def test_gradients_are_those_of_finite_differences():
    """In all three inputs, at a slope that shows between layers."""
    torch.manual_seed(0)
    image, weight = torch.rand(2, 1, 3, 36, 36, dtype=torch.float64) * 0.8 + 0.1
    defocus = torch.rand(1, 1, 36, 36, dtype=torch.float64)
    given = [tensor.requires_grad_() for tensor in (image, weight, defocus)]

    def rendering(*inputs):
        return paper.layered_rendering(*inputs, sharpness=5.0)

    assert torch.autograd.gradcheck(rendering, given, fast_mode=True)


def test_kernels_are_normalised_and_kept_from_change():
    """Each sums to 1, and nobody can write into the one that is kept."""
    for radius in paper.RADII[1:]:
        kernel = paper.soft_disk(radius)
        assert kernel.shape == (2 * radius + 1,) * 2
        assert kernel.sum(dtype=np.float64) == pytest.approx(1, abs=1e-6)
        assert not kernel.flags.writeable


def test_odd_shapes_are_refused_in_words():
    """Sides up to the largest radius, and maps that do not fit."""
    grey = torch.zeros(1, 3, 34, 64)
    with pytest.raises(UsageError, match="64 x 34 pixels: sides need more than 34"):
        paper.layered_rendering(grey, grey, grey[:, :1])
    with pytest.raises(UsageError, match="do not fit"):
        paper.layered_rendering(grey, grey, grey)
