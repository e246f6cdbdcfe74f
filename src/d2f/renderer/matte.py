"""Which surface a soft pixel belongs to: the near one, whatever the map says of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage

__all__ = ["near_defocus", "soft_pixels"]


def soft_pixels(matte: FloatImage) -> NDArray[np.bool_]:
    """Pixels that mix a near surface with what lies behind it.

    Parameters
    ----------
    matte : float32 (H, W), 0..1
    """
    soft: NDArray[np.bool_] = (matte > 0) & (matte < 1)
    return soft


def near_defocus(defocus_px: FloatImage, matte: FloatImage) -> FloatImage:
    """Give soft pixels the defocus of the surface that their matte is a share of.

    Depth maps put a hair's pixel on either side. Where the nearest opaque pixel, step by step
    through soft ones, is nearer than the pixel itself, the pixel takes its defocus.

    Parameters
    ----------
    defocus_px : float32 (H, W), px
        Signed radius of the circle of confusion, + nearer than the plane of focus.
    matte : float32 (H, W), 0..1

    Returns
    -------
    defocus_px : float32 (H, W), px
    """
    soft = soft_pixels(matte)
    if not soft.any():
        return defocus_px
    cols = defocus_px.shape[1] + 2  # a border spares tests of where a row ends
    waiting = np.pad(soft, 1).ravel()
    lent = np.pad(defocus_px, 1).ravel()
    opaque = np.pad(matte == 1, 1).ravel()
    steps = (-cols, cols, -1, 1)
    beside = np.flatnonzero(waiting)
    touching = np.unique(np.concatenate([beside + step for step in steps]))
    reached = touching[opaque[touching]]
    while reached.size:
        found = []
        for step in steps:
            onwards = reached + step
            is_new = waiting[onwards]
            onwards = onwards[is_new]
            waiting[onwards] = False
            lent[onwards] = lent[reached[is_new]]
            found.append(onwards)
        reached = np.concatenate(found)
    lent = lent.reshape(-1, cols)[1:-1, 1:-1]
    return np.where(soft, np.maximum(lent, defocus_px), defocus_px)
