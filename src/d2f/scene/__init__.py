"""What a photo shows, and where to focus.

In: photo_srgb (H, W, 3) uint8, upright; a model; on request a depth map of any size.
Out: disparity (H, W) float32, larger = nearer, steep at the photo's edges; focus_map (h, w) 0..1;
the plane of focus as a disparity, with its point and confidence.
"""

from .analyse import View, analyse
from .brush import Stroke, brushed
from .doubts import warnings_of
from .focus import choose_focus
from .plane import Focus
from .refine import disparity_at_full_size
from .subject import held_disparity
from .subjects import Subject, subjects_of

__all__ = [
    "Focus",
    "Stroke",
    "Subject",
    "View",
    "analyse",
    "brushed",
    "choose_focus",
    "disparity_at_full_size",
    "held_disparity",
    "subjects_of",
    "warnings_of",
]
