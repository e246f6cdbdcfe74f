"""The training photos: read from a folder of the documented layout, split by scene.

In: DIR/depth, DIR/depth2 (NAME.jpg, NAME_invdepth16.png, index.csv), DIR/masks (NAME.jpg, NAME.png,
index.csv) and DIR/pairs/pairs.csv. Out: small arrays in memory, disparity 0 where it is unknown.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from d2f.arrays import ByteImage, FloatImage
from d2f.errors import PhotoError
from d2f.measures.collection import (
    LARGEST_CODE,
    depth_codes,
    index_rows,
    is_pseudo,
    is_validation,
    opened,
)
from d2f.measures.exposure import aligned_exposure, exposure_gain
from d2f.measures.pairs import csv_pairs

__all__ = [
    "DepthPair",
    "MaskPhoto",
    "PhotoFolder",
    "ShallowPair",
    "read_photos",
    "read_shallow_pairs",
]

LONG_SIDE_PX = 448  # a little above the largest training size: crops then hardly alias
DEPTH_COLUMNS = ("name", "scene", "kind", "scaling")
MASK_COLUMNS = ("name", "original_name")
SHALLOW_FROM = 2.2  # ratio of detail inside the mask to outside: the background is out of focus
FLAT_ROWS = 0.5  # mean difference of neighbouring rows in codes; below it one row is repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthPair:
    """A photo (H x W x 3) with disparity (H x W, 0..1, 0 = unknown).

    weight: how far that can be trusted, 0..1; affine: whether its zero is unknown, too, not its
    scale alone; real: whether it was measured or rendered, not predicted by a network;
    order_only: whether it tells but order and edges.
    """

    name: str
    photo: ByteImage
    disparity: FloatImage
    weight: float
    affine: bool
    real: bool
    order_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskPhoto:
    """A photo (H x W x 3) with its subject's mask (H x W, 0 or 255).

    shallow: whether it is in focus within the mask alone; disparity: a teacher's, H x W, 0..1.
    """

    name: str
    photo: ByteImage
    mask: ByteImage
    weight: float
    shallow: bool = False
    disparity: NDArray[np.float16] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShallowPair:
    """A photo and its shallow twin, brought to the same exposure, each H x W x 3."""

    name: str
    photo: ByteImage
    target: ByteImage


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFolder:
    """Everything of one side of the split."""

    pairs: tuple[DepthPair, ...]
    masks: tuple[MaskPhoto, ...]


def read_photos(root: Path, *, validation: bool) -> PhotoFolder:
    """Read one side of the split of every collection that lies below ``root``.

    Raises
    ------
    PhotoError
        If there are no depth pairs or no masks, or a table or picture cannot be read.
    """
    pairs = [
        pair
        for collection in ("depth", "depth2")
        for row in index_rows(root / collection, columns=DEPTH_COLUMNS).values()
        if is_validation(row["scene"]) == validation
        if (pair := read_pair(root / collection, row)) is not None
    ]
    masks = [
        read_mask(root / "masks", row)
        for row in index_rows(root / "masks", columns=MASK_COLUMNS).values()
        if is_validation(row["original_name"]) == validation
    ]
    if not pairs or not masks:
        raise PhotoError(
            f"{root}: {len(pairs)} depth pairs and {len(masks)} masks found; "
            "give a folder that holds depth/ and masks/, each with an index.csv."
        )
    return PhotoFolder(pairs=tuple(pairs), masks=tuple(masks))


def read_pair(folder: Path, row: dict[str, str]) -> DepthPair | None:
    """One photo with disparity; none if the photo is a single row repeated."""
    name = row["name"]
    with opened(folder / f"{name}.jpg") as image:
        photo = reduced(image.convert("RGB"))
    codes = depth_codes(folder / f"{name}_invdepth16.png").astype(np.float32)
    rows, columns = photo.shape[:2]
    small = Image.fromarray(codes).resize((columns, rows), Image.Resampling.NEAREST)
    if np.abs(np.diff(photo.astype(np.float32), axis=0)).mean() < FLAT_ROWS:
        return None
    pseudo = is_pseudo(row)
    return DepthPair(
        name=name,
        photo=photo,
        disparity=np.asarray(small, np.float32) / np.float32(LARGEST_CODE),
        weight=pair_weight(name, pseudo=pseudo),
        affine=row["scaling"] == "affine",
        real=not pseudo,
        order_only="ordinal only" in row["kind"],
    )


def pair_weight(name: str, *, pseudo: bool) -> float:
    """How far a pair's depth can be trusted, 0..1: soft video frames least."""
    if name.startswith("kitti00"):
        return 0.2
    return 0.5 if pseudo else 1.0


def read_mask(folder: Path, row: dict[str, str]) -> MaskPhoto:
    """One photo with its subject's mask."""
    name = row["name"]
    with opened(folder / f"{name}.jpg") as image:
        photo = reduced(image.convert("RGB"))
    with opened(folder / f"{name}.png") as image:
        small = image.convert("L").resize(photo.shape[1::-1], Image.Resampling.BOX)
    mask = np.where(np.asarray(small) >= 128, 255, 0).astype(np.uint8)
    # Street fashion is one person in the centre, always: much of it teaches the centre only.
    weight = 0.4 if name[:4] == "ccp_" else 1.0
    told = row.get("sharp_in_over_out") or "0"
    try:
        shallow = float(told) >= SHALLOW_FROM
    except ValueError:
        raise PhotoError(
            f"{folder / 'index.csv'} has {told!r} as sharp_in_over_out of {name}: give a number "
            "or leave it empty."
        ) from None
    return MaskPhoto(name=name, photo=photo, mask=mask, weight=weight, shallow=shallow)


def read_shallow_pairs(root: Path, *, validation: bool) -> tuple[ShallowPair, ...]:
    """The pairs of ``root``/pairs/pairs.csv on one side of the split by scene; none without it.

    Raises
    ------
    PhotoError, UsageError
        If a row or a photo of it cannot be used, or no scene is on that side.
    """
    table = root / "pairs" / "pairs.csv"
    if not table.is_file():
        return ()
    pairs = []
    for pair in csv_pairs(table, split="validation" if validation else "training"):
        with opened(pair.all_in_focus) as image:
            photo = reduced(image.convert("RGB"))
        with opened(pair.bokeh) as image:
            rgb = image.convert("RGB").resize(photo.shape[1::-1], Image.Resampling.LANCZOS)
        target = np.asarray(rgb)
        codes = aligned_exposure(target, exposure_gain(photo, target))
        matched = np.rint(codes * 255.0).astype(np.uint8)
        pairs.append(ShallowPair(name=pair.name, photo=photo, target=matched))
    return tuple(pairs)


def reduced(image: Image.Image) -> ByteImage:
    """The photo at the working size, H x W x 3."""
    scale = min(1.0, LONG_SIDE_PX / max(image.size))
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)).copy()
