"""The original and the blurred picture become one.

In: defocus_px (H, W); codes of the photo and of its blurred copy.
Out: before the blur, a matte (H, W) 0..1 of the hair along the subject's outline, and the map with
that outline moved; after it, in_focus (H, W) 0..1, 1 where the photo's own pixels stay, and fused
codes.
"""

from .blend import keep_in_focus
from .in_focus import in_focus_mask
from .outline import SoftOutline, soft_outline

__all__ = ["SoftOutline", "in_focus_mask", "keep_in_focus", "soft_outline"]
