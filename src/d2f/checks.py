"""What the rooms' public functions ask of the arrays and options that they are given."""

from typing import Any

import numpy as np

from d2f.errors import UsageError, told

__all__ = ["check_map", "check_photo", "check_threads"]

MOST_THREADS = 1024  # OpenMP takes any number, the system does not


def check_map(name: str, map_: Any) -> None:  # a user's array: anything may come
    """Refuse what is no map.

    Raises
    ------
    UsageError
        If it is no array of floating-point numbers (H, W), or has no pixel.
    """
    array = isinstance(map_, np.ndarray)
    if not array or map_.dtype.kind != "f" or map_.ndim != 2 or map_.size == 0:
        raise UsageError(f"{name} is {_kind(map_)}: give float32 (H, W) with H, W above 0.")


def check_photo(photo_srgb: Any) -> None:  # likewise
    """Refuse what is no photo in codes.

    Raises
    ------
    UsageError
        If it is no uint8 array (H, W, 3).
    """
    array = isinstance(photo_srgb, np.ndarray)
    if not array or photo_srgb.dtype != np.uint8 or photo_srgb.shape[2:] != (3,):
        raise UsageError(f"the photo is {_kind(photo_srgb)}: give uint8 (H, W, 3).")


def check_threads(threads: Any) -> None:  # likewise
    """Refuse a number of threads that cannot be had.

    Raises
    ------
    UsageError
        If it is no whole number of 0 (all) to 1024.
    """
    if not isinstance(threads, int) or not 0 <= threads <= MOST_THREADS:
        raise UsageError(
            f"threads={told(threads)}: give a whole number, 0 (all) to {MOST_THREADS}."
        )


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return f"a {type(value).__name__}"
