"""Closed-form optics on arrays; numpy only.

In: disparity (1/m, larger = nearer), a lens, an aperture, a file's codes.
Out: defocus_px (signed radius in pixels, + nearer), column spans of apertures, linear light.
"""

from .aperture import Aperture
from .own_blur import missing_defocus
from .sampling import disparity_at_centres
from .thin_lens import (
    ThinLens,
    blur_scale_px,
    defocus_from_disparity,
    f_number_from_blur,
    untilted_disparity,
)
from .tone_curves import (
    BT709,
    HLG,
    LINEAR,
    PQ,
    SRGB,
    ToneCurve,
    codes_from_light,
    gamma_curve,
    light_from_codes,
)

__all__ = [
    "BT709",
    "HLG",
    "LINEAR",
    "PQ",
    "SRGB",
    "Aperture",
    "ThinLens",
    "ToneCurve",
    "blur_scale_px",
    "codes_from_light",
    "defocus_from_disparity",
    "disparity_at_centres",
    "f_number_from_blur",
    "gamma_curve",
    "light_from_codes",
    "missing_defocus",
    "untilted_disparity",
]
