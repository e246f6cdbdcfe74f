"""Judging bokeh on pairs: figures that a hand computes, rows, files, and all that is refused."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from d2f.cli import evaluate as commands
from d2f.errors import PhotoError, UsageError
from d2f.evaluate.pairs.command import PairsPlan, run_pairs
from d2f.evaluate.pairs.compare import compared
from d2f.evaluate.pairs.fit import fitted
from d2f.evaluate.pairs.judging import evaluate_pairs
from d2f.evaluate.pairs.methods import Fixed, MaskedPhoto, Outputs
from d2f.evaluate.pairs.networks import Variant
from d2f.evaluate.pairs.protocols import PROTOCOLS, protocol_named, scores
from d2f.evaluate.pairs.strips import LINE_PX
from d2f.measures.pairs import Pair, ebb_pairs

ROWS, COLUMNS = 48, 64
FIRST = 4400  # of Val294


def flat(code: int) -> np.ndarray:
    """A grey picture of one code."""
    return np.full((ROWS, COLUMNS, 3), code, np.uint8)


def write(path: Path, codes: np.ndarray) -> None:
    """A picture; JPEG at a quality that keeps flat grey as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": 100} if path.suffix == ".jpg" else {}
    Image.fromarray(codes).save(path, **options)


@pytest.fixture
def ebb(tmp_path: Path) -> Path:
    """Ten flat pairs under EBB!'s naming: pair k is off by k + 1 codes."""
    for k in range(10):
        write(tmp_path / "original" / f"{FIRST + k}.jpg", flat(100))
        write(tmp_path / "bokeh" / f"{FIRST + k}.jpg", flat(101 + k))
    return tmp_path


def expected_identity() -> tuple[float, float]:
    """Mean PSNR and SSIM of the ten pairs from their formulas on codes 0..255."""
    psnr = [10 * math.log10(255**2 / (k + 1) ** 2) for k in range(10)]
    c1 = (0.01 * 255) ** 2
    ssim = [(2 * 100 * (101 + k) + c1) / (100**2 + (101 + k) ** 2 + c1) for k in range(10)]
    return float(np.mean(psnr)), float(np.mean(ssim))


def test_identity_on_a_fake_ebb_scores_what_a_hand_computes(ebb, tmp_path):
    """The row is there without being asked for, and the files hold the same figures."""
    told, rows = tmp_path / "report.json", tmp_path / "rows.csv"
    plan = PairsPlan(
        ebb=ebb, methods=(), json_file=told, csv_file=rows, pictures=tmp_path / "strips"
    )
    text = run_pairs(plan, on_progress=lambda _: None)
    psnr, ssim = expected_identity()
    report = json.loads(told.read_text(encoding="utf-8"))
    assert len(list((tmp_path / "strips").iterdir())) == 10
    with Image.open(tmp_path / "strips" / f"{FIRST + 9}.png") as strip:  # photo, target
        assert strip.size == (2 * COLUMNS, ROWS + LINE_PX)
        assert strip.getpixel((COLUMNS - 1, LINE_PX)) == (100, 100, 100)
        assert strip.getpixel((COLUMNS, LINE_PX)) == (110, 110, 110)
    assert report["count"] == 10
    assert report["methods"]["identity"]["psnr"] == pytest.approx(psnr, abs=1e-4)
    for window in ("ssim_uniform", "ssim_gaussian"):
        assert report["methods"]["identity"][window] == pytest.approx(ssim, abs=1e-6)
    assert f"{psnr:.2f}" in text
    assert "10 of the 294 pairs of val294" in text
    with rows.open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [row["pair"] for row in read] == [str(FIRST + k) for k in range(10)]
    assert float(read[0]["psnr"]) == pytest.approx(10 * math.log10(255**2), abs=1e-4)


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_every_protocol_scores_a_flat_error_by_its_own_peak(name):
    """White is the peak, but for NTIRE 2023, which takes the output's own largest code."""
    output, target = flat(100).astype(np.float32) / 255, flat(110).astype(np.float32) / 255
    peak = 100 if name == "ntire2023" else 255
    figures = scores(output, target, protocol_named(name))
    assert figures["psnr"] == pytest.approx(20 * math.log10(peak / 10), abs=1e-4)
    windows = {
        "ours": {"ssim_uniform", "ssim_gaussian"},
        "bokehlicious": {"ssim_gaussian_mirrored"},
        "bokehme": {"ssim_gaussian"},
    }
    assert set(figures) - {"psnr"} == windows.get(name, {"ssim_uniform"})


def test_protocols_clamp_round_and_cut_as_they_say():
    """Only some round to codes; Bokehlicious cuts to multiples of four around the middle."""
    target = np.full((ROWS, COLUMNS, 3), 0.5, np.float32)
    output = target + np.float32(0.4 / 255)
    assert scores(output, np.full_like(target, 128 / 255), protocol_named("ours"))["psnr"] == (
        math.inf
    )
    assert scores(output, target, protocol_named("vabm"))["psnr"] < 60
    odd = np.full((ROWS + 3, COLUMNS + 1, 3), 0.5, np.float32)
    wrong = odd.copy()
    wrong[:2] = wrong[-1:] = wrong[:, :1] = 5.0  # all that is cut away, and beyond white
    assert scores(wrong, odd, protocol_named("bokehlicious"))["psnr"] == math.inf
    assert scores(wrong, odd, protocol_named("vabm"))["psnr"] < 40
    with pytest.raises(UsageError, match="no protocol 'mine': give one of ours, dmshn"):
        protocol_named("mine")


def test_outputs_of_any_program_are_found_by_name(ebb, tmp_path):
    """A folder that holds the targets themselves is perfect, and wins every pair."""
    for pair in ebb_pairs(ebb):
        write(tmp_path / "theirs" / f"{pair.name}.png", np.asarray(Image.open(pair.bokeh)))
    pairs = ebb_pairs(ebb)
    report = evaluate_pairs(
        pairs, [Outputs.in_folder(tmp_path / "theirs", pairs)], protocol_named("dmshn")
    )
    assert report.methods == ["identity", "theirs"]
    assert report.mean("theirs", "psnr") == math.inf
    assert report.mean("theirs", "ssim_uniform") == pytest.approx(1.0)
    (comparison,) = report.comparisons()  # PSNR has no finite mean here
    assert comparison.figure == "ssim_uniform"
    assert (comparison.a, comparison.b) == ("theirs", "identity")
    assert (comparison.wins, comparison.count) == (10, 10)
    assert comparison.low > 0


def test_outputs_that_are_amiss_are_refused_by_name(ebb, tmp_path):
    """Missing ones, two for a pair, another size, no folder, two folders of one name."""
    pairs = ebb_pairs(ebb)[:3]
    folder = tmp_path / "theirs"
    with pytest.raises(UsageError, match="theirs is not a folder"):
        Outputs.in_folder(folder, pairs)
    write(folder / "4400.png", flat(1))
    with pytest.raises(PhotoError, match=r"lacks the outputs of 2 of 3 pairs \(4401, 4402\)"):
        Outputs.in_folder(folder, pairs)
    write(folder / "4401.png", flat(1)[1:])
    write(folder / "4402.jpg", flat(1))
    outputs = Outputs.in_folder(folder, pairs)
    with pytest.raises(PhotoError, match=r"4401\.png has 64 x 47 px, its pair 64 x 48"):
        evaluate_pairs(pairs, [outputs], protocol_named("ours"))
    with pytest.raises(UsageError, match="two methods of the name 'theirs'"):
        evaluate_pairs(pairs, [outputs, outputs], protocol_named("ours"))
    write(folder / "4402.png", flat(1))
    with pytest.raises(PhotoError, match=r"4402\.png and 4402\.jpg are both outputs of 4402"):
        Outputs.in_folder(folder, pairs)


def test_pairs_of_two_sizes_and_no_pairs_are_refused(tmp_path):
    """The message names both files and sizes."""
    write(tmp_path / "a.png", flat(9))
    write(tmp_path / "b.png", flat(9)[:40])
    pair = Pair(name="a", all_in_focus=tmp_path / "a.png", bokeh=tmp_path / "b.png")
    with pytest.raises(PhotoError, match=r"b\.png has 64 x 40 px, .*a\.png 64 x 48"):
        evaluate_pairs([pair], [], protocol_named("ours"))
    with pytest.raises(UsageError, match="no pairs to judge"):
        evaluate_pairs([], [], protocol_named("ours"))


def test_a_plan_that_makes_no_sense_is_refused(ebb, tmp_path):
    """Before any photo is read."""
    told = tmp_path / "there.json"
    told.write_text("{}", encoding="utf-8")
    for plan, words in (
        (PairsPlan(), "give the pairs by one of --csv FILE, --ebb DIR and --realbokeh DIR"),
        (PairsPlan(ebb=ebb, realbokeh=ebb), "give the pairs by one of"),
        (PairsPlan(ebb=ebb, methods=("magic",)), "no method 'magic': give identity, mask-gaussian"),
        (PairsPlan(ebb=ebb, methods=("d2f2023",)), "--weights FILE belong together"),
        (PairsPlan(ebb=ebb, weights=told), "--weights FILE belong together"),
        (PairsPlan(ebb=ebb, split="half"), "no split 'half'"),
        (PairsPlan(ebb=ebb, json_file=tmp_path / "r", csv_file=tmp_path / "r"), "give two names"),
    ):
        with pytest.raises(UsageError, match=words):
            run_pairs(plan, on_progress=lambda _: None)
    with pytest.raises(PhotoError, match="exists already"):
        run_pairs(PairsPlan(ebb=ebb, json_file=told), on_progress=lambda _: None)


def test_size_and_exposure_are_told_and_done(tmp_path):
    """A darker target is no error once it is exposed like its photo; the table says so."""
    rng = np.random.default_rng(3)
    light = np.kron(rng.uniform(0.1, 0.4, (12, 16, 3)), np.ones((16, 16, 1)))
    for name, gain in (("a", 1.0), ("b", 0.5)):
        codes = 255 * np.where(light * gain > 0, (1.055 * (light * gain) ** (1 / 2.4) - 0.055), 0)
        write(tmp_path / f"{name}.png", np.rint(codes).astype(np.uint8))
    table = tmp_path / "pairs.csv"
    table.write_text("photo,target\na.png,b.png\n", encoding="utf-8")
    figures = {}
    for align in (False, True):
        told = tmp_path / f"{align}.json"
        text = run_pairs(
            PairsPlan(
                table=table, methods=(), align_exposure=align, long_side_px=128, json_file=told
            ),
            on_progress=lambda _: None,
        )
        assert ("exposure of the targets aligned" in text) == align
        assert "long side of 128 px" in text
        figures[align] = json.loads(told.read_text(encoding="utf-8"))["methods"]["identity"]
    assert figures[False]["psnr"] < 20 < 35 < figures[True]["psnr"]


def test_a_fit_finds_the_mask_and_the_blur_that_made_a_target():
    """Focus and f-number of the target are recovered, and no blur where the target has none."""
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    mask = np.zeros((96, 128), np.float32)
    mask[:, :64], mask[:, 64:90] = 1.0, 0.6
    opened = MaskedPhoto(pixels, mask, f_number=1.8)

    def score(target: np.ndarray):
        return lambda codes: -float(np.square(codes - target).mean())

    target = opened.draw(focus=2, f_number=2.8)
    codes, fit = fitted(opened, score(target))
    assert (fit.focus, fit.f_number) == (2, pytest.approx(2.8))
    np.testing.assert_array_equal(codes, target)
    sharp = pixels.astype(np.float32) / np.float32(255)
    codes, fit = fitted(opened, score(sharp))
    assert fit.f_number == math.inf
    np.testing.assert_allclose(codes, sharp, atol=1e-6)


def test_a_picture_without_choices_has_no_fitted_row(ebb):
    """Identity and outputs are what they are."""
    report = evaluate_pairs(ebb_pairs(ebb)[:1], [], protocol_named("ours"), fit=True)
    assert report.methods == ["identity"]
    assert Fixed(np.zeros((1, 1, 3), np.float32)).focus_count == 0


def test_comparisons_draw_scenes_not_pairs():
    """Ten pairs of one scene say as little as one; the interval of equal differences is a point."""
    mean, low, high, wins = compared([2.0, 3.0, 5.0], [1.0, 2.0, 4.0], ["a", "b", "c"])
    assert (mean, low, high, wins) == (1.0, 1.0, 1.0, 3)
    a, b = [1.0] * 10 + [-1.0], [0.0] * 11
    _, low, high, wins = compared(a, b, ["one"] * 10 + ["other"])
    assert (low, high, wins) == (-1.0, 1.0, 10)
    assert compared([math.inf], [math.inf], ["a"])[0] == 0.0


@pytest.fixture(scope="module")
def scene(tmp_path_factory, photo_srgb) -> Path:
    """A table with one photo-like pair and a colour for each: the target is evenly blurred."""
    folder = tmp_path_factory.mktemp("scene")
    write(folder / "a.png", photo_srgb)
    soft = Image.fromarray(photo_srgb).resize((16, 12)).resize((128, 96))
    write(folder / "b.png", np.asarray(soft))
    (folder / "pairs.csv").write_text("photo,target,f_number\na.png,b.png,2\n", encoding="utf-8")
    return folder / "pairs.csv"


def test_networks_and_baseline_are_judged_and_fitted(scene):
    """Each gets a row and a fitted row that is not behind it, nor behind the photo itself.

    A second run has the same figures.
    """
    runner = CliRunner()
    command = ["pairs", "--csv", str(scene)]
    first, second = (runner.invoke(commands.app, [*command, *fit]) for fit in (["--fit"], []))
    assert first.exit_code == 0, first.output
    assert "1/1 a: compact" in first.stderr
    rows = [line.rsplit(None, 3) for line in first.stdout.splitlines()[3:8]]
    names = ["identity", "mask-gaussian", "mask-gaussian (fitted)", "compact", "compact (fitted)"]
    assert [row[0].strip() for row in rows] == names
    psnr = {row[0].strip(): float(row[1]) for row in rows}
    for name in names[1::2]:
        assert psnr[f"{name} (fitted)"] >= max(psnr[name], psnr["identity"])
    for line in second.stdout.splitlines()[3:6]:
        assert line.split() in [own.split() for own in first.stdout.splitlines()]
    assert "compact - mask-gaussian: psnr" in first.stdout
    assert "compact (fitted) - mask-gaussian: psnr" not in first.stdout


def test_a_trained_defocus_is_drawn_by_our_renderer(photo_srgb, tmp_path):
    """Its map is for f/1.8: at f/3.6 half of it is drawn; focus moves where the map is shifted."""
    from d2f.files import photo_from_array

    class Slope:
        """Defocus from -4 px on the left to 0 on the right."""

        def defocus_px(self, photo, *, f_number=1.8):
            columns = np.linspace(-4, 0, photo.shape[1], dtype=np.float32)
            return np.repeat(columns[None] * (1.8 / f_number), photo.shape[0], axis=0)

    pair = Pair(name="a", all_in_focus=tmp_path, bokeh=tmp_path)
    opened = Variant(Slope(), "slope").open(pair, photo_from_array(photo_srgb))
    sharp = photo_srgb.astype(np.float32) / np.float32(255)
    strong, mild, none = (np.abs(opened.draw(f_number=n) - sharp) for n in (1.8, 3.6, math.inf))
    assert strong.mean() > mild.mean() > 0
    assert not none.any()
    assert strong[:, :32].mean() > 4 * strong[:, -8:].mean()
    left_sharp = np.abs(opened.draw(focus=0, f_number=1.8) - sharp)
    assert left_sharp[:, -32:].mean() > left_sharp[:, :8].mean()
