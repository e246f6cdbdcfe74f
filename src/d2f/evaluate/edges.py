"""How well a disparity map finds the photo's edges when it is brought from network size to full.

The exact map of a ray-traced scene is made as a network would give it: blurred by half a sample,
off by a fraction of one, reduced. What comes back is judged around the true depth edges, which are
pixels that differ from a neighbour by more than 1 px of defocus:

- band error: mean error in px of defocus within 6 px of a true edge;
- edge F1: of the edges found and the true ones, each within 2 px of one of the other;
- halfway: share of that band whose value lies between the sides (20 to 80 % of the range of the
  true map within 6 px) and is off by more than 20 % of it: a depth where nothing is;
- error: mean error in px of defocus over the whole picture;
- render_psnr, on request: PSNR in dB, in sRGB, of the scene rendered with that map to the true
  picture through the lens; a border of the largest radius is left out. Beside it the exact map's.

Figures of a set are means over its scenes; a bilinear enlargement is scored beside ours.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from d2f.arrays import ByteImage, FloatImage, resized
from d2f.errors import PhotoError
from d2f.measures.collection import opened
from d2f.measures.similarity import psnr
from d2f.optics import SRGB, codes_from_light
from d2f.renderer import blur
from d2f.scene import disparity_at_full_size

__all__ = ["EdgeScores", "edge_scores", "evaluate_edges", "network_like"]

EdgeScores = dict[str, float]
Enlargement = Callable[[FloatImage, ByteImage], FloatImage]
BoolImage = NDArray[np.bool_]

EDGE_STEP_PX = 1.0  # of defocus between neighbours, as in the ground truth's own score
BAND_PX = 6
MATCH_PX = 2
BETWEEN = 0.2  # of the range: how far from both sides a value lies halfway
REDUCTIONS = (6, 12)  # pixels per sample: a photo of about 1300 px, and one of 2700
LEAST_SIDE_PX = max(REDUCTIONS)  # of a scene: a sample at least
LEAST_BORDER_PX = 3
BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error)
SHIFT_SAMPLES = (0.7 / 6, 1.5 / 6)  # least and largest offset of the small map


def evaluate_edges(root: Path, *, render: bool = False) -> dict[str, object]:
    """Score enlargements on every scene of a folder.

    Parameters
    ----------
    root : Path
        Folder with NAME.npz (`defocus`, H x W, px) and NAME.png (the photo) for each scene.
    render : bool
        Also render each scene: NAME.npz must hold `aif` and `bokeh`, linear light through a
        pinhole and through the lens.

    Returns
    -------
    report : dict
        For "bilinear at 1/6", "mode at 1/6", and so on: the mean scores; for "exact" that of its
        renderings alone.

    Raises
    ------
    PhotoError
        If the folder has no scene, or one that cannot be read.
    """
    paths = sorted(root.glob("*.npz"))
    scenes = [_read_scene(path) for path in paths]
    if not scenes:
        raise PhotoError(f"{root} has no scene NAME.npz: give the folder of the ray-traced set.")
    ways: dict[str, Enlargement] = {"bilinear": _bilinear, "mode": _mode}
    report: dict[str, object] = {"scenes": len(scenes)}
    lenses = [_Lens(path) for path in paths] if render else [None] * len(paths)
    if render:
        exact = [lens.psnr(maps[1]) for lens, maps in zip(lenses, scenes, strict=True) if lens]
        report["exact"] = {"render_psnr": float(np.mean(exact))}
    for reduction in REDUCTIONS:
        for name, enlarge in ways.items():
            scores = [
                _scene_scores(enlarge, photo, defocus, lens, reduction, seed)
                for seed, ((photo, defocus), lens) in enumerate(zip(scenes, lenses, strict=True))
            ]
            report[f"{name} at 1/{reduction}"] = {
                key: float(np.mean([score[key] for score in scores])) for key in scores[0]
            }
    return report


def _array(path: Path, name: str) -> FloatImage:
    try:
        # TypeError: one array, no archive of them. Infinity in float32 is told below.
        with np.load(path) as arrays, np.errstate(over="ignore"):
            array = np.ascontiguousarray(arrays[name].astype(np.float32, casting="same_kind"))
    except (OSError, EOFError, KeyError, TypeError, ValueError, *BROKEN_ARCHIVE) as error:
        raise PhotoError(
            f"{path} holds no array `{name}` of numbers: leave the scene out or make it again."
        ) from error
    if not np.isfinite(array).all():
        raise PhotoError(
            f"{path} holds `{name}` with NaN or infinity: leave the scene out or make it again."
        )
    return array


class _Lens:
    """A scene through the pinhole, and what the lens makes of it."""

    def __init__(self, path: Path) -> None:
        self._radiance, self._truth = _array(path, "aif"), _array(path, "bokeh")
        defocus_px = _array(path, "defocus")
        wanted = (*defocus_px.shape, 3)
        for name, light in (("aif", self._radiance), ("bokeh", self._truth)):
            if light.shape != wanted:
                raise PhotoError(
                    f"{path} holds `{name}` of shape {light.shape}: {wanted} is needed, as of "
                    "`defocus`."
                )
        largest_px = float(np.abs(defocus_px).max())
        self._border = max(LEAST_BORDER_PX, int(np.ceil(largest_px)))
        if 2 * self._border >= min(defocus_px.shape):
            raise PhotoError(
                f"{path} holds a defocus of {largest_px:.4g} px, which leaves nothing of the "
                "picture beside the border: leave the scene out."
            )

    def psnr(self, defocus_px: FloatImage) -> float:
        inside = slice(self._border, -self._border)
        output, truth = (
            codes_from_light(np.clip(light, 0, 1)[inside, inside], SRGB, np.float32)
            for light in (blur(self._radiance, defocus_px), self._truth)
        )
        return psnr(output, truth)


def _read_scene(path: Path) -> tuple[ByteImage, FloatImage]:
    defocus_px = _array(path, "defocus")
    with opened(path.with_suffix(".png")) as picture:
        photo_srgb = np.array(picture.convert("RGB"))
    if photo_srgb.shape[:2] != defocus_px.shape:
        raise PhotoError(
            f"{path} is of shape {defocus_px.shape}, its photo of {photo_srgb.shape[:2]}: "
            "both must be of one size."
        )
    if min(defocus_px.shape) < LEAST_SIDE_PX:
        raise PhotoError(
            f"{path} is of shape {defocus_px.shape}: at least {LEAST_SIDE_PX} px a side are needed."
        )
    return photo_srgb, defocus_px


def _bilinear(small: FloatImage, photo_srgb: ByteImage) -> FloatImage:
    return resized(small, photo_srgb.shape[:2])


def _mode(small: FloatImage, photo_srgb: ByteImage) -> FloatImage:
    return disparity_at_full_size(small, None, photo_srgb)


def _scene_scores(
    enlarge: Enlargement,
    photo_srgb: ByteImage,
    defocus_px: FloatImage,
    lens: _Lens | None,
    reduction: int,
    seed: int,
) -> EdgeScores:
    farthest, span = float(defocus_px.min()), float(np.ptp(defocus_px)) or 1.0  # flat maps stay 0
    relative = ((defocus_px - np.float32(farthest)) / np.float32(span)).astype(np.float32)
    small = network_like(relative, reduction=reduction, rng=np.random.default_rng(seed))
    recovered = enlarge(small, photo_srgb) * np.float32(span) + np.float32(farthest)
    scores = edge_scores(recovered, defocus_px)
    return scores if lens is None else scores | {"render_psnr": lens.psnr(recovered)}


def network_like(disparity: FloatImage, *, reduction: int, rng: np.random.Generator) -> FloatImage:
    """A full-size map as a network would give it: soft, slightly off, and small.

    Parameters
    ----------
    disparity : float32 (H, W)
    reduction : int
        Pixels per sample.
    rng : numpy.random.Generator
        Draws the offset: 0.12 to 0.25 samples in x and in y, of either sign.

    Returns
    -------
    small : float32 (round(H / reduction), round(W / reduction))
    """
    offsets = rng.uniform(*SHIFT_SAMPLES, 2) * rng.choice([-1, 1], 2) * reduction
    soft = _smoothed(_smoothed(disparity, reduction / 2, offsets[0]).T, reduction / 2, offsets[1]).T
    rows, cols = (round(side / reduction) for side in disparity.shape)
    reduced = Image.fromarray(np.ascontiguousarray(soft)).resize((cols, rows), Image.Resampling.BOX)
    return np.array(reduced)


def _smoothed(values: FloatImage, sigma: float, offset: float) -> FloatImage:
    """Gaussian mean down the columns around a place `offset` rows up; the border goes on."""
    reach = int(np.ceil(4 * sigma + abs(offset)))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * ((steps + offset) / sigma) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge").astype(np.float64)
    total = sum(w * padded[k : k + len(values)] for k, w in enumerate(weights / weights.sum()))
    return np.asarray(total, dtype=np.float32)


def edge_scores(recovered_px: FloatImage, true_px: FloatImage) -> EdgeScores:
    """Judge a defocus map around the true depth edges.

    Parameters
    ----------
    recovered_px, true_px : float32 (H, W), px of defocus

    Returns
    -------
    scores : dict
        `band_error` (px), `edge_f1`, `halfway` (shares), `error` (px); the first and the third are
        0 where the true map has no edge, the second 1 if none is found either.
    """
    true_edges, found_edges = _edges(true_px), _edges(recovered_px)
    band = _within(true_edges, BAND_PX)
    error = np.abs(recovered_px - true_px)
    low, high = _range_around(true_px, BAND_PX)
    place = (recovered_px - low) / np.maximum(high - low, np.float32(1e-6))
    halfway = (place > BETWEEN) & (place < 1 - BETWEEN) & (error > BETWEEN * (high - low))
    return {
        "band_error": float(error[band].mean()) if band.any() else 0.0,
        "edge_f1": _f1(found_edges, true_edges),
        "halfway": float(halfway[band].mean()) if band.any() else 0.0,
        "error": float(error.mean()),
    }


def _edges(defocus_px: FloatImage) -> BoolImage:
    """Pixels that differ from a neighbour by more than 1 px."""
    edges = np.zeros(defocus_px.shape, bool)
    for view, values in ((edges, defocus_px), (edges.T, defocus_px.T)):
        jump = np.abs(np.diff(values, axis=0)) > EDGE_STEP_PX
        view[1:] |= jump
        view[:-1] |= jump
    return edges


def _within(mask: BoolImage, radius: int) -> BoolImage:
    """Pixels at most `radius` from one of the mask."""
    near = np.zeros_like(mask)
    rows, cols = mask.shape
    padded = np.pad(mask, radius)
    for down, along in np.ndindex(2 * radius + 1, 2 * radius + 1):
        if (down - radius) ** 2 + (along - radius) ** 2 <= radius**2:
            near |= padded[down : down + rows, along : along + cols]
    return near


def _range_around(values: FloatImage, radius: int) -> tuple[FloatImage, FloatImage]:
    low = high = np.pad(values, radius, mode="edge")
    for axis in (0, 1):
        windows = 2 * radius + 1
        low = np.lib.stride_tricks.sliding_window_view(low, windows, axis).min(-1)
        high = np.lib.stride_tricks.sliding_window_view(high, windows, axis).max(-1)
    return low, high


def _f1(found: BoolImage, true: BoolImage) -> float:
    if not (found.any() and true.any()):
        return float(found.any() == true.any())
    precision = float(_within(true, MATCH_PX)[found].mean())
    recall = float(_within(found, MATCH_PX)[true].mean())
    return 2 * precision * recall / max(precision + recall, 1e-9)
