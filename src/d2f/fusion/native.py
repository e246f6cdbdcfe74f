"""The compiled kernels of fusion, each with its twin in `reference`.

Arrays must be C-contiguous and of the types told; the room's other modules see to that. `threads`
0 uses every core, and the result is the same for any number.
"""

from __future__ import annotations

import numpy as np

import d2f._native as _native

from ..arrays import CodeImage, FloatImage

__all__ = ["in_focus_mask", "keep_in_focus"]


def in_focus_mask(defocus_px: FloatImage, *, cell: int, threads: int = 0) -> FloatImage:
    """How far each pixel is in focus and out of reach of nearer blur.

    Parameters
    ----------
    defocus_px : float32 (H, W), px
    cell : int, px
        1, 2, 4, ...: the side of the cells on which the reach of blur is found.
    threads : int

    Returns
    -------
    in_focus : float32 (H, W), 0..1
    """
    in_focus = np.empty(defocus_px.shape, np.float32)
    _native.in_focus_mask(defocus_px, in_focus, cell=cell, threads=threads)
    return in_focus


def keep_in_focus(
    original: CodeImage, blurred: CodeImage, in_focus: FloatImage, *, threads: int = 0
) -> CodeImage:
    """The original's codes where the mask is 1, the blurred ones where it is 0, a mixture between.

    Parameters
    ----------
    original, blurred : uint8, uint16 or float32 (H, W, C)
    in_focus : float32 (H, W), 0..1
    threads : int

    Returns
    -------
    fused : as original
        Mixtures of integers are rounded half up.
    """
    fused = np.empty(original.shape, original.dtype)
    _native.keep_in_focus(original, blurred, in_focus, fused, threads=threads)
    return fused
