"""The compiled kernels of fusion, each with its twin in `reference`.

Arrays must be C-contiguous and of the types told; the room's other modules see to that. `threads`
0 uses every core, and the result is the same for any number.
"""

from __future__ import annotations

import numpy as np

import d2f._native as _native

from ..arrays import ByteImage, CodeImage, FloatImage

__all__ = ["apply_outline", "in_focus_mask", "keep_in_focus"]


def apply_outline(
    photo_srgb: ByteImage,
    tones: FloatImage,
    defocus_px: FloatImage,
    cells: FloatImage,
    *,
    threads: int = 0,
) -> tuple[FloatImage, FloatImage]:
    """Coverage of pixels along an outline, and the map with its outline moved to match.

    Parameters
    ----------
    photo_srgb : uint8 (H, W, 3)
    tones : float32 (256,)
        What each code counts as.
    defocus_px : float32 (H, W), px
    cells : float32 (rows, cols, 7)
        Cells that cover the picture: slope by red, green, blue and offset of the coverage as a
        function of tones, defocus of the near and of the far side; all of them times the last,
        the trust in them, 0..1. Between centres they are interpolated.
    threads : int

    Returns
    -------
    matte : float32 (H, W), 0..1
        1 where there is no trust, or the pixel is 1 px or more nearer than the plane of focus.
    moved : float32 (H, W), px
        Of pixels that changed sides, the defocus of the other; of the rest, their own.
    """
    matte, moved = np.empty_like(defocus_px), np.empty_like(defocus_px)
    _native.apply_outline(photo_srgb, tones, defocus_px, cells, matte, moved, threads=threads)
    return matte, moved


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
