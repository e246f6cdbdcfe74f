"""Depth by any depth-estimation checkpoint of transformers whose unit is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self  # transformers' objects have no types worth naming

import numpy as np
from PIL import Image

from d2f.arrays import ByteImage
from d2f.errors import MissingPartError, PhotoError
from d2f.models.compact import check_photo
from d2f.models.depth_providers import DepthUnit, ProvidedDepth, depth_from_output

__all__ = ["TransformersDepth"]

# What `predicted_depth` means, by the checkpoint's model_type (transformers' own pages).
UNIT_OF: dict[str, DepthUnit] = {
    "dpt": "relative",
    "depth_anything": "relative",  # unless its config says metric
    "depth_pro": "m",
    "zoedepth": "m",
    "glpn": "m",
}
INSTALL = 'pip install "d2f[depth]"'


class TransformersDepth:
    """A loaded checkpoint. Calls do not change it."""

    def __init__(self, model: Any, processor: Any, *, name: str) -> None:
        self._model = model
        self._processor = processor
        self._name = name
        self._unit = _unit_of(model.config, name)

    @classmethod
    def load(cls, name: str) -> Self:
        """Load a checkpoint from a folder, transformers' cache, or the hub.

        Raises
        ------
        PhotoError
            If there is one, but it is not for depth.
        MissingPartError
            If transformers or torch is not installed, or there is no such checkpoint here and it
            cannot be downloaded.
        """
        try:
            from transformers import AutoImageProcessor, AutoModelForDepthEstimation
            from transformers.utils import logging
        except ImportError as error:
            raise MissingPartError(
                f"--depth-model {name} needs transformers and torch: {INSTALL}."
            ) from error
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        is_folder = Path(name).is_dir()
        try:
            processor = AutoImageProcessor.from_pretrained(name, local_files_only=is_folder)
            model = AutoModelForDepthEstimation.from_pretrained(name, local_files_only=is_folder)
        except ImportError as error:  # transformers is there, torch is not
            raise MissingPartError(f"--depth-model {name} needs torch: {INSTALL}.") from error
        except (ValueError, KeyError) as error:
            raise PhotoError(
                f"{name} is no depth-estimation checkpoint: give one of {_known()}."
            ) from error
        except OSError as error:
            raise MissingPartError(_not_there(name, is_folder=is_folder)) from error
        return cls(model.eval().requires_grad_(False), processor, name=name)

    def depth_of(self, photo_srgb: ByteImage) -> ProvidedDepth:
        """Depth of an upright photo, uint8 (H, W, 3).

        Raises
        ------
        PhotoError
            If the checkpoint gives no finite map.
        """
        check_photo(photo_srgb)
        seen = self._processor(images=Image.fromarray(photo_srgb), return_tensors="pt")
        try:
            outputs = self._model(**seen)
        except RuntimeError as error:
            raise PhotoError(
                f"{self._name} fails on a photo of {photo_srgb.shape[1]} x {photo_srgb.shape[0]} "
                "pixels: its preprocessor does not fit it, give another checkpoint."
            ) from error
        # Of these, ZoeDepth alone pads its pictures and has to know what it may cut off.
        sizes = {"source_sizes": [photo_srgb.shape[:2]]}
        sizes = sizes if self._model.config.model_type == "zoedepth" else {}
        (result,) = self._processor.post_process_depth_estimation(outputs, **sizes)
        output = result["predicted_depth"].numpy().astype(np.float32)
        return depth_from_output(output, unit=self._unit, name=self._name)


def _unit_of(config: Any, name: str) -> DepthUnit:
    if getattr(config, "depth_estimation_type", None) == "metric":
        return "m"
    unit = UNIT_OF.get(config.model_type)
    if unit is None:
        raise PhotoError(
            f"{name} is of the kind {config.model_type}, whose unit is unknown: give one of "
            f"{_known()}."
        )
    return unit


def _known() -> str:
    return f"{', '.join(UNIT_OF)}, or an ONNX file"


def _not_there(name: str, *, is_folder: bool) -> str:
    if is_folder:
        return f"{name} holds no checkpoint: it needs config.json, weights and a preprocessor."
    return (
        f"{name} is no folder here and cannot be downloaded now: give a folder with the "
        "checkpoint, or its name while the network is there."
    )
