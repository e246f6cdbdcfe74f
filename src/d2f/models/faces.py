"""The face detector at run time: BlazeFace (full range) of MediaPipe, as ONNX; no download.

In: photo, H x W x 3 uint8 sRGB, upright.
Out: faces, each a box, a score and two eyes, in fractions of width and height, best first.
Origin, licence and figures: weights/faces.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from d2f.arrays import ByteImage, FloatImage
from d2f.models.compact import check_photo, quiet_session
from d2f.models.register import FOLDER, checked_bytes

__all__ = ["DetectedFace", "FaceDetector"]

WEIGHTS = FOLDER / "faces.onnx"
LONG_SIDES_PX = (192, 384, 768)  # a face wants about 10 to 100 px of them
SIDE_MULTIPLE_PX = 32
CELL_PX = 4  # one guess per cell of the network's input
LEAST_SCORE = 0.7  # skylines and cucumbers reach .68: weights/faces.md
SAME_FACE = 0.3  # overlap of two boxes over their union: BlazeFace's own figure
LARGEST_LOGIT = 80.0  # keeps its exponential far from overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedFace:
    """A face, in fractions of the photo's width and height from the top left.

    Attributes
    ----------
    box : (x, y, width, height)
        From the chin to the forehead; may reach beyond the photo's border.
    score : float, 0..1
    eyes : two points (x, y)
    """

    box: tuple[float, float, float, float]
    score: float
    eyes: tuple[tuple[float, float], tuple[float, float]]


class FaceDetector:
    """A loaded detector. Detections do not change it, and threads may share it."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    @classmethod
    def load(cls, weights: Path = WEIGHTS) -> Self:
        """Load the detector from its file, checked against the register beside it.

        Raises
        ------
        MissingPartError
            If the weights are missing or damaged.
        """
        return cls(quiet_session(checked_bytes(weights), threads=1))

    def detect(self, photo_srgb: ByteImage) -> list[DetectedFace]:
        """The faces of a photo, best first.

        Parameters
        ----------
        photo_srgb : uint8 (H, W, 3)
            Upright photo in sRGB codes, at least 16 x 16 px.

        Raises
        ------
        PhotoError
            If the photo is of another type or shape, or smaller.
        """
        check_photo(photo_srgb)
        largest = max(min(LONG_SIDES_PX), max(photo_srgb.shape[:2]))
        sides = [side for side in LONG_SIDES_PX if side <= largest]
        guesses = np.concatenate([self._guesses(photo_srgb, side) for side in sides])
        return [_face_from(points, score) for points, score in _merged(guesses)]

    def _guesses(self, photo_srgb: ByteImage, side_px: int) -> FloatImage:
        """Rows of a score and 8 points (centre, size, two eyes, ...), fractions of the photo."""
        rows, cols = photo_srgb.shape[:2]
        scale = side_px / max(rows, cols)
        height, width = max(1, round(rows * scale)), max(1, round(cols * scale))
        image = Image.fromarray(photo_srgb)
        small = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0)
        padded = [-(-side // SIDE_MULTIPLE_PX) * SIDE_MULTIPLE_PX for side in (height, width)]
        seen = np.full((*padded, 3), -1, np.float32)
        seen[:height, :width] = np.asarray(small, np.float32) / np.float32(127.5) - 1
        boxes, logits = self._session.run(
            ["boxes", "scores"], {"photo": np.ascontiguousarray(seen.transpose(2, 0, 1)[None])}
        )
        score = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -LARGEST_LOGIT, LARGEST_LOGIT)))
        found = score >= LEAST_SCORE
        down, along = np.mgrid[: padded[0] // CELL_PX, : padded[1] // CELL_PX]
        centres = (np.stack([along, down], -1).reshape(-1, 2) + 0.5) * CELL_PX
        points = boxes.reshape(-1, 8, 2)[found]
        points[:, [0, *range(2, 8)]] += centres[found, None]
        points /= np.array([width, height], np.float32)
        return np.concatenate([score[found, None], points.reshape(-1, 16)], 1).astype(np.float32)


def _merged(guesses: FloatImage) -> list[tuple[FloatImage, float]]:
    """One face per group of overlapping guesses: their mean, weighted by score."""
    faces, left = [], guesses[np.argsort(-guesses[:, 0], kind="stable")]
    while len(left):
        same = _overlap(left, left[0]) >= SAME_FACE
        same[0] = True
        group, left = left[same], left[~same]
        weights = group[:, :1] / group[:, 0].sum()
        faces.append(((group[:, 1:] * weights).sum(0).reshape(8, 2), float(group[0, 0])))
    return faces


def _overlap(guesses: FloatImage, one: FloatImage) -> NDArray[np.float32]:
    """Intersection over union of boxes with one of them."""
    low = np.maximum(guesses[:, 1:3] - guesses[:, 3:5] / 2, one[1:3] - one[3:5] / 2)
    high = np.minimum(guesses[:, 1:3] + guesses[:, 3:5] / 2, one[1:3] + one[3:5] / 2)
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = np.prod(guesses[:, 3:5], axis=1) + np.prod(one[3:5]) - common
    overlap: NDArray[np.float32] = common / np.maximum(union, np.float32(1e-12))
    return overlap


def _face_from(points: FloatImage, score: float) -> DetectedFace:
    centre, size = points[0], np.maximum(points[1], 0)
    left, top = centre - size / 2
    (one_x, one_y), (other_x, other_y) = points[2:4].tolist()
    return DetectedFace(
        box=(float(left), float(top), float(size[0]), float(size[1])),
        score=score,
        eyes=((one_x, one_y), (other_x, other_y)),
    )
