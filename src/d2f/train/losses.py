"""What training asks for. Every loss of a batch without its kind of truth is exactly zero.

Maps are B x h x w at half the photo's size. Disparity is compared after both sides are brought to
median 0 and mean absolute deviation 1, since a photo tells depth only up to scale and shift.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from d2f.train.network import LABEL_SMOOTHING

__all__ = ["Target", "coarser", "depth_loss", "focus_loss", "outline_loss", "sharpness_loss"]

KEPT_SHARE = 0.93  # sensor depth has outliers: the worst 7 % of a picture do not count
SMALLEST_DEVIATION = 0.01  # of the full range; walls and bins are nearly flat
OUTLINE_MARGIN = 0.25  # how much nearer the inside should be, in mean deviations
ORDER_PAIRS = 2000  # of points, where only the order of depths is known
ORDER_LEAST = 0.03  # of the full range: points nearer to each other have no order
ORDER_MARGIN = 0.25  # how far apart the two should be, in mean deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The truth of a batch; a weight of 0 means that a picture has none of the kind."""

    disparity: Tensor  # B x h x w, 0 = unknown
    depth_weight: Tensor  # B
    order_only: Tensor  # B, whether disparity tells order and edges, not ratios
    focus: Tensor  # B x h x w, 0..1
    focus_weight: Tensor  # B
    outline: Tensor  # B x P x 4: row, column inside, row, column outside; -1 = no pair
    sharp: Tensor  # B x h x w, 0..1: 0 where the photo is out of focus
    sharp_weight: Tensor  # B


def coarser(target: Target, factor: int) -> Target:
    """The same truth for maps smaller by a whole factor; without outline pairs."""
    middle = factor // 2
    return Target(
        disparity=target.disparity[:, middle::factor, middle::factor],
        depth_weight=target.depth_weight,
        order_only=target.order_only,
        focus=functional.avg_pool2d(target.focus[:, None], factor)[:, 0],
        focus_weight=target.focus_weight,
        outline=target.outline[:, :0],
        sharp=functional.avg_pool2d(target.sharp[:, None], factor)[:, 0],
        sharp_weight=target.sharp_weight,
    )


def depth_loss(predicted: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    """Trimmed L1 and gradient loss of the normalised disparity, means over weighted pictures.

    Where only the order is known, a ranking of pairs of points takes the place of L1.
    """
    absolute, gradient = predicted.sum() * 0.0, predicted.sum() * 0.0
    total = target.depth_weight.sum().clamp_min(1e-6)
    pictures = (predicted, target.disparity, target.depth_weight, target.order_only)
    for one, truth, weight, order_only in zip(*pictures, strict=True):
        known = truth > 0
        if weight <= 0 or known.sum() < 100:
            continue
        ours = normalised(one, known)
        difference = ours - normalised(truth, known)
        error = ranking(ours[known], truth[known]) if order_only else trimmed(difference[known])
        absolute = absolute + weight * error
        gradient = gradient + weight * gradient_of(difference, known)
    return absolute / total, gradient / total


def normalised(disparity: Tensor, known: Tensor) -> Tensor:
    """Disparity with median 0 and mean absolute deviation 1 over its known pixels."""
    values = disparity[known]
    median = values.median()
    deviation = (values - median).abs().mean().clamp_min(SMALLEST_DEVIATION)
    return (disparity - median) / deviation


def trimmed(difference: Tensor) -> Tensor:
    """Mean absolute difference but for the worst."""
    errors = difference.abs()
    kept = torch.topk(errors, max(1, int(KEPT_SHARE * errors.numel())), largest=False)
    return kept.values.mean()


def ranking(ours: Tensor, truth: Tensor) -> Tensor:
    """How far pairs of points, drawn by chance, are from lying in the true order by a margin.

    Of normalised disparity and of the truth (N); logistic, as Chen et al. 2016 rank depths.
    """
    first, second = torch.randint(len(truth), (2, ORDER_PAIRS))
    apart = truth[first] - truth[second]
    ordered = apart.abs() > ORDER_LEAST
    nearer = (ours[first] - ours[second]) * apart.sign()
    missing = functional.softplus(ORDER_MARGIN - nearer) * ordered
    return missing.sum() / ordered.sum().clamp_min(1)


def gradient_of(difference: Tensor, known: Tensor) -> Tensor:
    """Mean absolute slope of a difference at three scales: edges must fall where they are."""
    total = difference.sum() * 0.0
    for step in (1, 2, 4):
        values, valid = difference[::step, ::step], known[::step, ::step]
        for axis in (0, 1):
            length = values.shape[axis] - 1
            first, second = values.narrow(axis, 0, length), values.narrow(axis, 1, length)
            both = valid.narrow(axis, 0, length) & valid.narrow(axis, 1, length)
            # Capped: a slope through sensor noise must not outweigh the picture.
            slope = (second - first).abs().clamp_max(4.0)
            total = total + (slope * both).sum() / both.sum().clamp_min(1)
    return total / 3.0


def focus_loss(logit: Tensor, target: Target) -> Tensor:
    """Cross entropy plus half a soft intersection over union, mean over pictures with a mask."""
    truth = target.focus
    smoothed = truth * (1.0 - 2.0 * LABEL_SMOOTHING) + LABEL_SMOOTHING
    entropy = functional.binary_cross_entropy_with_logits(logit, smoothed, reduction="none")
    map_ = torch.sigmoid(logit)
    shared = (map_ * truth).sum((1, 2)) + 1.0
    joined = (map_ + truth - map_ * truth).sum((1, 2)) + 1.0
    each = entropy.mean((1, 2)) + 0.5 * (1.0 - shared / joined)
    return (each * target.focus_weight).sum() / target.focus_weight.sum().clamp_min(1e-6)


def sharpness_loss(logit: Tensor, target: Target) -> Tensor:
    """Cross entropy of what is in focus in the photo, mean over pictures of which it is known."""
    entropy = functional.binary_cross_entropy_with_logits(logit, target.sharp, reduction="none")
    weighted = entropy.mean((1, 2)) * target.sharp_weight
    return weighted.sum() / target.sharp_weight.sum().clamp_min(1e-6)


def outline_loss(predicted: Tensor, target: Target) -> Tensor:
    """A subject is nearer than what lies beyond its outline; mean over point pairs."""
    pairs = target.outline
    valid = pairs[..., 0] >= 0
    if not bool(valid.any()):
        return predicted.sum() * 0.0
    flat = predicted.flatten(1)
    median = flat.median(1, keepdim=True).values
    deviation = (flat - median).abs().mean(1, keepdim=True).clamp_min(SMALLEST_DEVIATION)
    columns = predicted.shape[2]
    place = pairs.clamp_min(0)
    inside = flat.gather(1, place[..., 0] * columns + place[..., 1])
    outside = flat.gather(1, place[..., 2] * columns + place[..., 3])
    missing = OUTLINE_MARGIN - (inside - outside) / deviation
    return (functional.softplus(missing) * valid).sum() / valid.sum()
