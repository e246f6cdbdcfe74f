"""A network as a start and as a teacher."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='training needs pip install "d2f[train]"')

from d2f.errors import PhotoError  # noqa: E402
from d2f.models.compact import WEIGHTS  # noqa: E402
from d2f.train.data import MaskPhoto  # noqa: E402
from d2f.train.network import CompactNetwork  # noqa: E402
from d2f.train.teacher import labelled, start_from, steep_at_outline  # noqa: E402

ROWS, COLUMNS = np.mgrid[:120, :160]
DISC = (ROWS - 60) ** 2 + (COLUMNS - 80) ** 2 < 30**2


def test_a_network_starts_where_the_shipped_one_ended():
    """Every weight that the file holds is taken over."""
    network = CompactNetwork().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    start_from(network, WEIGHTS)
    changed = [n for n, value in network.state_dict().items() if not torch.equal(value, before[n])]
    assert len(changed) >= len(before) - 2  # only training has the two of the coarse maps


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_what_is_no_network_is_refused(tmp_path, content):
    """One sentence names the file and what to give."""
    (tmp_path / "start.onnx").write_bytes(content)
    with pytest.raises(PhotoError, match=r"start\.onnx .*give compact\.onnx of an earlier"):
        start_from(CompactNetwork(), tmp_path / "start.onnx")
    with pytest.raises(PhotoError, match=r"start\.onnx .*give compact\.onnx of an earlier"):
        labelled([], [tmp_path / "start.onnx"])


def test_a_teacher_must_tell_disparity():
    """The face detector is a network, but of another kind."""
    with pytest.raises(PhotoError, match=r"faces\.onnx cannot be read as a network of ours"):
        labelled([], [WEIGHTS.with_name("faces.onnx")])


def test_a_soft_step_becomes_the_outline():
    """A ramp across the mask's outline turns into a step on it; either side keeps its value."""
    distance = np.hypot(ROWS - 60, COLUMNS - 80) - 30
    soft = np.clip(0.5 - distance / 8, 0.1, 0.9).astype(np.float32)
    steep = steep_at_outline(soft, DISC)
    halfway = (steep > 0.2) & (steep < 0.8)
    assert halfway.mean() < 0.2 * ((soft > 0.2) & (soft < 0.8)).mean()
    assert steep[DISC].min() > steep[~DISC].max()
    np.testing.assert_array_equal(steep[:20], soft[:20])


def test_a_subject_thinner_than_the_rim_keeps_its_depth():
    """There is nothing behind the rim to fill from."""
    thin = np.zeros((120, 160), bool)
    thin[:, 80] = True
    depth = (0.2 + 0.6 * thin).astype(np.float32)
    np.testing.assert_array_equal(steep_at_outline(depth, thin)[thin], depth[thin])


def test_the_teacher_labels_every_photo():
    """Known everywhere, at the photo's size, in 0..1."""
    photo = np.where(DISC[..., None], 220, (60 + ROWS)[..., None]).astype(np.uint8).repeat(3, 2)
    mask = np.where(DISC, 255, 0).astype(np.uint8)
    (one,) = labelled([MaskPhoto(name="a", photo=photo, mask=mask, weight=1.0)], [WEIGHTS])
    assert one.disparity.shape == photo.shape[:2]
    assert 0 < one.disparity.min() <= one.disparity.max() <= 1
