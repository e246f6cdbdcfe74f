"""Depth by any ONNX file with one picture in and one map out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from PIL import Image

from d2f.arrays import ByteImage
from d2f.errors import PhotoError
from d2f.models.compact import check_photo, quiet_session
from d2f.models.depth_providers import DepthUnit, ProvidedDepth, depth_from_output

__all__ = ["OnnxDepth"]

LONG_SIDE_PX = 518  # of Depth Anything V2, where the file leaves the size open
SIDE_MULTIPLE_PX = 14  # of its patches; also what most others take
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # what depth networks are trained with
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)
UNIT_KEY = "depth_unit"  # of the file's metadata: m, 1/m or relative
UNITS: dict[str, DepthUnit] = {"m": "m", "1/m": "1/m", "relative": "relative"}
LONGEST_SIDE_PX = 4096  # of a picture for a network: beyond, memory ends before the photo does
WANTED = "give one with an input 1 x 3 x H x W and an output 1 x H x W"


class OnnxDepth:
    """A loaded ONNX file. Calls do not change it."""

    def __init__(
        self, session: onnxruntime.InferenceSession, *, unit: DepthUnit, name: str
    ) -> None:
        self._session = session
        self._unit = unit
        self._name = name

    @classmethod
    def load(cls, path: Path, *, unit: DepthUnit = "relative") -> Self:
        """Load a file.

        Parameters
        ----------
        path : Path
            Its input is 1 x 3 x H x W float32, sRGB codes 0..1 less ImageNet's mean over its
            deviation; its first output 1 x H x W or 1 x 1 x H x W. Where H and W are left open
            the long side is 518 px, both sides multiples of 14.
        unit : "m", "1/m" or "relative"
            What the output means, where the file's metadata has no `depth_unit`.

        Raises
        ------
        PhotoError
            If the file cannot be read, or is no such network.
        """
        try:
            session = quiet_session(path.read_bytes(), threads=0)
        except OSError as error:
            reason = error.strerror or error
            raise PhotoError(f"{path} cannot be read ({reason}): check its name.") from None
        except Exception as error:  # onnxruntime has a dozen kinds without a common base
            raise PhotoError(f"{path} is no network in ONNX: {WANTED}.") from error
        inputs = session.get_inputs()
        if len(inputs) != 1 or not _takes_a_photo(inputs[0].shape):
            shapes = ", ".join(f"{put.name} {put.shape}" for put in inputs)
            raise PhotoError(f"{path} wants {shapes}: {WANTED}.")
        stated = session.get_modelmeta().custom_metadata_map.get(UNIT_KEY)
        return cls(session, unit=UNITS.get(stated or "", unit), name=path.name)

    def depth_of(self, photo_srgb: ByteImage) -> ProvidedDepth:
        """Depth of an upright photo, uint8 (H, W, 3).

        Raises
        ------
        PhotoError
            If the network fails on it, or gives no map.
        """
        check_photo(photo_srgb)
        put = self._session.get_inputs()[0]
        size = _size_for(photo_srgb.shape[:2], put.shape[2:])
        small = Image.fromarray(photo_srgb).resize(
            size[::-1], Image.Resampling.BICUBIC, reducing_gap=3.0
        )
        codes = (np.asarray(small, np.float32) / np.float32(255) - IMAGENET_MEAN) / IMAGENET_STD
        try:
            seen = np.ascontiguousarray(codes.transpose(2, 0, 1)[None])
            output = np.asarray(self._session.run(None, {put.name: seen})[0], np.float32)
        except Exception as error:  # as above
            raise PhotoError(f"{self._name} fails on this photo: {WANTED}.") from error
        is_one_map = output.ndim in (3, 4) and output.size == math.prod(output.shape[-2:])
        depth = output.reshape(output.shape[-2:]) if is_one_map else output
        return depth_from_output(depth, unit=self._unit, name=self._name)


def _takes_a_photo(shape: list[int | str | None]) -> bool:
    """1 x 3 x H x W, whose sides are left open (a name, or -1) or can be made."""
    if len(shape) != 4 or shape[1] not in (3, "3"):
        return False
    sides = [side for side in shape[2:] if isinstance(side, int)]
    return all(side == -1 or 1 <= side <= LONGEST_SIDE_PX for side in sides)


def _size_for(photo: tuple[int, ...], wanted: list[int | str | None]) -> tuple[int, int]:
    """Rows and columns for the network: its own where it states them."""
    rows, cols = (side if isinstance(side, int) and side > 0 else None for side in wanted)
    if rows is not None and cols is not None:
        return rows, cols
    scale = LONG_SIDE_PX / max(photo)
    own = [max(1, round(side * scale / SIDE_MULTIPLE_PX)) * SIDE_MULTIPLE_PX for side in photo]
    return rows or own[0], cols or own[1]
