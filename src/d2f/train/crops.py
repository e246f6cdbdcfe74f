"""Crops of all-in-focus / bokeh pairs: which one comes when is a function of the seed alone.

In: pairs of files. Out: photo and target, 3 x S x S sRGB codes 0..1, cut at the same place, the
target brought to the photo's exposure. Sample k is the same whoever asks for it, so a resumed run,
more processes or more loading workers see the same pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from d2f.arrays import ByteImage, FloatImage
from d2f.errors import PhotoError, UsageError
from d2f.measures.collection import opened
from d2f.measures.exposure import aligned_exposure, exposure_gain
from d2f.measures.pairs import Pair

__all__ = ["Crop", "PairCrops", "crop_loader"]

SIZE_STEP_PX = 128  # the network works at half size and wants multiples of 64
FULL_BLUR_F_NUMBER = 1.8  # EBB!'s; also taken where a pair's f-number is not known
KEPT_BYTES = 1 << 29  # of decoded pictures; larger collections are read anew for each crop


class Crop(TypedDict):
    """One sample, or a batch of them with a leading B."""

    photo: Tensor  # 3 x S x S, codes 0..1
    target: Tensor  # 3 x S x S, codes 0..1
    long_side_px: Tensor  # (), of the whole picture at the crop's scale
    blur_share: Tensor  # (), of the blur at f/1.8: the radius falls as the f-number rises


class PairCrops(Dataset[Crop]):
    """Sample k of an endless sequence: every pair once per epoch, each time cut and mirrored anew.

    Parameters
    ----------
    pairs : sequence of Pair
    crop_px : int
        Side of the square, a multiple of 128.
    long_side_px : int
        Larger pictures are reduced to this long side first.
    seed : int

    Raises
    ------
    UsageError
        If there are no pairs, or the size is none that the network takes.
    PhotoError
        If a picture cannot be read, is smaller than the crop, or has another size than its pair.
    """

    def __init__(self, pairs: Sequence[Pair], *, crop_px: int, long_side_px: int, seed: int):
        if not pairs:
            raise UsageError("there are no pairs to train on: give a folder or table with some.")
        if crop_px <= 0 or crop_px % SIZE_STEP_PX:
            raise UsageError(f"a crop of {crop_px} px does not fit the network: give 128, 256 ...")
        self.pairs, self.crop_px, self.long_side_px = tuple(pairs), crop_px, long_side_px
        self.seed = seed
        sizes = [self._checked_size(pair) for pair in self.pairs]
        self._keeps = sum(6 * columns * rows for columns, rows in sizes) <= KEPT_BYTES
        self._kept: dict[int, _Pictures] = {}

    def __len__(self) -> int:
        """Pairs in an epoch."""
        return len(self.pairs)

    def __getitem__(self, number: int) -> Crop:
        """Sample `number`, 0 and up without end."""
        epoch, place = divmod(number, len(self.pairs))
        order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.pairs))
        rng = np.random.default_rng([self.seed, 1, number])
        pictures = self._pictures(int(order[place]))
        rows, columns = pictures.photo.shape[:2]
        top = int(rng.integers(0, rows - self.crop_px + 1))
        left = int(rng.integers(0, columns - self.crop_px + 1))
        return self._crop(pictures, top, left, mirrored=bool(rng.integers(2)))

    def centre(self, pair: int) -> Crop:
        """The middle of a pair, never mirrored: for looking at."""
        pictures = self._pictures(pair)
        top, left = ((length - self.crop_px) // 2 for length in pictures.photo.shape[:2])
        return self._crop(pictures, top, left, mirrored=False)

    def _crop(self, pictures: _Pictures, top: int, left: int, *, mirrored: bool) -> Crop:
        cut = np.s_[top : top + self.crop_px, left : left + self.crop_px]
        photo_codes = pictures.photo[cut].astype(np.float32) / np.float32(255)
        target_codes = aligned_exposure(pictures.target[cut], pictures.gain)
        step = -1 if mirrored else 1
        return Crop(
            photo=_tensor(photo_codes[:, ::step]),
            target=_tensor(target_codes[:, ::step]),
            long_side_px=torch.tensor(float(max(pictures.photo.shape[:2]))),
            blur_share=torch.tensor(pictures.blur_share),
        )

    def _pictures(self, pair: int) -> _Pictures:
        if pair in self._kept:
            return self._kept[pair]
        files = self.pairs[pair]
        photo, target = self._read(files.all_in_focus), self._read(files.bokeh)
        blur_share = FULL_BLUR_F_NUMBER / (files.f_number or FULL_BLUR_F_NUMBER)
        pictures = _Pictures(photo, target, exposure_gain(photo, target), blur_share)
        if self._keeps:
            self._kept[pair] = pictures
        return pictures

    def _read(self, path: Path) -> ByteImage:
        with opened(path) as file:
            image = ImageOps.exif_transpose(file.convert("RGB"))
        size = self._working_size(image.size)
        if size != image.size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return np.asarray(image).copy()

    def _working_size(self, size: tuple[int, int]) -> tuple[int, int]:
        scale = min(1.0, self.long_side_px / max(size))
        return round(size[0] * scale), round(size[1] * scale)

    def _checked_size(self, pair: Pair) -> tuple[int, int]:
        """Columns and rows at which a pair is used, from the heads of its files."""
        sizes = []
        for path in (pair.all_in_focus, pair.bokeh):
            with opened(path) as image:
                sizes.append(image.size)
        (columns, rows), other = sizes
        if other != (columns, rows):
            raise PhotoError(
                f"{pair.bokeh} has {other[0]} x {other[1]} pixels, {pair.all_in_focus} has "
                f"{columns} x {rows}: a pair must show the same view at the same size."
            )
        size = self._working_size((columns, rows))
        if min(size) < self.crop_px:
            raise PhotoError(
                f"{pair.all_in_focus} has {size[0]} x {size[1]} pixels when used, less than a "
                f"crop of {self.crop_px} px: give a smaller --crop or leave it out."
            )
        return size


class _Pictures(NamedTuple):
    """A pair as decoded, with the factor of light between its exposures."""

    photo: ByteImage
    target: ByteImage
    gain: FloatImage
    blur_share: float


def _tensor(codes: FloatImage) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(codes.transpose(2, 0, 1)))


class _Positions(Sampler[int]):
    """Sample numbers of one process, step after step without end."""

    def __init__(self, *, first_step: int, batch: int, rank: int, world: int):
        self.first_step, self.batch, self.rank, self.world = first_step, batch, rank, world

    def __iter__(self) -> Iterator[int]:
        step, own = self.first_step, self.batch // self.world
        while True:
            first = step * self.batch + self.rank * own
            yield from range(first, first + own)
            step += 1


def crop_loader(
    crops: PairCrops, *, first_step: int, batch: int, rank: int, world: int, workers: int
) -> DataLoader[Crop]:
    """Batches without end from a step on; the processes of a run share each batch.

    Parameters
    ----------
    first_step : int
        Steps that are already done.
    batch : int
        Samples of all processes together, a multiple of `world`.
    rank, world : int
        This process, and how many there are.
    workers : int
        Processes that read pictures ahead; 0 reads in this one.

    Raises
    ------
    UsageError
        If the processes cannot share a batch evenly.
    """
    if batch % world:
        raise UsageError(
            f"a batch of {batch} cannot be shared by {world} processes: give a multiple as --batch."
        )
    return DataLoader(
        crops,
        batch_size=batch // world,
        sampler=_Positions(first_step=first_step, batch=batch, rank=rank, world=world),
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,
        persistent_workers=False,
    )
