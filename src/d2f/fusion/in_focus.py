"""Where a photo's own pixels stay."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import FloatImage
from ..checks import check_threads
from ..errors import UsageError
from . import native

__all__ = ["in_focus_mask"]

MOST_CELLS = 1_000_000  # the reach of blur is found on cells; more of them would take too long


def in_focus_mask(defocus_px: FloatImage, *, threads: int = 0) -> FloatImage:
    """How far each pixel of the original stays: in focus, and out of reach of nearer blur.

    Parameters
    ----------
    defocus_px : float32 (H, W), px, finite
        Signed radius of the circle of confusion, + nearer than the plane of focus.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    in_focus : float32 (H, W), 0..1
        1 where |defocus_px| is below 0.5 px and no pixel nearer than the plane of focus, with a
        radius of 1 px or more, has this pixel within its circle; it falls smoothly to 0 at
        |defocus_px| = 1 px. Above a million pixels the reach is found on cells of 2 x 2, 4 x 4, ...
        px, never too small and at most about 4 cells too large.

    Raises
    ------
    UsageError
        If the map has another type or shape, or the threads are no number of them.
    """
    if defocus_px.dtype != np.float32 or defocus_px.ndim != 2:
        raise UsageError(
            f"defocus_px is {defocus_px.dtype} of shape {defocus_px.shape}: give float32 (H, W)."
        )
    check_threads(threads)
    if not defocus_px.size:
        return defocus_px.copy()
    defocus, cell = np.ascontiguousarray(defocus_px), _cell_size(defocus_px.size)
    return native.in_focus_mask(defocus, cell=cell, threads=threads)


def _cell_size(pixels: int) -> int:
    return 1 << max(0, math.ceil(math.log2(pixels / MOST_CELLS) / 2))
