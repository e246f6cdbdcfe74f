"""Light through the opening: where every point of light goes when it is out of focus.

In: radiance (H, W, 3), linear light with no ceiling; defocus_px (H, W), signed radius in pixels,
+ nearer than the plane of focus; an Aperture.
Out: radiance (H, W, 3), the same bytes where nothing is blurred and no blur reaches.
"""

from .matte import near_defocus, soft_pixels
from .native import blur

__all__ = ["blur", "near_defocus", "soft_pixels"]
