"""Analysis with a model that knows the answer, and with depth from a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from d2f.scene import analyse


@dataclass(frozen=True)
class Maps:
    """What the model below sees."""

    disparity: np.ndarray
    focus_map: np.ndarray
    guide_srgb: np.ndarray
    sharpness: np.ndarray | None = None
    mirrored_disparity: np.ndarray | None = None
    mirrored_focus_map: np.ndarray | None = None


class LeftHalfIsNear:
    """A model for which the left half of any photo is the near subject."""

    def predict(self, photo_srgb: np.ndarray) -> Maps:
        """Maps of 24 x 32 samples."""
        near = np.broadcast_to(np.arange(32) < 16, (24, 32)).astype(np.float32)
        guide = np.repeat(near[..., None], 3, axis=2)
        return Maps(disparity=near, focus_map=near, guide_srgb=guide)


@dataclass(frozen=True)
class Depth:
    """A depth map as a file gives it."""

    disparity: np.ndarray
    metric: bool


def photo(rows: int = 240, cols: int = 320) -> np.ndarray:
    """White left half, black right half."""
    white = np.broadcast_to(np.arange(cols) < cols // 2, (rows, cols))
    return np.repeat(np.where(white, 255, 0).astype(np.uint8)[..., None], 3, axis=2)


def test_the_model_gives_relative_disparity_at_the_size_of_the_photo():
    """Full size, steep at the photo's edge, said to come from the model."""
    view = analyse(photo(), LeftHalfIsNear())
    assert np.array_equal(view.disparity > 0.5, photo()[..., 0] > 0)
    assert view.focus_map.shape == (24, 32)
    assert (view.metric, view.source) == (False, "model")


def test_a_depth_file_replaces_the_disparity_but_not_the_focus_map():
    """The user's metric depth counts; where to look still comes from the model."""
    metric = np.full((12, 16), 2.5, np.float32)
    view = analyse(photo(), LeftHalfIsNear(), depth=Depth(metric, metric=True))
    assert np.array_equal(view.disparity, np.full((240, 320), 2.5, np.float32))
    assert view.focus_map.max() == 1
    assert (view.metric, view.source) == (True, "file")
