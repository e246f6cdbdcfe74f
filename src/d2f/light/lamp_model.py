"""How bright a clipped blob was: a small fitted regression on what is left to see.

The numbers in lamp_model.json were fitted by `python -m d2f.train.highlights`, which they name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..optics.luminance import BT709_LUMINANCE
from .blobs import ClippedBlobs, describe_surroundings, picture_scale

__all__ = ["FEATURES", "LampModel", "features_of_blobs", "load_model"]

MEDIAN_SAMPLES = 65536  # pixels that the photo's median is taken from

# Part of the fit: another value asks for other numbers in lamp_model.json. Floors are light that
# is added before the logarithm, so that noise in the dark says nothing.
MEDIAN_FLOOR = 1e-3  # the whole photo's median is steadier than its pixels
COLOUR_FLOOR = 0.02  # a blob's own channels, which are bright
GROUND_FLOOR = 5e-3  # about code 16 of 255
JUST_ABOVE_WHITE = 1.004  # about 1 + 1/256: fullness ends at 8
GROUND_NEAR = slice(2, 4)  # of DISTANCES: 3 and 4 px from the blob
LARGEST_LOGIT = 30.0  # keeps its exponential far from overflow

FEATURES = (
    *("size", "fill", "elongation", "photo median", "core"),
    *(f"{name} {c}" for name in ("fullness", "light", "rim") for c in "RGB"),
    *(f"brightness at distance {k}" for k in range(7)),
    *("ground near", "ground far"),
)


@dataclass(frozen=True, slots=True)
class LampModel:
    """A network with one hidden layer.

    Attributes
    ----------
    low, high : float32 (F,)
        The range of features that the fit has seen; they are limited to it and scaled to -1..1.
    hidden, hidden_bias : float32 (F, K), (K,)
    out, out_bias : float32 (K, 4), (4,)
    """

    low: FloatImage
    high: FloatImage
    hidden: FloatImage
    hidden_bias: FloatImage
    out: FloatImage
    out_bias: FloatImage

    def __call__(self, features: FloatImage) -> tuple[FloatImage, FloatImage]:
        """What each blob was.

        Returns
        -------
        log2_light : float32 (N, 3)
            Of each channel, mean over the blob's pixels, if it is a lamp.
        lamp : float32 (N,), 0..1
            Probability that it is one, and not a white thing.
        """
        limited = np.clip(features, self.low, self.high)
        scaled = 2 * (limited - self.low) / (self.high - self.low) - 1
        hidden = np.maximum(scaled @ self.hidden + self.hidden_bias, 0)
        result = hidden @ self.out + self.out_bias
        logit = np.clip(result[:, 3], -LARGEST_LOGIT, LARGEST_LOGIT)
        return result[:, :3], 1 / (1 + np.exp(-logit))


@cache
def load_model() -> LampModel:
    """The model that lies in the package."""
    text = resources.files(__package__).joinpath("lamp_model.json").read_text("utf-8")
    values = json.loads(text)["model"]
    return LampModel(**{k: np.array(v, np.float32) for k, v in values.items()})


def features_of_blobs(
    radiance: FloatImage, clip_light: float, blobs: ClippedBlobs, *, threads: int = 0
) -> FloatImage:
    """What is left to see of each blob, (N, len(FEATURES)) float32, mostly in log2.

    Parameters
    ----------
    radiance : float32 (H, W, 3), C order, 1 = white
        As clipped.
    clip_light : float
        A pixel whose largest channel reaches this was clipped.
    blobs : ClippedBlobs
    threads : int
        0 uses every core; the result is the same for any number.
    """
    medians, means = describe_surroundings(
        radiance, clip_light, blobs.box, blobs.centre, threads=threads
    )
    cols, rows = (blobs.box[:, 2:] - blobs.box[:, :2]).T.astype(np.float32)
    brightness = means.max(axis=2)
    ground = medians.max(axis=2)
    columns = [
        np.log2(np.sqrt(blobs.area) / picture_scale(*radiance.shape[:2])),
        blobs.area / (cols * rows),
        np.abs(np.log2(cols / rows)),
        np.full(len(blobs.area), _log2(photo_median(radiance), MEDIAN_FLOOR)),
        _fullness(blobs.core),
        *_fullness(blobs.colour).T,
        *_log2(blobs.colour, COLOUR_FLOOR).T,
        *_log2(means[:, 0], GROUND_FLOOR).T,
        *_log2(brightness, GROUND_FLOOR).T,
        _log2(ground[:, GROUND_NEAR].mean(axis=1), GROUND_FLOOR),
        _log2(ground[:, -1], GROUND_FLOOR),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def photo_median(radiance: FloatImage) -> np.float32:
    """Median luminance, from an even sample: 0.2 by day, below 0.04 at night."""
    step = max(1, int(np.sqrt(radiance.shape[0] * radiance.shape[1] / MEDIAN_SAMPLES)))
    return np.float32(np.median(radiance[::step, ::step] @ BT709_LUMINANCE))


def _log2(light: NDArray[np.float32] | np.float32, floor: float) -> FloatImage:
    result: FloatImage = np.log2(np.maximum(light, 0) + np.float32(floor))
    return result


def _fullness(colour: FloatImage) -> FloatImage:
    # A lamp far beyond white fills its blob with exactly 1.0, white paper stays a little below:
    # 8 for all at 1, 5 for a mean of 0.97, 0 for black.
    result: FloatImage = -np.log2(np.float32(JUST_ABOVE_WHITE) - np.minimum(colour, 1))
    return result
