"""How good a network in training is on photos that it never saw."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from d2f.arrays import ByteImage, FloatImage, resized
from d2f.measures import metrics
from d2f.models.compact import network_photo
from d2f.train.data import DepthPair, MaskPhoto, PhotoFolder
from d2f.train.network import CompactNetwork

__all__ = ["Predictor", "network_predictor", "score", "validation_figures"]

JUDGED_SIDE_PX = 384  # one look, between the two that `CompactModel.predict` takes
Predictor = Callable[[ByteImage], tuple[FloatImage, FloatImage]]  # photo to disparity, focus map


def network_predictor(network: CompactNetwork, *, long_side_px: int = JUDGED_SIDE_PX) -> Predictor:
    """The network on a reduced copy of a photo, maps at half its size."""

    def predict(photo: ByteImage) -> tuple[FloatImage, FloatImage]:
        small = network_photo(photo, long_side_px=long_side_px)
        codes = torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1)[None]
        with torch.inference_mode():
            disparity, focus_map, _ = network(codes.float() / 255.0)
        return disparity[0].numpy(), focus_map[0].numpy()

    return predict


def validation_figures(predict: Predictor, photos: PhotoFolder) -> dict[str, float]:
    """Focus and depth figures; depth of real, of pseudo and of all pairs apart."""
    figures = focus_figures(predict, photos.masks)
    return figures | depth_figures(predict, photos.pairs)


def focus_figures(predict: Predictor, masks: tuple[MaskPhoto, ...]) -> dict[str, float]:
    """focus_hit, max_f and mae over photos with masks."""
    maps = [resized(predict(item.photo)[1], item.mask.shape) for item in masks]
    truths = [item.mask > 0 for item in masks]
    curves = [metrics.precision_recall(*pair) for pair in zip(maps, truths, strict=True)]
    errors = [np.abs(map_ - truth).mean() for map_, truth in zip(maps, truths, strict=True)]
    hits = [metrics.focus_hit(map_, truth) for map_, truth in zip(maps, truths, strict=True)]
    return {
        "focus_hit": float(np.mean(hits)),
        "max_f": metrics.best_f(curves),
        "mae": float(np.mean(errors)),
    }


def depth_figures(predict: Predictor, pairs: tuple[DepthPair, ...]) -> dict[str, float]:
    """delta1 and ordinal error over photos with depth: all, real and pseudo."""
    near: list[float] = []
    wrong: list[float] = []
    for pair in pairs:
        disparity = resized(predict(pair.photo)[0], pair.disparity.shape)
        near.append(metrics.delta1(disparity, pair.disparity, affine=pair.affine))
        wrong.append(metrics.ordinal_error(disparity, pair.disparity, affine=pair.affine))
    real = np.array([pair.real for pair in pairs])
    figures: dict[str, float] = {}
    for label, chosen in (("all", np.ones_like(real)), ("real", real), ("pseudo", ~real)):
        figures[f"delta1_{label}"] = mean_of_known(np.array(near)[chosen])
        figures[f"ordinal_{label}"] = mean_of_known(np.array(wrong)[chosen])
    return figures


def mean_of_known(values: NDArray[np.float64]) -> float:
    """Mean of the values that are not NaN; NaN if there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def score(figures: dict[str, float]) -> float:
    """One figure to keep the best weights by: order of depth and outline of the subject."""
    return 0.5 * (1.0 - figures["ordinal_all"]) + 0.5 * figures["max_f"]
