"""Learning to focus: the compact network taught by the picture that its maps would make.

    photo -> network -> disparity, focus map -> defocus -> renderer -> picture against a target

The paper's idea with our renderer, whose gradients reach both maps. A target is the photographed
shallow twin of a photo, blurred by an unknown strength, or what the same renderer makes of a scene
with exact disparity and subject. Maps and pictures have half the size that the network sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from d2f.arrays import ByteImage
from d2f.renderer.layered import blur_surfaces, visible_surface
from d2f.train.augment import View, jittered
from d2f.train.batches import halved, seen_scene
from d2f.train.bokeh_losses import photometric_loss
from d2f.train.data import ShallowPair
from d2f.train.hallucination import light_from_srgb, srgb_from_light
from d2f.train.network import CompactNetwork
from d2f.train.scene_files import RayTracedScene
from d2f.train.synthetic import Scene, SceneMaker

__all__ = ["FocusingBatch", "FocusingSource", "best_strength", "defocus_of", "focusing_loss"]

STRENGTHS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032)  # tried where the strength is not known
LARGEST_RADIUS = 0.08  # of the side: blurrier is one grey, and costs time
RANGE_SIGMAS = 1.2816  # from a mean to its tenth and ninetieth percentile, which the product takes
SMALLEST = 1e-6
REAL_SHARE = 0.5  # of the pictures, where there are photographed pairs and scenes
RAYTRACED_SHARE = 0.5  # of the scenes, where there are such
SMALLEST_CROP = 0.6  # of a photo's short side: the subject should remain in view
TRIES = 20  # until a scene has a clear subject, and depth everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusingBatch:
    """What the network sees, what is rendered, and what should come out; codes 0..1."""

    seen: Tensor  # B x 3 x S x S, as some other camera and file would have it
    photo: Tensor  # B x 3 x S/2 x S/2
    target: Tensor  # B x 3 x S/2 x S/2
    strength: Tensor  # B, as `defocus_of` takes it; NaN = unknown


def defocus_of(disparity: Tensor, focus_map: Tensor, strength: Tensor) -> Tensor:
    """Signed defocus in px, B x h x w, as the product's automatic focus would have it.

    What lies within the subject's range of disparity is in focus, and so is what the focus map
    holds. As `d2f.scene.subject.held_disparity`, but with a slope everywhere: the range is a
    weighted mean with its deviation instead of quantiles, and the map itself is the subject.

    Parameters
    ----------
    disparity : B x h x w, of any scale and shift, larger = nearer
    focus_map : B x h x w, 0..1
    strength : B
        Radius, as a share of the longer side, of what lies a mean deviation of the picture's
        disparity beyond the subject's range.
    """
    flat, held = disparity.flatten(1), focus_map.flatten(1)
    offset = flat - flat.median(1, keepdim=True).values
    offset = offset / offset.abs().mean(1, keepdim=True).clamp_min(SMALLEST)
    # Squared: a haze over a large background must not count as much as the subject.
    share = held.square() + SMALLEST
    share = share / share.sum(1, keepdim=True)
    beside = offset - (share * offset).sum(1, keepdim=True)
    reach = RANGE_SIGMAS * ((share * beside.square()).sum(1, keepdim=True) + SMALLEST).sqrt()
    excess = functional.relu(beside - reach) - functional.relu(-beside - reach)
    side = max(disparity.shape[1:])
    radius = strength[:, None] * side * excess * (1.0 - held)
    return radius.clamp(-LARGEST_RADIUS * side, LARGEST_RADIUS * side).view_as(disparity)


def rendered(photo: Tensor, defocus_px: Tensor) -> Tensor:
    """Codes of the photo, B x 3 x h x w, blurred in linear light by a map, B x h x w."""
    light = light_from_srgb(photo).movedim(1, -1)
    return srgb_from_light(blur_surfaces(visible_surface(light, defocus_px)).movedim(-1, 1))


def best_strength(
    photo: Tensor, target: Tensor, disparity: Tensor, focus_map: Tensor
) -> tuple[Tensor, Tensor]:
    """Of STRENGTHS those that come nearest to the targets, B, and their losses; no gradient."""
    grid = torch.tensor(STRENGTHS)
    with torch.no_grad():
        losses = [
            each_loss(rendered(photo, defocus_of(disparity, focus_map, strength)), target)
            for strength in grid[:, None].expand(-1, len(photo))
        ]
    least = torch.stack(losses).min(0)
    return grid[least.indices], least.values


def each_loss(pictures: Tensor, targets: Tensor) -> Tensor:
    """The photometric loss of each picture, B."""
    both = zip(pictures[:, None], targets[:, None], strict=True)
    return torch.stack([photometric_loss(*pair) for pair in both])


def focusing_loss(network: CompactNetwork, batch: FocusingBatch | None) -> Tensor:
    """How far what the network's maps make of the photos is from the targets; 0 without any."""
    if batch is None:
        return torch.zeros(())
    seen = batch.seen.contiguous(memory_format=torch.channels_last)
    (disparity, logit, *_), _ = network.forward_with_coarse(seen)
    focus_map, strength = torch.sigmoid(logit), batch.strength.clone()
    unknown = strength.isnan()
    if bool(unknown.any()):
        parts = (batch.photo, batch.target, disparity, focus_map)
        strength[unknown], _ = best_strength(*(part[unknown] for part in parts))
    pictures = rendered(batch.photo, defocus_of(disparity, focus_map, strength))
    return photometric_loss(pictures, batch.target)


class FocusingSource:
    """Draws pictures from pairs and from scenes, of whatever kinds there are."""

    def __init__(
        self,
        pairs: Sequence[ShallowPair],
        *,
        seed: int,
        scenes: SceneMaker | None = None,
        raytraced: Sequence[RayTracedScene] = (),
    ):
        self.pairs, self.raytraced = pairs, raytraced
        self.scenes = scenes if scenes is not None and scenes.photos else None
        self.rng = np.random.default_rng([seed, 1])

    def draw(self, count: int, size_px: int) -> FocusingBatch | None:
        """``count`` pictures of this side; fewer where scenes do not fit, none without any."""
        drawn = [self.picture(size_px) for _ in range(count)]
        found = [picture for picture in drawn if picture is not None]
        if not found:
            return None
        names = [field.name for field in fields(FocusingBatch)]
        parts = {name: torch.cat([getattr(one, name) for one in found]) for name in names}
        return FocusingBatch(**parts)

    def picture(self, size_px: int) -> FocusingBatch | None:
        """A batch of one."""
        has_scenes = self.scenes is not None or bool(self.raytraced)
        if self.pairs and (not has_scenes or self.rng.random() < REAL_SHARE):
            return self.photographed(size_px)
        return self.made(size_px) if has_scenes else None

    def photographed(self, size_px: int) -> FocusingBatch:
        """A square of a pair, not stretched, so that discs stay round; maybe mirrored."""
        rng, pair = self.rng, self.pairs[int(self.rng.integers(len(self.pairs)))]
        rows, columns = pair.photo.shape[:2]
        side = rng.uniform(SMALLEST_CROP, 1.0) * min(rows, columns)
        left, top = rng.uniform(0, columns - side), rng.uniform(0, rows - side)
        step, start = rng.choice([(side, left), (-side, left + side)])
        view = View(matrix=(step, 0.0, start, 0.0, side, top))
        photo, target = (view.photo(picture, size_px) for picture in (pair.photo, pair.target))
        return FocusingBatch(
            seen=codes_of(jittered(rng, photo)),
            photo=half_size(codes_of(photo)),
            target=half_size(codes_of(target)),
            strength=torch.tensor([torch.nan]),
        )

    def made(self, size_px: int) -> FocusingBatch | None:
        """A scene with what the renderer makes of it by its true disparity and subject."""
        for _ in range(TRIES):
            scene = self.scene(size_px)
            if scene.has_subject and scene.disparity.min() > 0:
                break
        else:
            return None
        photo, seen = half_size(codes_of(scene.photo)), codes_of(jittered(self.rng, scene.photo))
        disparity = torch.from_numpy(scene.disparity[None, 1::2, 1::2].copy())
        subject = torch.from_numpy(halved(scene.subject.astype(np.float32)) / 255.0)[None]
        strength = torch.tensor([self.rng.uniform(STRENGTHS[2], STRENGTHS[-1])]).float()
        target = rendered(photo, defocus_of(disparity, subject, strength))
        return FocusingBatch(seen=seen, photo=photo, target=target, strength=strength)

    def scene(self, size_px: int) -> Scene:
        """A synthetic scene or a view of a ray-traced one, whether or not it will do."""
        if self.scenes and not (self.raytraced and self.rng.random() < RAYTRACED_SHARE):
            return self.scenes.scene(self.rng, size_px)
        chosen = self.raytraced[int(self.rng.integers(len(self.raytraced)))]
        return seen_scene(self.rng, chosen, size_px)


def codes_of(picture: ByteImage) -> Tensor:
    """Bytes H x W x 3 as codes 0..1, 1 x 3 x H x W."""
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 255.0)


def half_size(codes: Tensor) -> Tensor:
    """Means of 2 x 2 pixels in linear light, in codes."""
    return srgb_from_light(functional.avg_pool2d(light_from_srgb(codes), 2))
