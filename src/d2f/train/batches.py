"""Samples drawn from the photos and the synthetic scenes, made ahead in one background thread."""

import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from d2f.arrays import ByteImage, FloatImage
from d2f.train.augment import blurred_beyond, jittered, random_view
from d2f.train.data import DepthPair, MaskPhoto, PhotoFolder
from d2f.train.losses import Target
from d2f.train.scene_files import RayTracedScene
from d2f.train.synthetic import Scene, SceneMaker

__all__ = ["Batch", "BatchMix", "BatchStream"]

OUTLINE_PAIRS = 96
STEEP_CODES, HALFWAY_CODES = 12, 50  # of 255: an outline's slope, and how far from half it may lie
LEAST_OUTLINE = 20  # cells; a shorter one is a speck
DOWN_MOST = 0.4  # of a normal's length: beyond, what lies outside is the ground before the feet
LEAST_SUBJECT = 0.005  # of a view: less is no subject
TAUGHT_WEIGHT = 0.5  # of a teacher's depth, beside 1 of measured depth
BLURRED_SHARE = 0.25  # of the pictures whose background is put out of focus
ALL_KNOWN = 0.9  # share of known depth from which a picture can be blurred by it
FOCUS_KNOWN = 0.7  # of a made scene's subject, beside 1 of a human-drawn one
SHARP_GUESSED = 0.3  # where nobody said that the photo is all in focus, beside 1 where it was made
SHALLOW_KNOWN = 0.5  # where the detail in and outside a mask says that the photo is shallow
KEPT_SUBJECT, VIEWS_MOST = 0.6, 6  # of a subject's share of the photo; views until it is in sight
FAR_QUANTILES = (0.3, 0.8)  # of disparity: beyond which a picture is put out of focus


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchMix:
    """How many pictures of each kind make a batch; without ray-traced ones, synthetic instead."""

    masks: int = 4
    pairs: int = 2
    synthetic: int = 1
    raytraced: int = 5

    @classmethod
    def of_scenes(cls) -> "BatchMix":
        """Nothing but ray-traced scenes: for weights that owe nothing to anyone's photos."""
        return cls(masks=0, pairs=0, synthetic=0, raytraced=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Photos (B x 3 x S x S, 0..1) and their truth."""

    photo: Tensor
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One picture: photo S x S x 3, maps S/2 x S/2, outline pairs P x 4."""

    photo: ByteImage
    disparity: FloatImage
    depth_weight: float
    order_only: bool = False
    focus: FloatImage
    focus_weight: float
    outline: NDArray[np.int64]
    sharp: FloatImage
    sharp_weight: float


class BatchStream:
    """An endless stream of batches until closed; the size of the photos may change under way."""

    def __init__(
        self,
        photos: PhotoFolder,
        mix: BatchMix,
        *,
        size_px: int,
        seed: int,
        raytraced: Sequence[RayTracedScene] = (),
    ):
        self.photos, self.mix, self.size_px = photos, mix, size_px
        self.raytraced = raytraced
        self.rng = np.random.default_rng(seed)
        self.scenes = SceneMaker(photos.pairs, photos.masks)
        self.pair_shares = pair_shares(photos.pairs)
        weights = np.array([photo.weight for photo in photos.masks])
        self.mask_shares = weights / weights.sum()
        self.ready: queue.Queue[Batch | Exception] = queue.Queue(maxsize=4)
        self.worker = threading.Thread(target=self.work, daemon=True)
        self.closed = threading.Event()

    def work(self) -> None:
        """Fill the queue until closed; hand an error to the trainer instead of dying unseen."""
        try:
            while not self.closed.is_set():
                self.ready.put(self.draw())
        except Exception as error:
            self.ready.put(error)

    def close(self) -> None:
        """Wait for the thread: one that still draws as Python ends can bring the process down."""
        self.closed.set()
        while self.worker.is_alive():
            with suppress(queue.Empty):
                self.ready.get(timeout=0.05)

    def next(self) -> Batch:
        """The next batch, waiting for it if need be."""
        if self.worker.ident is None:
            self.worker.start()
        batch = self.ready.get()
        if isinstance(batch, Exception):
            raise batch
        return batch

    def draw(self) -> Batch:
        """One batch, drawn now."""
        rng, size_px, mix = self.rng, self.size_px, self.mix
        samples = []
        if mix.masks:
            chosen = rng.choice(len(self.photos.masks), mix.masks, p=self.mask_shares)
            samples += [sample_of_mask(rng, self.photos.masks[index], size_px) for index in chosen]
        if mix.pairs:
            chosen = rng.choice(len(self.photos.pairs), mix.pairs, p=self.pair_shares)
            samples += [sample_of_pair(rng, self.photos.pairs[index], size_px) for index in chosen]
        raytraced = mix.raytraced if self.raytraced else 0
        for _ in range(mix.synthetic + mix.raytraced - raytraced):
            samples.append(sample_of_scene(rng, self.scenes.scene(rng, size_px)))
        for _ in range(raytraced):
            scene = self.raytraced[int(rng.integers(len(self.raytraced)))]
            samples.append(sample_of_scene(rng, seen_scene(rng, scene, size_px)))
        return batch_of(samples)


def pair_shares(pairs: tuple[DepthPair, ...]) -> NDArray[np.float64]:
    """Chance of each pair: trusted ones more, the many frames of one source less."""
    prefixes = [pair.name.split("_")[0] for pair in pairs]
    shares: NDArray[np.float64] = np.array(
        [
            pair.weight**0.5 / prefixes.count(prefix) ** 0.4
            for pair, prefix in zip(pairs, prefixes, strict=True)
        ]
    )
    shares /= shares.sum()
    return shares


def sample_of_pair(rng: np.random.Generator, pair: DepthPair, size_px: int) -> Sample:
    """A view of a photo with depth; its focus is not known."""
    view = random_view(rng, *pair.disparity.shape)
    half = size_px // 2
    photo, disparity = view.photo(pair.photo, size_px), view.disparity(pair.disparity, size_px)
    photo, sharp, blurred = far_blurred(rng, photo, disparity)
    return Sample(
        photo=jittered(rng, photo),
        disparity=view.disparity(pair.disparity, half),
        depth_weight=pair.weight**0.5,
        order_only=pair.order_only,
        focus=np.zeros((half, half), np.float32),
        focus_weight=0.0,
        outline=no_outline(),
        sharp=halved(sharp),
        sharp_weight=1.0 if blurred else SHARP_GUESSED,
    )


def sample_of_mask(rng: np.random.Generator, photo: MaskPhoto, size_px: int) -> Sample:
    """A view of a photo with a subject, most of which is in view; depth is a teacher's or none."""
    whole = float(np.count_nonzero(photo.mask)) / photo.mask.size
    half = size_px // 2
    for _ in range(VIEWS_MOST):
        view = random_view(rng, *photo.mask.shape)
        focus = view.mask(photo.mask, half)
        if focus.mean() >= KEPT_SUBJECT * whole:
            break
    seen, sharp_weight = view.photo(photo.photo, size_px), SHALLOW_KNOWN if photo.shallow else 0.0
    if not photo.shallow and rng.random() < BLURRED_SHARE:
        seen, sharp_weight = blurred_beyond(rng, seen, view.mask(photo.mask, size_px)), 1.0
    disparity, depth_weight = np.zeros((half, half), np.float32), 0.0
    if photo.disparity is not None:
        disparity = view.disparity(photo.disparity.astype(np.float32), half)
        depth_weight = TAUGHT_WEIGHT
    return Sample(
        photo=jittered(rng, seen),
        disparity=disparity,
        depth_weight=depth_weight,
        focus=focus,
        focus_weight=1.0 if focus.mean() >= LEAST_SUBJECT else 0.0,
        outline=outline_pairs(rng, focus),
        sharp=focus,
        sharp_weight=sharp_weight,
    )


def sample_of_scene(rng: np.random.Generator, scene: Scene) -> Sample:
    """A made scene with exact depth, and its subject if there is a clear one."""
    photo, sharp, _ = far_blurred(rng, scene.photo, scene.disparity)
    return Sample(
        photo=jittered(rng, photo),
        disparity=np.ascontiguousarray(scene.disparity[1::2, 1::2]),
        depth_weight=1.0,
        focus=halved(scene.subject.astype(np.float32) / np.float32(255.0)),
        focus_weight=FOCUS_KNOWN if scene.has_subject else 0.0,
        outline=no_outline(),
        sharp=halved(sharp),
        sharp_weight=1.0,
    )


def seen_scene(rng: np.random.Generator, scene: RayTracedScene, size_px: int) -> Scene:
    """A view of a ray-traced scene."""
    view = random_view(rng, *scene.disparity.shape)
    subject = view.mask(scene.subject, size_px)
    return Scene(
        photo=view.photo(scene.photo, size_px),
        disparity=view.disparity(scene.disparity, size_px),
        subject=np.rint(subject * 255.0).astype(np.uint8),
        has_subject=scene.has_subject and bool(subject.mean() >= LEAST_SUBJECT),
    )


def far_blurred(
    rng: np.random.Generator, photo: ByteImage, disparity: FloatImage
) -> tuple[ByteImage, FloatImage, bool]:
    """The photo, in some cases out of focus beyond a depth; where it is sharp; whether it was."""
    known = disparity[disparity > 0]
    if known.size < ALL_KNOWN * disparity.size or rng.random() >= BLURRED_SHARE:
        return photo, np.ones_like(disparity), False
    sharp = (disparity > np.quantile(known, rng.uniform(*FAR_QUANTILES))).astype(np.float32)
    return blurred_beyond(rng, photo, sharp), sharp, True


def halved(map_: FloatImage) -> FloatImage:
    """Means of 2 x 2 cells."""
    rows, columns = (side // 2 for side in map_.shape)
    cells = map_[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return cells.mean((1, 3), dtype=np.float32)  # type: ignore[no-any-return]


def outline_pairs(rng: np.random.Generator, focus: FloatImage) -> NDArray[np.int64]:
    """Points 2..4.5 px inside and 2..6 px outside the outline, along its normal, P x 4.

    Left out where the normal points down: the ground before the feet is nearer than the subject.
    """
    codes = Image.fromarray((focus * 255).astype(np.uint8))
    soft = np.asarray(codes.filter(ImageFilter.GaussianBlur(1.5))).astype(np.float32)
    gradient: list[FloatImage] = list(np.gradient(-soft))
    down, right = gradient
    steepness = np.hypot(down, right)
    rows, columns = np.nonzero((steepness > STEEP_CODES) & (np.abs(soft - 127) < HALFWAY_CODES))
    if rows.size < LEAST_OUTLINE:
        return no_outline()
    chosen = rng.integers(0, rows.size, OUTLINE_PAIRS)
    row, column = rows[chosen], columns[chosen]
    normal = np.stack([down[row, column], right[row, column]]) / steepness[row, column]
    place = np.stack([row, column]).astype(np.float32)
    inside = np.rint(place - normal * rng.uniform(2.0, 4.5, OUTLINE_PAIRS)).astype(np.int64)
    outside = np.rint(place + normal * rng.uniform(2.0, 6.0, OUTLINE_PAIRS)).astype(np.int64)
    pairs = np.concatenate([inside, outside]).T
    last = focus.shape[0] - 1
    valid = (pairs.min(1) >= 0) & (pairs.max(1) <= last) & (normal[0] < DOWN_MOST)
    clipped = np.clip(pairs, 0, last)
    valid &= focus[clipped[:, 0], clipped[:, 1]] > 0.9
    valid &= focus[clipped[:, 2], clipped[:, 3]] < 0.1
    return np.where(valid[:, None], clipped, -1)


def no_outline() -> NDArray[np.int64]:
    """An outline without any pair."""
    return np.full((OUTLINE_PAIRS, 4), -1, np.int64)


def batch_of(samples: list[Sample]) -> Batch:
    """Samples stacked into tensors."""
    photos = np.stack([sample.photo for sample in samples]).transpose(0, 3, 1, 2)
    return Batch(
        photo=torch.from_numpy(np.ascontiguousarray(photos)).float() / 255.0,
        target=Target(
            disparity=torch.from_numpy(np.stack([sample.disparity for sample in samples])),
            depth_weight=torch.tensor([sample.depth_weight for sample in samples]),
            order_only=torch.tensor([sample.order_only for sample in samples]),
            focus=torch.from_numpy(np.stack([sample.focus for sample in samples])),
            focus_weight=torch.tensor([sample.focus_weight for sample in samples]),
            outline=torch.from_numpy(np.stack([sample.outline for sample in samples])),
            sharp=torch.from_numpy(np.stack([sample.sharp for sample in samples])),
            sharp_weight=torch.tensor([sample.sharp_weight for sample in samples]),
        ),
    )
