"""Generated training photos, in the layout that training reads."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory) -> Path:
    """A folder with depth/ and masks/ of 24 generated photos each."""
    root = tmp_path_factory.mktemp("photos")
    write_photo_folder(root)
    return root


def write_photo_folder(root: Path, *, count: int = 24) -> None:
    """``count`` photos with masks and as many with depth; a disc before a slope."""
    rng = np.random.default_rng(5)
    for folder in ("depth", "masks"):
        (root / folder).mkdir(parents=True)
    depth_rows, mask_rows = ["name,scene,kind,scaling"], ["name,original_name"]
    for number in range(count):
        photo, mask, disparity = scene(rng)
        Image.fromarray(photo).save(root / "depth" / f"made_{number}.jpg")
        Image.fromarray(disparity).save(root / "depth" / f"made_{number}_invdepth16.png")
        depth_rows.append(f"made_{number},scene{number},rendered depth,scale")
        Image.fromarray(photo).save(root / "masks" / f"made_{number}.jpg")
        Image.fromarray(mask).save(root / "masks" / f"made_{number}.png")
        mask_rows.append(f"made_{number},photo{number}")
    (root / "depth" / "index.csv").write_text("\n".join(depth_rows) + "\n", encoding="utf-8")
    (root / "masks" / "index.csv").write_text("\n".join(mask_rows) + "\n", encoding="utf-8")


def scene(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photo 96 x 128 x 3, mask 96 x 128 (0 or 255), disparity codes 96 x 128 (16 bit)."""
    rows, columns = np.mgrid[:96, :128]
    photo = 60 + rows[..., None] * rng.uniform(0.2, 1.0, 3) + rng.normal(0, 9, (96, 128, 3))
    row, column, radius = rng.integers(40, 60), rng.integers(40, 90), rng.integers(15, 25)
    disc = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
    photo[disc] = rng.uniform(150, 250, 3)
    disparity = 4000 + rows * 400.0
    disparity[disc] = 4000 + (row + radius) * 400.0
    return (
        np.clip(photo, 0, 255).astype(np.uint8),
        np.where(disc, 255, 0).astype(np.uint8),
        disparity.astype(np.uint16),
    )


@pytest.fixture(scope="session")
def learning():
    """The script that makes pairs of known defocus, as docs/figures has it."""
    path = Path(__file__).resolve().parents[2] / "docs" / "figures" / "learning_to_focus.py"
    spec = importlib.util.spec_from_file_location("learning_to_focus", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there for their module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_pairs(tmp_path_factory, learning) -> Path:
    """The table of four pairs of 128 px, as our renderer sees them."""
    folder = tmp_path_factory.mktemp("pairs")
    return learning.write_pairs(folder, made_by="d2f", side_px=128, count=4)
