"""Learning to focus: what the renderer teaches the compact network, and from what."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.measures.collection import is_validation  # noqa: E402
from d2f.train.batches import BatchMix  # noqa: E402
from d2f.train.data import ShallowPair, read_photos, read_shallow_pairs  # noqa: E402
from d2f.train.focusing import (  # noqa: E402
    STRENGTHS,
    FocusingBatch,
    FocusingSource,
    best_strength,
    defocus_of,
    each_loss,
    focusing_loss,
    rendered,
)
from d2f.train.loop import FOCUSING_WEIGHT, Trainer, TrainingPlan, batch_losses  # noqa: E402
from d2f.train.network import CompactNetwork  # noqa: E402
from d2f.train.synthetic import SceneMaker  # noqa: E402

SIDE = 32


@pytest.fixture(scope="module")
def scene():
    """Photo, true disparity and true subject: a disc of noise before a wall of noise."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    subject = (np.hypot(rows, columns) < 9).astype(np.float32)
    disparity = np.where(subject > 0, 0.8, 0.2 + 0.1 * columns / SIDE).astype(np.float32)
    photo = rng.random((1, 3, SIDE, SIDE), dtype=np.float32)
    return torch.from_numpy(photo), torch.tensor(disparity)[None], torch.tensor(subject)[None]


def loss_of(scene, disparity, focus_map, *, strength=0.02):
    """The loss of maps against what the true ones make."""
    photo, true_disparity, subject = scene
    known = torch.tensor([strength])
    target = rendered(photo, defocus_of(true_disparity, subject, known))
    return each_loss(rendered(photo, defocus_of(disparity, focus_map, known)), target)[0]


def test_the_subject_is_sharp_and_what_is_behind_is_blurred(scene):
    """As the sign convention has it: behind is negative."""
    _, disparity, subject = scene
    defocus_px = defocus_of(disparity, subject, torch.tensor([0.02]))
    assert float(defocus_px[subject > 0].abs().max()) == 0
    assert float(defocus_px[subject == 0].max()) < -0.25
    turned = defocus_of(-disparity, subject, torch.tensor([0.02]))
    torch.testing.assert_close(turned, -defocus_px)


def test_the_loss_falls_as_disparity_moves_towards_the_truth(scene):
    """From a map turned over to the true one, step by step down to zero."""
    _, disparity, subject = scene
    wrong = disparity.flip(1).roll(7, 2)
    losses = [
        float(loss_of(scene, torch.lerp(wrong, disparity, share), subject))
        for share in (0.0, 0.5, 0.8, 1.0)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-6 < losses[-2]


def test_the_loss_falls_as_the_focus_map_moves_towards_the_subject(scene):
    """From the background to the disc."""
    _, disparity, subject = scene
    losses = [
        float(loss_of(scene, disparity, torch.lerp(1 - subject, subject, share)))
        for share in (0.0, 0.8, 0.95, 1.0)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-6 < losses[-2]


def test_gradients_reach_disparity_and_focus(scene):
    """Each is finite, not zero, and a step against both lowers the loss."""
    _, true_disparity, subject = scene
    torch.manual_seed(0)
    disparity = (true_disparity + 0.1 * torch.randn_like(true_disparity)).requires_grad_()
    logit = (6 * subject - 3).requires_grad_()
    before = loss_of(scene, disparity, torch.sigmoid(logit))
    before.backward()
    for map_ in (disparity, logit):
        assert bool(torch.isfinite(map_.grad).all())
        assert float(map_.grad.abs().max()) > 0
    with torch.no_grad():
        steps = (0.01 * m.grad / m.grad.abs().max() for m in (disparity, logit))
        moved = [m - step for m, step in zip((disparity, logit), steps, strict=True)]
        assert loss_of(scene, moved[0], torch.sigmoid(moved[1])) < before


def test_scale_and_shift_of_disparity_do_not_matter(scene):
    """A photo does not tell them, so the loss must not ask."""
    _, disparity, subject = scene
    focus_map = 0.9 * subject + 0.05
    other = loss_of(scene, 37 * disparity - 12, focus_map)
    torch.testing.assert_close(other, loss_of(scene, disparity, focus_map), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("strength", STRENGTHS[2:])
def test_the_grid_finds_the_strength_that_made_the_target(scene, strength):
    """For each strength whose blur can be seen at this size."""
    photo, disparity, subject = scene
    target = rendered(photo, defocus_of(disparity, subject, torch.tensor([strength])))
    found, losses = best_strength(photo, target, disparity, subject)
    assert float(found) == pytest.approx(strength)
    assert float(losses) < 1e-6


def test_without_anything_to_draw_from_the_loss_is_zero():
    """Neither pairs nor scenes: no batch, and nothing to learn."""
    source = FocusingSource((), seed=0)
    assert source.draw(2, 64) is None
    assert float(focusing_loss(CompactNetwork(), None)) == 0


def test_a_batch_reaches_the_network(photo_folder):
    """Pairs and scenes in one batch; the gradient arrives at both outputs and in the encoder."""
    photos = read_photos(photo_folder, validation=False)
    shot = photos.pairs[0].photo
    pair = ShallowPair(name="a", photo=shot, target=np.roll(shot, 1, 0))
    source = FocusingSource([pair], seed=0, scenes=SceneMaker(photos.pairs, photos.masks))
    batch = source.draw(6, 64)
    assert isinstance(batch, FocusingBatch)
    assert 0 < int(batch.strength.isnan().sum()) < len(batch.strength) <= 6
    assert batch.seen.shape[1:] == (3, 64, 64)
    assert batch.photo.shape == batch.target.shape == (len(batch.seen), 3, 32, 32)
    torch.manual_seed(0)
    network = CompactNetwork()
    focusing_loss(network, batch).backward()
    slopes = network.out.conv.weight.grad.abs().amax((1, 2, 3))
    assert float(slopes[:2].min()) > 0
    assert float(network.encoder.blocks[-1].project.conv.weight.grad.abs().max()) > 0


def write_pairs(root, count: int) -> None:
    """``count`` pairs of a table; each photo one grey that tells its number, its twin darker."""
    (root / "pairs").mkdir()
    rows = [["photo", "target"]]
    for number in range(count):
        names = [f"made{number}_aif.png", f"made{number}_shallow.png"]
        for name, code in zip(names, (100 + number, 80 + number), strict=True):
            Image.new("RGB", (40, 30), (code,) * 3).save(root / "pairs" / name)
        rows.append(names)
    with (root / "pairs" / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def test_kept_scenes_are_never_read_for_training(tmp_path):
    """Every pair is on one side, that of its scene, and has its photo's exposure."""
    write_pairs(tmp_path, 40)
    sides = [read_shallow_pairs(tmp_path, validation=kept) for kept in (False, True)]
    names = [{pair.name.removesuffix("_aif") for pair in side} for side in sides]
    assert names[1] == {f"made{n}" for n in range(40) if is_validation(f"made{n}")}
    assert names[0] == {f"made{n}" for n in range(40)} - names[1]
    assert min(map(len, names)) > 0
    for pair in sides[0]:
        assert abs(int(pair.photo[0, 0, 0]) - int(pair.target[0, 0, 0])) <= 1
    batch = FocusingSource(sides[0], seed=0).draw(50, 32)
    seen = {int(code) for code in (batch.photo[:, 0, 5, 5] * 255).round()}
    assert seen <= {int(pair.photo[0, 0, 0]) for pair in sides[0]}


def test_a_folder_without_pairs_has_none(tmp_path):
    """They are no part of what training needs."""
    assert read_shallow_pairs(tmp_path, validation=False) == ()


def test_focusing_joins_the_total_and_is_logged_only_if_asked_for(photo_folder, tmp_path):
    """Off by default: then the step is what it was."""
    mix = BatchMix(masks=1, pairs=1, synthetic=0, raytraced=0)
    plan = {"small_px": 64, "threads": 1, "mix": mix}
    sides = [read_photos(photo_folder, validation=kept) for kept in (False, True)]
    plain = Trainer(TrainingPlan(**plan), *sides, tmp_path)
    batch = plain.stream.next()
    alone = float(batch_losses(plain.network, batch)["total"].detach())
    taught = Trainer(TrainingPlan(**plan, focusing=1), *sides, tmp_path)
    losses = taught.learn(batch)
    assert "focusing" not in plain.learn(batch)
    expected = alone + FOCUSING_WEIGHT * losses["focusing"]
    assert losses["total"] == pytest.approx(expected, rel=1e-4)
