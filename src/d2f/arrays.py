"""The array types that every room speaks; what they hold stands in docs/conventions.md.

And the one thing that all do with maps: bring them to another size.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["ByteImage", "CodeImage", "DepthUnit", "FloatImage", "resized"]

FloatImage = NDArray[np.float32]
ByteImage = NDArray[np.uint8]
CodeImage = NDArray[Any]  # uint8, uint16 or float32 codes: the three depths a file can have
DepthUnit = Literal["m", "1/m", "relative"]  # of a depth map; relative: larger is nearer


def resized(map_: FloatImage, size: tuple[int, ...]) -> FloatImage:
    """A map, float32 (H, W), at another size (h, w), bilinear; smaller ones are means."""
    from PIL import Image  # here: `import d2f` needs no Pillow

    rows, cols = size
    return np.asarray(Image.fromarray(map_).resize((cols, rows), Image.Resampling.BILINEAR))
