"""Fewer samples of a disparity map."""

import numpy as np

from ..arrays import FloatImage

__all__ = ["disparity_at_centres"]


def disparity_at_centres(disparity: FloatImage, size: tuple[int, ...]) -> FloatImage:
    """The disparity at the centre of each of fewer cells; means would lie between near and far.

    Parameters
    ----------
    disparity : float32 (H, W)
    size : (h, w)

    Returns
    -------
    float32 (h, w)
        Contiguous.
    """
    down, along = (
        ((np.arange(few) + 0.5) * many / few).astype(np.int64)
        for few, many in zip(size, disparity.shape, strict=True)
    )
    return np.ascontiguousarray(disparity[np.ix_(down, along)])
