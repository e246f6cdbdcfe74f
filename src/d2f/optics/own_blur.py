"""A shot's own blur: what the camera's lens has done already, and what is missing.

A point that lies off the plane of focus leaves the camera as a disc of radius r_own. Blurring the
picture with a disc of radius r_added spreads every point of that disc again, and second moments of
convolved kernels add: along an axis a disc of radius r has the variance r^2 / 4, so

    r_wanted^2 = r_own^2 + r_added^2.

The result has the extent of the wanted disc, its rim a little softer. Where both lenses focus on
one plane every radius is the same multiple of 1 / N, and what is missing is a lens as well:

    1 / N_added^2 = 1 / N_wanted^2 - 1 / N_own^2.

What is blurred more than wanted stays as it is: a picture cannot be stopped down afterwards.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatImage

__all__ = ["missing_defocus"]


def missing_defocus(wanted_px: FloatImage, own_px: FloatImage) -> FloatImage:
    """The blur that a shot lacks.

    Parameters
    ----------
    wanted_px : float32 (H, W), px
        Signed radius that the picture should have, + nearer than the plane of focus.
    own_px : float32 (H, W), px
        Radius that the shot has already; its sign does not count.

    Returns
    -------
    defocus_px : float32 (H, W), px
        With the signs of `wanted_px`; 0 where the shot is blurred enough.

    Examples
    --------
    >>> missing_defocus(np.float32([[5, -5, 2]]), np.float32([[3, -4, 9]]))
    array([[ 4., -3.,  0.]], dtype=float32)
    """
    missing: FloatImage = np.sqrt(np.maximum(np.square(wanted_px) - np.square(own_px), 0))
    return np.copysign(missing, wanted_px)
