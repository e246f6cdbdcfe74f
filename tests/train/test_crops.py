"""Crops of pairs: which comes when, cut in one place, brought to one exposure; and refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.errors import PhotoError, UsageError  # noqa: E402
from d2f.measures.pairs import Pair, csv_pairs  # noqa: E402
from d2f.train.crops import PairCrops, crop_loader  # noqa: E402

EXPOSURE_TOL = 0.03  # codes; worst seen 0.012: rounding to 8 bit, and the shoulder near white


def numbered_pair(folder, *, rows=140, columns=200, gain=1.0, f_number=None) -> Pair:
    """A pair of noise whose target has `gain` times the photo's codes."""
    rng = np.random.default_rng(8)
    photo = rng.integers(40, 120, (rows, columns, 3)).astype(np.uint8)
    target = np.rint(photo * gain).clip(0, 255).astype(np.uint8)
    paths = folder / "photo.png", folder / "target.png"
    for path, codes in zip(paths, (photo, target), strict=True):
        Image.fromarray(codes).save(path)
    return Pair(name="noise", all_in_focus=paths[0], bokeh=paths[1], f_number=f_number)


def test_photo_and_target_are_cut_and_mirrored_alike(tmp_path):
    """With equal files every crop's photo is its target, and not all crops are one."""
    crops = PairCrops([numbered_pair(tmp_path)], crop_px=128, long_side_px=1536, seed=0)
    samples = [crops[number] for number in range(6)]
    for sample in samples:
        torch.testing.assert_close(sample["photo"], sample["target"], atol=1e-4, rtol=0)
    assert any(not torch.equal(samples[0]["photo"], other["photo"]) for other in samples[1:])


def test_the_target_is_brought_to_the_photos_exposure(tmp_path):
    """A target of other exposure is compared as if exposed like the photo."""
    pair = numbered_pair(tmp_path, gain=1.4)
    sample = PairCrops([pair], crop_px=128, long_side_px=1536, seed=0)[0]
    difference = (sample["photo"] - sample["target"]).abs()
    assert float(difference.max()) < EXPOSURE_TOL


def test_a_higher_f_number_asks_for_less_blur(tmp_path):
    """The radius falls as the f-number rises; unknown counts as f/1.8."""
    shares = [
        float(
            PairCrops(
                [numbered_pair(tmp_path, f_number=f_number)],
                crop_px=128,
                long_side_px=1536,
                seed=0,
            )[0]["blur_share"]
        )
        for f_number in (None, 1.8, 3.6)
    ]
    assert shares == pytest.approx([1.0, 1.0, 0.5])


def test_larger_pictures_are_reduced_first(tmp_path):
    """The long side at the crop's scale is told with it."""
    pair = numbered_pair(tmp_path, rows=300, columns=400)
    sample = PairCrops([pair], crop_px=128, long_side_px=200, seed=0)[0]
    assert float(sample["long_side_px"]) == 200.0


def test_each_epoch_sees_every_pair_once(made_pairs):
    """The order changes from epoch to epoch, the set does not."""
    crops = PairCrops(csv_pairs(made_pairs), crop_px=128, long_side_px=1536, seed=2)
    epochs = [
        {float(crops[number]["photo"].mean()) for number in range(first, first + 4)}
        for first in (0, 4)
    ]
    assert len(epochs[0]) == 4
    assert sorted(epochs[0]) == pytest.approx(sorted(epochs[1]), abs=1e-6)


def test_processes_share_each_batch_and_a_later_start_sees_the_same(made_pairs):
    """Two ranks together see what one process sees; starting at step 2 skips two steps exactly."""
    crops = PairCrops(csv_pairs(made_pairs), crop_px=128, long_side_px=1536, seed=2)

    def photos(*, first_step=0, rank=0, world=1, steps=3):
        loader = crop_loader(
            crops, first_step=first_step, batch=4, rank=rank, world=world, workers=0
        )
        return [batch["photo"] for batch in itertools.islice(loader, steps)]

    alone, first, second = photos(), photos(world=2), photos(rank=1, world=2)
    for whole, one, other in zip(alone, first, second, strict=True):
        assert torch.equal(whole, torch.cat([one, other]))
    assert torch.equal(photos(first_step=2, steps=1)[0], alone[2])


@pytest.mark.slow
def test_workers_give_the_same_crops(made_pairs):
    """Reading ahead in another process changes nothing."""
    crops = PairCrops(csv_pairs(made_pairs), crop_px=128, long_side_px=1536, seed=2)
    batches = [
        next(iter(crop_loader(crops, first_step=0, batch=4, rank=0, world=1, workers=count)))
        for count in (0, 1)
    ]
    assert torch.equal(batches[0]["photo"], batches[1]["photo"])


def test_refusals_name_the_file_and_the_way_out(tmp_path, made_pairs):
    """No pairs, a size no network takes, a small picture, two sizes, a damaged file."""
    pair = numbered_pair(tmp_path)
    whole = {"long_side_px": 1536, "seed": 0}
    with pytest.raises(UsageError, match="no pairs to train on"):
        PairCrops([], crop_px=128, **whole)
    with pytest.raises(UsageError, match="a crop of 100 px does not fit"):
        PairCrops([pair], crop_px=100, **whole)
    with pytest.raises(PhotoError, match="200 x 140 pixels when used, less than a crop of 256"):
        PairCrops([pair], crop_px=256, **whole)
    Image.new("RGB", (201, 140)).save(pair.bokeh)
    with pytest.raises(PhotoError, match=r"201 x 140 pixels, .* has 200 x 140: a pair must"):
        PairCrops([pair], crop_px=128, **whole)
    pair.bokeh.write_bytes(b"no picture")
    with pytest.raises(PhotoError, match=r"target\.png cannot be read"):
        PairCrops([pair], crop_px=128, **whole)
