"""The renderer that everyone uses: light is kept, edges are kept, every size and shape works."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import d2f
from d2f.errors import UsageError

CONSTANT_TOL = 1e-6  # worst seen 2.4e-7, random defocus of 20 px
ENERGY_TOL = 0.005  # worst seen 0.0042, at 3 px; 0.0002 from 20 px
LIGHT_ENERGY_TOL = 0.004  # a light in any shape; worst seen 0.0021, a cut one of 3 px
CUT_ENERGY_TOL = 0.06  # a point through layers whose cut varies over its image; worst seen 0.049
RADIUS_TOL_PX = 0.5  # worst seen 0.04 px, from 3 px up to 120
LINEAR_TOL = 2e-5  # relative; worst seen 4e-6: sums are scaled integers
FLIP_TOL = 0.02  # at depth edges, where grids of 4 px begin at the top left; worst seen 0.008


def scene(rows: int, cols: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Texture with a near disc, a plane of focus and a far wall."""
    rng = np.random.default_rng(seed)
    radiance = rng.random((rows // 4 + 1, cols // 4 + 1, 3), dtype=np.float32)
    radiance = np.kron(radiance, np.ones((4, 4, 1), np.float32))[:rows, :cols]
    y, x = np.mgrid[:rows, :cols]
    defocus_px = np.where(x > cols / 2, np.float32(-9), np.float32(0))
    near = (y - rows * 0.7) ** 2 + (x - cols * 0.3) ** 2 < (min(rows, cols) / 5) ** 2
    return radiance, np.where(near, np.float32(6), defocus_px).astype(np.float32)


@given(seed=st.integers(0, 2**31), sigma=st.floats(0, 40), level=st.floats(0, 50))
@settings(max_examples=15, deadline=None)
def test_a_constant_picture_stays_constant(seed, sigma, level):
    """Whatever the defocus, a grey card stays a grey card."""
    rng = np.random.default_rng(seed)
    rows, cols = rng.integers(1, 90, 2)
    defocus_px = rng.normal(0, sigma, (rows, cols)).astype(np.float32)
    card = np.full((rows, cols, 3), level, np.float32)
    np.testing.assert_allclose(d2f.blur(card, defocus_px), card, rtol=CONSTANT_TOL, atol=1e-9)


@pytest.mark.parametrize("radius", [0.3, 1, 3, 5, 8, 12, 30, 60, 120])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_point_becomes_a_disc_of_its_own_energy(radius, sign):
    """The light of a point is kept, and its image has the radius asked for."""
    half = int(2 * radius) + 20
    point = np.zeros((2 * half + 1, 2 * half + 1, 3), np.float32)
    point[half, half] = 5000
    defocus_px = np.full(point.shape[:2], sign * radius, np.float32)
    disc = d2f.blur(point, defocus_px)[..., 1].astype(np.float64)
    assert disc.sum() == pytest.approx(5000, rel=ENERGY_TOL)
    if radius >= 3:
        rows, cols = np.mgrid[-half : half + 1, -half : half + 1]
        measured = math.sqrt(2 * (disc * (rows**2 + cols**2)).sum() / disc.sum())
        assert measured == pytest.approx(radius, abs=RADIUS_TOL_PX)


def test_no_defocus_returns_the_input_bit_for_bit():
    """Radii below a quarter pixel are none."""
    radiance, _ = scene(50, 70)
    defocus_px = np.random.default_rng(1).uniform(-0.24, 0.24, (50, 70)).astype(np.float32)
    np.testing.assert_array_equal(d2f.blur(radiance, defocus_px), radiance)


def test_sharp_pixels_beyond_every_blur_keep_their_bits():
    """In focus, away from edges and out of reach of nearer blur, output equals input."""
    radiance, defocus_px = scene(160, 200)
    out = d2f.blur(radiance, defocus_px)
    y, x = np.mgrid[:160, :200]
    away = np.hypot(y - 160 * 0.7, x - 200 * 0.3) > 160 / 5 + 6 + 3
    untouched = away & (x < 100 - 3)
    np.testing.assert_array_equal(out[untouched], radiance[untouched])
    assert np.abs(out - radiance)[:, 110:].max() > 0.1


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_same_bytes_for_any_number_of_threads(threads):
    """Results do not depend on how the work is shared."""
    radiance, defocus_px = scene(300, 400)
    radiance[20, 350] = 900  # a light
    np.testing.assert_array_equal(
        d2f.blur(radiance, defocus_px * 3, threads=threads), d2f.blur(radiance, defocus_px * 3)
    )


def test_twice_the_light_gives_twice_the_picture():
    """The renderer is linear in exposure below the level at which lights are drawn alone."""
    radiance, defocus_px = scene(120, 150)
    single, double = d2f.blur(radiance, defocus_px), d2f.blur(2 * radiance, defocus_px)
    np.testing.assert_allclose(double, 2 * single, rtol=LINEAR_TOL, atol=1e-6)


@pytest.mark.parametrize("flip", [np.s_[::-1], np.s_[:, ::-1]])
@pytest.mark.parametrize(
    "aperture",
    [d2f.Aperture(), d2f.Aperture(squeeze=1.5, rim=0.5, cats_eye=1)],
    ids=["round", "cut"],
)
def test_a_mirrored_scene_gives_the_mirrored_picture(flip, aperture):
    """No direction is preferred but for the grids in which hidden surfaces are found."""
    radiance, defocus_px = scene(128, 192)
    out = d2f.blur(radiance, defocus_px, aperture=aperture)
    mirrored = d2f.blur(
        np.ascontiguousarray(radiance[flip]),
        np.ascontiguousarray(defocus_px[flip]),
        aperture=aperture,
    )
    difference = np.abs(mirrored[flip] - out)
    assert np.sqrt(np.mean(difference**2)) < FLIP_TOL


def test_a_sharp_subject_does_not_bleed_into_what_is_behind():
    """A white thing in focus before a black, blurred wall leaves the wall black."""
    radiance = np.zeros((100, 120, 3), np.float32)
    radiance[:, :60] = 1
    defocus_px = np.where(np.arange(120) < 60, 0, -12).astype(np.float32) * np.ones((100, 1), "f4")
    out = d2f.blur(radiance, defocus_px)
    assert out[:, 62:].max() < 0.02
    np.testing.assert_array_equal(out[:, :57], radiance[:, :57])


def test_a_blurred_foreground_spreads_softly_over_the_subject():
    """A near edge is half transparent on both sides of its outline."""
    radiance = np.zeros((100, 160, 3), np.float32)
    radiance[:, :80] = 1
    defocus_px = np.where(np.arange(160) < 80, 14, 0).astype(np.float32) * np.ones((100, 1), "f4")
    profile = d2f.blur(radiance, defocus_px)[50, :, 0]
    assert profile[80 + 7] == pytest.approx(
        0.2, abs=0.1
    )  # the share of a disc beyond half its radius
    assert profile[80 - 7] == pytest.approx(0.8, abs=0.1)
    assert np.all(np.diff(profile[60:100]) < 0.02)


def test_a_slanted_plane_shows_no_bands():
    """A grey ground through the plane of focus stays grey, and its texture loses contrast."""
    rows = np.linspace(-14, 14, 200, dtype=np.float32)
    defocus_px = np.repeat(rows[:, None], 180, axis=1)
    grey = d2f.blur(np.full((200, 180, 3), 0.5, np.float32), defocus_px)
    np.testing.assert_allclose(grey, 0.5, rtol=CONSTANT_TOL)
    texture = np.random.default_rng(2).random((200, 180, 3), dtype=np.float32)
    contrast = d2f.blur(texture, defocus_px)[..., 0].std(axis=1)
    assert contrast[99] > 4 * contrast[20]


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 40), (40, 1), (2, 3), (16, 16), (17, 301), (301, 17), (65, 129)]
)
@pytest.mark.parametrize("radius", [2.0, 33.0, 900.0])
def test_every_size_and_radius_works(shape, radius):
    """Odd sizes, strips and radii beyond the picture give finite light within the input's range."""
    radiance = np.random.default_rng(3).random((*shape, 3), dtype=np.float32)
    defocus_px = np.random.default_rng(4).uniform(-radius, radius, shape).astype(np.float32)
    out = d2f.blur(radiance, defocus_px)
    assert np.isfinite(out).all()
    assert out.min() >= -1e-6
    assert out.max() <= radiance.max() * 1.001


def test_the_border_is_neither_dark_nor_bright():
    """What lies outside is taken to go on: a grey card has no frame, a gradient no dark rim."""
    radiance = np.repeat(np.linspace(0.2, 0.8, 200, dtype=np.float32)[None, :, None], 150, 0)
    radiance = np.repeat(radiance, 3, axis=2)
    out = d2f.blur(radiance, np.full((150, 200), -20, np.float32))
    assert np.abs(out[0] - out[75]).max() < 1e-4
    assert np.abs(out[:, 0] - radiance[:, 0]).max() < 0.06


def test_arrays_of_any_order_and_float_are_taken():
    """Transposed, read-only, float16 and float64 arrays give what contiguous float32 ones give."""
    radiance, defocus_px = scene(60, 80)
    expected = d2f.blur(radiance, defocus_px)
    read_only = np.asfortranarray(radiance)
    read_only.flags.writeable = False
    np.testing.assert_array_equal(d2f.blur(read_only, defocus_px.T.copy().T), expected)
    np.testing.assert_array_equal(d2f.blur(radiance.astype(np.float64), defocus_px), expected)


def test_negative_light_counts_as_none():
    """Documented clamp: what undershoots below black is black."""
    radiance, defocus_px = scene(40, 40)
    undershoot = radiance.copy()
    undershoot[3, 3] = -0.5
    radiance[3, 3] = 0
    np.testing.assert_array_equal(d2f.blur(undershoot, defocus_px), d2f.blur(radiance, defocus_px))


@pytest.mark.parametrize(
    ("radiance", "defocus_px", "words"),
    [
        (np.ones((4, 4, 3), "f4"), np.ones((4, 5), "f4"), r"\(4, 5\)"),
        (np.ones((4, 4), "f4"), np.ones((4, 4), "f4"), r"\(4, 4\)"),
        (np.ones((4, 4, 4), "f4"), np.ones((4, 4), "f4"), r"\(4, 4, 4\)"),
        (np.ones((0, 4, 3), "f4"), np.ones((0, 4), "f4"), r"\(0, 4, 3\)"),
        (np.ones((4, 4, 3), "u1"), np.ones((4, 4), "f4"), "uint8"),
        (np.full((4, 4, 3), np.nan, "f4"), np.ones((4, 4), "f4"), "radiance holds NaN"),
        (np.full((4, 4, 3), 1e300), np.ones((4, 4), "f4"), "radiance holds NaN or infinity"),
        (np.full((4, 4, 3), 3e38, "f4"), np.ones((4, 4), "f4"), r"radiance reaches 3e\+38"),
        (np.ones((4, 4, 3), "f4"), np.full((4, 4), np.inf, "f4"), "defocus_px holds NaN or inf"),
        ([[1.0]], np.ones((1, 1), "f4"), "list"),
    ],
)
def test_bad_arrays_are_named(radiance, defocus_px, words):
    """The message tells what came and what is wanted."""
    with pytest.raises(UsageError, match=words):
        d2f.blur(radiance, defocus_px)


@pytest.mark.parametrize("blades", [3, 5, 6, 8])
def test_an_iris_gives_its_shape_and_turns_it_in_front(blades):
    """Polygons keep the energy; nearer points show the shape turned by half a turn."""
    point = np.zeros((121, 121, 3), np.float32)
    point[60, 60] = 1  # below the level of lights: drawn through the layers
    aperture = d2f.Aperture(blades=blades)
    far, near = (
        d2f.blur(point, np.full((121, 121), radius, np.float32), aperture=aperture)[..., 0]
        for radius in (-10, 10)  # at full size, so that both halves see the same grid
    )
    assert far.sum() == pytest.approx(1, rel=ENERGY_TOL)
    assert np.abs(far - near[::-1, ::-1]).max() < 0.15 * far.max()
    if blades % 2:
        assert np.abs(far - near).max() > 0.5 * far.max()


SHAPES = [
    {"squeeze": 2},
    {"rim": 1},
    {"rim": -1},
    {"cats_eye": 1},
    {"blades": 5, "squeeze": 1.33, "rim": 0.5, "cats_eye": 0.7},
    {"picture": [[1, 0.2, 0], [1, 1, 0.5]], "rotation_deg": 30, "rim": 0.5},
    {"fringe": 1},
]


@pytest.mark.parametrize("choice", SHAPES, ids=str)
@pytest.mark.parametrize("radius", [-30, -8, -3, 3, 8, 30])
@pytest.mark.parametrize("level", [1, 5000])
def test_every_shape_keeps_the_light_of_a_point(choice, radius, level):
    """Drawn through the layers and as a light of its own, at a corner as at the centre."""
    tolerance = CUT_ENERGY_TOL if "cats_eye" in choice and level == 1 else LIGHT_ENERGY_TOL
    defocus_px = np.full((240, 320), radius, np.float32)
    for row, col in ((120, 160), (75, 80)):
        point = np.zeros((240, 320, 3), np.float32)
        point[row, col] = level
        image = d2f.blur(point, defocus_px, aperture=d2f.Aperture(**choice))[..., 0]
        assert image.sum(dtype=float) == pytest.approx(level, rel=tolerance)


@pytest.mark.parametrize("choice", SHAPES, ids=str)
def test_a_constant_picture_stays_constant_in_every_shape(choice):
    """Rings and cut shapes are normalised as the disc is."""
    defocus_px = np.random.default_rng(5).normal(0, 12, (70, 90)).astype(np.float32)
    card = np.full((70, 90, 3), 0.7, np.float32)
    out = d2f.blur(card, defocus_px, aperture=d2f.Aperture(**choice))
    np.testing.assert_allclose(out, card, rtol=CONSTANT_TOL)


@pytest.mark.parametrize("choice", SHAPES, ids=str)
def test_the_same_bytes_for_any_number_of_threads_in_every_shape(choice):
    """Cutting the opening per part of the picture does not depend on who draws the part."""
    radiance, defocus_px = scene(200, 260)
    radiance[20, 200] = 900  # a light
    one, four = (
        d2f.blur(radiance, defocus_px * 4, aperture=d2f.Aperture(**choice), threads=threads)
        for threads in (1, 4)
    )
    np.testing.assert_array_equal(one, four)


def image_of_a_point(aperture, radius, *, place=(60, 60), level=1.0):
    """A point at a place of a picture of 121 x 121, all of it at one defocus."""
    point = np.zeros((121, 121, 3), np.float32)
    point[place] = level
    return d2f.blur(point, np.full((121, 121), radius, np.float32), aperture=aperture)[..., 0]


@pytest.mark.parametrize("level", [1, 5000])
def test_an_anamorphic_squeeze_makes_discs_taller(level):
    """Height over width is the squeeze."""
    image = image_of_a_point(d2f.Aperture(squeeze=2), -12, level=level) > 0
    assert np.ptp(np.flatnonzero(image.any(axis=1))) == pytest.approx(
        2 * np.ptp(np.flatnonzero(image.any(axis=0))), abs=3
    )


@pytest.mark.parametrize("level", [1, 5000])
@pytest.mark.parametrize("rim", [1, -1])
def test_a_bright_rim_behind_is_a_soft_one_in_front(level, rim):
    """Soap bubbles on one side of the plane of focus, creamy discs on the other."""
    behind, before = (
        image_of_a_point(d2f.Aperture(rim=rim), sign * 14, level=level)[60] for sign in (-1, 1)
    )
    bubble, creamy = (behind, before) if rim > 0 else (before, behind)
    assert bubble[60 + 12] > 1.5 * bubble[60]
    assert creamy[60] > 1.3 * creamy[60 + 12]


@pytest.mark.parametrize("level", [1, 5000])
@pytest.mark.parametrize("radius", [-14, 14])
def test_cats_eyes_narrow_towards_the_corners_and_not_in_the_middle(level, radius):
    """Along the way to the corner a disc gets narrower, across it keeps most of its width."""
    aperture = d2f.Aperture(cats_eye=1)
    middle = image_of_a_point(aperture, radius, level=level)
    corner = image_of_a_point(aperture, radius, place=(95, 95), level=level)

    def widths(image, place):
        rows, cols = np.argwhere(image > 0.3 * image.max()).T - place
        return np.ptp(rows + cols), np.ptp(rows - cols)

    outwards, across = widths(middle, 60)
    assert outwards == pytest.approx(across, abs=4)  # diagonal steps: less than 3 px
    outwards, across = widths(corner, 95)
    assert outwards < 0.85 * across  # 0.74 by the formula
    assert corner.max() > 1.3 * middle.mean() / (middle > 0).mean()  # as bright in all


@pytest.mark.parametrize(
    "options",
    [{"aperture": None}, {"aperture": "round"}, {"threads": 1.5}, {"threads": 10**30}],
)
def test_options_of_another_kind_are_named(options):
    """An aperture is an `Aperture`, threads a whole number."""
    radiance, defocus_px = scene(20, 20)
    with pytest.raises(UsageError, match=r"give a (d2f\.Aperture|whole number)"):
        d2f.blur(radiance, defocus_px, **options)


@pytest.mark.parametrize("level", [1, 5000])
def test_a_fringe_is_green_behind_the_focus_and_magenta_before_it(level):
    """Red and blue discs are smaller than green ones behind, and larger before; light is kept."""
    for radius in (-14, 14):
        point = np.zeros((121, 121, 3), np.float32)
        point[60, 60] = level
        defocus_px = np.full((121, 121), radius, np.float32)
        image = d2f.blur(point, defocus_px, aperture=d2f.Aperture(fringe=1))
        np.testing.assert_array_equal(image[..., 0], image[..., 2])
        lit = image[60] > 0.2 * image[60].max()
        red, green = (np.ptp(np.flatnonzero(lit[:, channel])) for channel in (0, 1))
        assert (green - red) * np.sign(radius) == pytest.approx(-2.8, abs=1.3)


@pytest.mark.parametrize("level", [1, 5000])
def test_a_picture_is_upright_behind_the_focus_and_upside_down_before_it(level):
    """A half-open picture: its light is above the point behind the focus, below it in front."""
    aperture = d2f.Aperture(picture=np.repeat([[1.0] * 16, [0.0] * 16], 8, axis=0))
    behind, before = (image_of_a_point(aperture, r, level=level) for r in (-12, 12))
    assert behind[:60].sum() > 0.9 * behind.sum()
    assert before[61:].sum() > 0.9 * before.sum()


@pytest.mark.parametrize("choice", SHAPES, ids=str)
def test_sharp_pixels_keep_their_bits_in_every_shape(choice):
    """In focus and out of reach, no shape, fringe or picture changes a byte."""
    radiance, defocus_px = scene(160, 200)
    out = d2f.blur(radiance, defocus_px, aperture=d2f.Aperture(**choice))
    y, x = np.mgrid[:160, :200]
    untouched = (np.hypot(y - 160 * 0.7, x - 200 * 0.3) > 160 / 5 + 14) & (x < 100 - 3)
    np.testing.assert_array_equal(out[untouched], radiance[untouched])


def test_blur_wider_than_every_cell_of_a_block_is_drawn():
    """Radii beyond 1000 px are drawn at 1/128: a grey card stays, a picture becomes its mean."""
    radiance, _ = scene(200, 260)
    defocus_px = np.where(np.arange(260) < 130, -1500, -1100) * np.ones((200, 1), np.float32)
    out = d2f.blur(radiance, defocus_px.astype(np.float32))
    assert np.abs(out - radiance.mean(axis=(0, 1))).max() < 0.1
    card = np.full((200, 260, 3), 0.4, np.float32)
    card_out = d2f.blur(card, defocus_px.astype(np.float32))
    np.testing.assert_allclose(card_out, card, rtol=CONSTANT_TOL)
