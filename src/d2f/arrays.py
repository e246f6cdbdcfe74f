"""The array types that every room speaks; what they hold stands in docs/conventions.md."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["ByteImage", "CodeImage", "DepthUnit", "FloatImage"]

FloatImage = NDArray[np.float32]
ByteImage = NDArray[np.uint8]
CodeImage = NDArray[Any]  # uint8, uint16 or float32 codes: the three depths a file can have
DepthUnit = Literal["m", "1/m", "relative"]  # of a depth map; relative: larger is nearer
