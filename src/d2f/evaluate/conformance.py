"""`d2f evaluate conformance`: does this installation give the published model's numbers?

In: a folder with NAME.png and NAME.npz (any of the arrays of `agreement.PICTURE`), with
layered_rendering.npz (CASE/ARRAY), or both; optionally state_dict.json and kernels.npz, in whose
place those of the model itself are used. The weights are drawn from a rule (seeded_weights.py).
Out: a row per array with its largest difference, its tolerance and whether it is within.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from d2f import files
from d2f.errors import PhotoError, UsageError
from d2f.models.d2f2023 import D2F2023
from d2f.models.d2f2023.checkpoint import model_of_shapes, shapes_of
from d2f.renderer.paper import RADII, soft_disk

from .agreement import KERNEL, LAYERED, PICTURE, Row, compared
from .published_arrays import Arrays, layered_arrays, picture_arrays
from .seeded_weights import SEED, seeded_state

__all__ = ["evaluate_conformance", "seeded_model"]

STATE, KERNELS, LAYERS = "state_dict.json", "kernels.npz", "layered_rendering.npz"
GIVEN = ("image", "defocus", "radiance_sigmoid")  # of a layered case


def evaluate_conformance(folder: Path) -> list[Row]:
    """Compare every array in a folder with what the model makes of the same input.

    Parameters
    ----------
    folder : Path
        As the head of this module says; any set of pictures, cases and arrays.

    Returns
    -------
    list of Row
        In the order kernels, layered cases, pictures by name.

    Raises
    ------
    PhotoError
        If there is nothing to compare, or a file is damaged or holds something else.
    """
    if not folder.is_dir():
        raise PhotoError(f"{folder} is no folder: give one with NAME.png and NAME.npz.")
    archives = sorted(folder.glob("*.npz"))
    names = [path.stem for path in archives if path.name not in (KERNELS, LAYERS)]
    if not archives:
        raise PhotoError(f"{folder} holds no .npz: there is nothing to compare with.")
    rows = []
    if (folder / KERNELS).exists():
        rows += list(_kernel_rows(folder / KERNELS))
    if (folder / LAYERS).exists():
        rows += list(_layered_rows(folder / LAYERS))
    if names:
        model = seeded_model(folder / STATE)
        for name in names:
            rows += list(_picture_rows(folder, name, model))
    if not rows:
        raise PhotoError(f"{folder} holds no arrays to compare: put some into its .npz files.")
    return rows


def seeded_model(listing: Path) -> D2F2023:
    """The model with weights drawn by the rule, of the shapes and seed of a state_dict.json.

    Parameters
    ----------
    listing : Path
        State keys with their shapes; where there is no such file, the model's own.

    Raises
    ------
    PhotoError
        If the file is no listing of a D2F2023's state.
    """
    shapes, seed = _listed_shapes(listing) if listing.exists() else ({}, SEED)
    model = model_of_shapes(shapes)
    own = shapes_of(model)
    strange = [key for key in {**own, **shapes} if own.get(key) != shapes.get(key)]
    if shapes and strange:
        raise PhotoError(
            f"{listing} and the model differ in {len(strange)} keys, first {strange[0]}: the file "
            f"says {shapes.get(strange[0], 'nothing')}, the model {own.get(strange[0], 'nothing')}."
        )
    state = {key: torch.from_numpy(value) for key, value in seeded_state(own, seed=seed).items()}
    model.load_state_dict(state, assign=True)
    return model.eval()


def _kernel_rows(path: Path) -> Iterator[Row]:
    ours = {f"kernel_{2 * radius + 1}": soft_disk(radius) for radius in RADII[1:]}
    for name, expected in _arrays(path, ours).items():
        yield compared("kernels", name, ours[name], expected, KERNEL)


def _layered_rows(path: Path) -> Iterator[Row]:
    cases: dict[str, Arrays] = {}
    for name, array in _arrays(path, None).items():
        case, _, kind = name.rpartition("/")
        if not case or kind not in (*GIVEN, *LAYERED):
            raise PhotoError(
                f"{path} holds {name!r}: names are CASE/ARRAY with {', '.join((*GIVEN, *LAYERED))}."
            )
        cases.setdefault(case, {})[kind] = array
    for case, arrays in cases.items():
        given = _given(path, case, arrays)
        try:
            ours = layered_arrays(*given)
        except UsageError as error:  # too small: the fault of the file, not of its user
            told = str(error).removeprefix("the picture ")
            raise PhotoError(f"{path}: {case} {told}") from None
        for name in LAYERED:
            if name in arrays:
                yield compared(case, name, ours[name], arrays[name], LAYERED[name])


def _given(path: Path, case: str, arrays: Arrays) -> tuple[Tensor, Tensor, Tensor]:
    """x, D and s of a layered case, with a batch axis."""
    missing = [name for name in GIVEN if name not in arrays]
    if missing:
        raise PhotoError(f"{path} has no {case}/{missing[0]}: a case needs {', '.join(GIVEN)}.")
    image, defocus, sigmoid = (arrays[name] for name in GIVEN)
    size = image.shape[1:]
    if len(size) != 2 or image.shape[0] != 3 or not defocus.shape == sigmoid.shape == size:
        raise PhotoError(
            f"{path}: {case} has image {image.shape}, defocus {defocus.shape}, radiance_sigmoid "
            f"{sigmoid.shape}: give (3, h, w), (h, w) and (h, w)."
        )
    x, d, s = (torch.from_numpy(a.astype(np.float32)) for a in (image, defocus, sigmoid))
    return x[None], d[None, None], s[None, None]


def _picture_rows(folder: Path, name: str, model: D2F2023) -> Iterator[Row]:
    picture = folder / f"{name}.png"
    expected = _arrays(folder / f"{name}.npz", PICTURE)
    if not picture.is_file():
        raise PhotoError(f"{picture} is missing: {name}.npz needs its picture beside it.")
    photo = files.read_photo(picture)
    if photo.pixels.dtype != np.uint8:
        raise PhotoError(f"{picture} is {photo.pixels.dtype}: give an 8-bit RGB picture.")
    ours = picture_arrays(model, photo.pixels)
    for array in PICTURE:
        if array in expected:
            want = expected[array]
            if array == "mask_threshold" and want.size == 1:  # one value, with axes or without
                want = want.reshape(ours[array].shape)
            yield compared(name, array, ours[array], want, PICTURE[array])


def _arrays(path: Path, known: Mapping[str, object] | None) -> Arrays:
    """The arrays of an .npz file, none of them pickled, all of them numbers and known by name."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        # TypeError: a lone .npy under this name is no archive
        raise PhotoError(f"{path} is no .npz of plain arrays, or a damaged one.") from None
    for name, array in arrays.items():
        if known is not None and name not in known:
            raise PhotoError(f"{path} holds {name!r}: the names known are {', '.join(known)}.")
        kind = getattr(array, "dtype", np.dtype("S"))  # what is no array comes as bytes
        if kind.kind not in "fiub":
            raise PhotoError(f"{path}: {name} is of type {kind}: give numbers.")
    return arrays


def _listed_shapes(path: Path) -> tuple[dict[str, tuple[int, ...]], int]:
    """Keys and shapes of all stages in a state_dict.json, and its seed."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        seed = int(told.get("seed", SEED))
        stages = [stage for stage in told.values() if isinstance(stage, dict)]
        shapes = {
            str(key): tuple(int(side) for side in entry["shape"])
            for stage in stages
            for key, entry in stage.items()
        }
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ):
        raise PhotoError(f"{path} is no listing of state keys and shapes: remove it.") from None
    return shapes, seed
