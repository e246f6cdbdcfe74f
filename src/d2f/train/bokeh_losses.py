"""What learning to focus and learning to fuse ask for; every loss is a mean, pictures are codes.

The paper's own losses and weights were never published, so each function names where its form
comes from. Pictures are B x 3 x h x w sRGB codes 0..1, maps B x 1 x h x w.
"""

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "initial_mask_loss",
    "photometric_loss",
    "poisson_loss",
    "range_loss",
    "smoothness_loss",
    "structural_similarity",
]

STRUCTURE_SHARE = 0.5  # of 1 - SSIM in the photometric loss; Godard et al. take 0.85
SSIM_WINDOW = 3  # px, box: Godard et al. 2017
SSIM_FLOORS = (0.01**2, 0.03**2)  # Wang et al. 2004, for codes 0..1
EDGE_DECAY = 10.0  # per code: a step of 0.1 in the photo lets the map change almost freely


def photometric_loss(rendered: Tensor, target: Tensor) -> Tensor:
    """How far a rendered picture is from the photographed bokeh.

    Mean absolute difference mixed with structural dissimilarity (1 - SSIM) / 2.

    References
    ----------
    Godard, Mac Aodha and Brostow 2017, "Unsupervised monocular depth estimation with left-right
    consistency": the appearance matching term. The share is ours: measured, half of each learns
    the blur of fine texture and of plain edges alike.
    """
    dissimilar = (1.0 - structural_similarity(rendered, target)) / 2.0
    difference = (rendered - target).abs()
    return (STRUCTURE_SHARE * dissimilar + (1.0 - STRUCTURE_SHARE) * difference).mean()


def structural_similarity(one: Tensor, other: Tensor) -> Tensor:
    """SSIM of each pixel over a 3 x 3 box, same shape as the pictures, -1..1.

    A term of the loss, not a figure to report: `d2f evaluate pairs` has those.

    References
    ----------
    Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".
    """
    border = SSIM_WINDOW // 2

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(
            functional.pad(values, (border,) * 4, mode="reflect"), SSIM_WINDOW, stride=1
        )

    mean_one, mean_other = mean(one), mean(other)
    variance_one = mean(one * one) - mean_one**2
    variance_other = mean(other * other) - mean_other**2
    covariance = mean(one * other) - mean_one * mean_other
    light, contrast = SSIM_FLOORS
    above = (2.0 * mean_one * mean_other + light) * (2.0 * covariance + contrast)
    below = (mean_one**2 + mean_other**2 + light) * (variance_one + variance_other + contrast)
    return above / below


def smoothness_loss(defocus: Tensor, photo: Tensor) -> Tensor:
    """Slope of a defocus map where the photo has no edge.

    A plain surface looks the same at any blur: its defocus is carried in from where it can be told.

    References
    ----------
    Godard, Mac Aodha and Brostow 2017: the edge-aware disparity smoothness term. The decay is ours.
    """
    total = defocus.new_zeros(())
    for map_step, photo_step in zip(_steps(defocus), _steps(photo), strict=True):
        edge = photo_step.abs().mean(1, keepdim=True)
        total = total + (map_step.abs() * torch.exp(-EDGE_DECAY * edge)).mean()
    return total


def range_loss(defocus: Tensor) -> Tensor:
    """How far the paper's defocus D leaves 0..1, mean absolute.

    Outside, every layer mask of the published renderer saturates, no gradient comes back and the
    picture turns black. Not squared: a small area just outside must be led back as well. Ours; no
    source.
    """
    return (functional.relu(-defocus) + functional.relu(defocus - 1.0)).mean()


def initial_mask_loss(raw_mask: Tensor, initial_mask: Tensor) -> Tensor:
    """Pull the fusion mask to the initial one, which thresholds the defocus map.

    Mean absolute difference of the mask *before* its clamp to 0..1, so that a mask far outside
    still finds its way back. The paper's abstract says that an initial mask is refined; the form
    is ours.

    Parameters
    ----------
    raw_mask : B x 1 x h x w
        What the fusion network gives, no activation, no clamp.
    initial_mask : B x 1 x h x w, 0 or 1
    """
    return (raw_mask - initial_mask).abs().mean()


def poisson_loss(fused: Tensor, photo: Tensor, bokeh: Tensor, mask: Tensor) -> Tensor:
    """The Poisson gradient constraint: where the mask is, the fused picture has the photo's edges.

    Elsewhere it has those of the bokeh picture. Mean absolute difference of gradients, forward
    differences along both axes.

    Parameters
    ----------
    fused, photo, bokeh : B x 3 x h x w
    mask : B x 1 x h x w, 1 = in focus
        Taken as given: no gradient flows into it.

    References
    ----------
    Perez, Gangnet and Blake 2003, "Poisson image editing": the guidance field, here as a penalty
    instead of an equation to solve.
    """
    total = fused.new_zeros(())
    known = mask.detach()
    parts = (_steps(fused), _steps(photo), _steps(bokeh), _pairs(known))
    for own, sharp, soft, share in zip(*parts, strict=True):
        guide = share * sharp + (1.0 - share) * soft
        total = total + (own - guide).abs().mean()
    return total


def _steps(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Differences to the pixel below and to the pixel on the right."""
    return picture.diff(dim=-2), picture.diff(dim=-1)


def _pairs(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of a mask over the two pixels that a difference joins."""
    return (mask[..., 1:, :] + mask[..., :-1, :]) / 2, (mask[..., 1:] + mask[..., :-1]) / 2
