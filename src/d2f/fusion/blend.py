"""The original where it is in focus, the blurred picture elsewhere."""

from __future__ import annotations

import numpy as np

from ..arrays import CodeImage, FloatImage
from ..checks import check_threads
from ..errors import UsageError
from . import native

__all__ = ["keep_in_focus"]

CODE_TYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))


def keep_in_focus(
    original_codes: CodeImage, blurred_codes: CodeImage, in_focus: FloatImage, *, threads: int = 0
) -> CodeImage:
    """Keep the original's codes where it is in focus.

    Parameters
    ----------
    original_codes, blurred_codes : uint8, uint16 or float32 (H, W, C)
        The photo as read, and the same photo blurred.
    in_focus : float32 (H, W), 0..1
        1 keeps the original's codes exactly, 0 gives exactly the blurred ones, between them they
        are mixed.
    threads : int
        0 uses every core; the result is the same for any number.

    Returns
    -------
    codes : as original_codes

    Raises
    ------
    UsageError
        If the types or sizes do not match.
    """
    _check(original_codes, blurred_codes, in_focus)
    check_threads(threads)
    original, blurred = np.ascontiguousarray(original_codes), np.ascontiguousarray(blurred_codes)
    return native.keep_in_focus(original, blurred, np.ascontiguousarray(in_focus), threads=threads)


def _check(original: CodeImage, blurred: CodeImage, in_focus: FloatImage) -> None:
    if original.dtype not in CODE_TYPES or blurred.dtype != original.dtype:
        raise UsageError(
            f"the original's codes are {original.dtype}, the blurred ones {blurred.dtype}: "
            "give both as uint8, uint16 or float32."
        )
    if original.ndim != 3 or blurred.shape != original.shape:
        raise UsageError(
            f"the original has shape {original.shape}, the blurred picture {blurred.shape}: "
            "give two pictures of one size, (H, W, C)."
        )
    if in_focus.dtype != np.float32 or in_focus.shape != original.shape[:2]:
        raise UsageError(
            f"in_focus is {in_focus.dtype} of shape {in_focus.shape}, the picture has "
            f"{original.shape[:2]}: give a float32 mask of the picture's size."
        )
