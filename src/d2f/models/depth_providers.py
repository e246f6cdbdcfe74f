"""Depth by other networks, behind one protocol: a transformers checkpoint or an ONNX file.

In: photo, H x W x 3 uint8 sRGB, upright.
Out: disparity of any size, relative (0..1, 1 = nearest) or in 1/m, as the provider states.
Each kind is imported when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from d2f.arrays import ByteImage, DepthUnit, FloatImage
from d2f.errors import PhotoError
from d2f.models.compact import relative_disparity

__all__ = ["DepthProvider", "DepthUnit", "ProvidedDepth", "depth_from_output", "depth_provider"]

NEAREST_M = 0.1  # what a network draws nearer is noise: it was not trained on macros


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProvidedDepth:
    """Depth of a photo as a provider sees it.

    Attributes
    ----------
    disparity : float32 (h, w)
        Larger is nearer; of any size, the picture the photo's.
    metric : bool
        Whether disparity is in 1/m; else it is relative, 0..1.
    """

    disparity: FloatImage
    metric: bool


class DepthProvider(Protocol):
    """A network that sees depth in a photo."""

    def depth_of(self, photo_srgb: ByteImage) -> ProvidedDepth:
        """Depth of an upright photo, uint8 (H, W, 3)."""


@cache
def depth_provider(name: str, *, unit: DepthUnit = "relative") -> DepthProvider:
    """Load a provider; it is kept, since one network serves many photos.

    Parameters
    ----------
    name : str
        `FILE.onnx`; or a folder with a transformers depth-estimation checkpoint, or the name of
        one on the hub, which transformers downloads unless it lies in its cache.
    unit : "m", "1/m" or "relative"
        What the output of an ONNX file means that does not say so itself.

    Raises
    ------
    PhotoError
        If a file or folder is there, but no network for depth.
    MissingPartError
        If transformers is not installed, or the checkpoint cannot be had.
    """
    if name.lower().endswith(".onnx"):
        from d2f.models.depth_onnx import OnnxDepth

        return OnnxDepth.load(Path(name), unit=unit)
    if Path(name).is_file():
        raise PhotoError(f"{name} is a file, but no NAME.onnx: give one, or a checkpoint's folder.")
    from d2f.models.depth_transformers import TransformersDepth

    return TransformersDepth.load(name)


def depth_from_output(output: FloatImage, *, unit: DepthUnit, name: str) -> ProvidedDepth:
    """A network's output (h, w) as depth.

    Raises
    ------
    PhotoError
        If it is not a finite map.
    """
    if output.ndim != 2 or output.size == 0 or not np.isfinite(output).all():
        raise PhotoError(
            f"{name} gave no depth but {output.dtype} {output.shape}: give a network whose output "
            "is one map of finite values."
        )
    if unit == "relative":
        return ProvidedDepth(disparity=relative_disparity(output), metric=False)
    if unit == "m":
        output = np.reciprocal(np.maximum(output, np.float32(NEAREST_M)))
    disparity: FloatImage = np.clip(output, 0, 1 / NEAREST_M).astype(np.float32)
    return ProvidedDepth(disparity=disparity, metric=True)
