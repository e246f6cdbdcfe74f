"""What every test may use: the shared folder, small photos, a quiet environment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("needs the shared folder with photos and ground truth beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def photo_srgb() -> np.ndarray:
    """A small photo-like picture, 128 x 96: a bright disc before a striped, darker wall."""
    rows, cols = np.mgrid[:96, :128]
    wall = 90 + 40 * np.sin(cols / 3)[..., None] * np.array([1, 0.8, 0.6])
    subject = ((rows - 56) ** 2 + (cols - 64) ** 2 < 26**2)[..., None]
    picture = np.where(subject, np.array([210.0, 180.0, 150.0]), wall)
    noise = np.random.default_rng(7).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)
