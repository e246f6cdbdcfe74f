"""How much each primary adds to brightness, as the standards weigh them; each sums to 1."""

import numpy as np

__all__ = ["BT601_LUMA", "BT709_LUMINANCE"]

BT709_LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)  # of light, ITU-R BT.709-6
BT601_LUMA = np.array((0.299, 0.587, 0.114), np.float32)  # of display codes, ITU-R BT.601-7; JPEG's
