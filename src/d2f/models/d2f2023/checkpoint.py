"""Checkpoints of the published model: what its authors published, and what d2f keeps of it.

In: the two published files, pickles that are read for their tensors alone; or one safetensors file
with both stages. Out: a D2F2023 whose keys, shapes and values have been checked.
"""

import hashlib
import re
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from d2f.errors import PhotoError, UsageError

from .model import D2F2023
from .pickles import code_refused

__all__ = [
    "converted",
    "described",
    "load_d2f2023",
    "model_of_shapes",
    "read_state",
    "shapes_of",
    "torch_state",
]

STAGES = {1: ("midas.", "radiance."), 2: ("blend.",)}  # what the two published files hold
NAMES = {1: "stage 1 (defocus hallucination)", 2: "stage 2 (deep Poisson fusion)"}
COUNTERS = ".num_batches_tracked"  # only training reads them, and old files lack them
NAMED_MOST = 3  # keys that a message names before it counts the rest
STEM = "midas.pretrained.layer1.0.weight"
BLOCK = re.compile(r"midas\.pretrained\.layer(?:(1)\.4|([234]))\.(\d+)\.conv1\.weight")
SOURCES = ("stage1_sha256", "stage2_sha256")
CONVERT = "d2f weights convert STAGE1.pth STAGE2.pth -o d2f2023.safetensors"


def converted(stage1: Path, stage2: Path) -> bytes:
    """Both published checkpoints as the content of one safetensors file.

    Parameters
    ----------
    stage1, stage2 : Path
        Defocus hallucination and deep Poisson fusion as torch saves them: a state, or a mapping
        with the state under `net`. Only tensors are read; code in a pickle is refused, not run.

    Returns
    -------
    bytes
        Its metadata holds the model's name, d2f's version and the SHA-256 of both sources.

    Raises
    ------
    PhotoError
        If a file cannot be read, holds code, or its keys, shapes or values are not the published
        model's.
    """
    published = shapes_of(model_of_shapes({}))
    state: dict[str, Tensor] = {}
    metadata = {"format": "pt", "model": "d2f2023", "d2f": version("d2f")}
    for stage, path in ((1, stage1), (2, stage2)):
        want = {key: shape for key, shape in published.items() if key.startswith(STAGES[stage])}
        found = torch_state(path)
        if found and not want.keys() & found.keys() and published.keys() & found.keys():
            raise PhotoError(f"{path} holds {NAMES[3 - stage]}: give {NAMES[stage]} in its place.")
        state |= _fitting(found, want, f"{path} is not {NAMES[stage]} of the published model")
        metadata[SOURCES[stage - 1]] = hashlib.sha256(path.read_bytes()).hexdigest()
    return save(state, metadata)


def load_d2f2023(path: Path) -> D2F2023:
    """The model in a safetensors file, of whatever width its tensors have, ready to look at photos.

    Raises
    ------
    PhotoError
        If the file cannot be read, or is no D2F2023 with both stages and finite values.
    """
    state = read_state(path)
    model = model_of_shapes({key: tuple(value.shape) for key, value in state.items()})
    fitting = _fitting(state, shapes_of(model), f"{path} holds no weights of d2f2023")
    model.load_state_dict(fitting, assign=True)
    return model.eval()


def described(path: Path) -> str:
    """What a sound file of weights holds, in words; refused as `load_d2f2023` refuses it."""
    model = load_d2f2023(path)
    with safe_open(path, "pt") as file:
        notes = file.metadata() or {}
    count = sum(parameter.numel() for parameter in model.parameters())
    of_published = shapes_of(model) == shapes_of(model_of_shapes({}))
    size = "the published size" if of_published else "another size than the published one"
    sources = [f"{key[:6]} {notes[key][:12]}" for key in SOURCES if key in notes]
    origin = f", converted from {', '.join(sources)}" if sources else ""
    return f"d2f2023, {count:,} parameters, {size}, every value finite{origin}"


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by their keys; refused (PhotoError) if it is none."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
        with safe_open(path, "pt") as tensors:
            return {key: tensors.get_tensor(key) for key in tensors.keys()}  # noqa: SIM118
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror or error}.") from None
    except SafetensorError:
        if head.startswith((b"PK", b"\x80")):  # the two ways of torch.save
            raise PhotoError(f"{path} is a checkpoint as torch saves it: run {CONVERT}.") from None
        raise PhotoError(
            f"{path} is no safetensors file, or a damaged one: convert it again with {CONVERT}."
        ) from None


def model_of_shapes(shapes: Mapping[str, tuple[int, ...]]) -> D2F2023:
    """An empty model as wide and deep as the shapes of a state say; the published one for none.

    Its tensors take no memory until a state is assigned.
    """
    options: dict[str, Any] = {}
    if shapes.get(STEM):
        blocks = [0, 0, 0, 0]
        for key in shapes:
            if match := BLOCK.fullmatch(key):
                blocks[int(match[1] or match[2]) - 1] += 1
        options = {"width": shapes[STEM][0], "blocks": blocks}
    with torch.device("meta"):
        try:
            return D2F2023(**options)
        except UsageError:  # no network is like that: the check of its keys tells what is wrong
            return D2F2023()


def shapes_of(model: D2F2023) -> dict[str, tuple[int, ...]]:
    """The model's state keys and their shapes."""
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def torch_state(path: Path) -> dict[str, Tensor]:
    """The state in a file of torch, out of its wrappings; code in it is refused, not run.

    Raises
    ------
    PhotoError
        If the file cannot be read, holds code, or no state of a network.
    """
    try:
        with warnings.catch_warnings():  # of pickles that it may not understand: told below
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror or error}.") from None
    except Exception as error:  # torch raises whatever its readers stumble on
        code = code_refused(path, str(error))
        if code is None:
            raise PhotoError(
                f"{path} is no checkpoint of torch, or a damaged one: download it again."
            ) from None
        raise PhotoError(
            f"{path} holds code ({code}), which d2f does not run: get the tensors alone, as "
            "torch.save(net.state_dict(), FILE) writes them."
        ) from None
    if isinstance(content, dict) and isinstance(content.get("net"), dict):
        content = content["net"]
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise PhotoError(f"{path} holds no state of a network: save one with net.state_dict().")
    if content and all(key.startswith("module.") for key in content):  # from several devices
        content = {key.removeprefix("module."): value for key, value in content.items()}
    return dict(content)


def _fitting(
    state: Mapping[str, Any], want: Mapping[str, tuple[int, ...]], trouble: str
) -> dict[str, Tensor]:
    """The state with exactly the wanted keys and shapes, as float32; else everything amiss."""
    tensors = {key: value for key, value in state.items() if isinstance(value, Tensor)}
    shared = [key for key in want if key in tensors]
    amiss = [
        _listed("missing", [k for k in want if k not in tensors and not k.endswith(COUNTERS)]),
        _listed("unexpected", [key for key in state if key not in want]),
        _listed(
            "of another shape",
            [
                f"{key} is {tuple(tensors[key].shape)} instead of {want[key]}"
                for key in shared
                if tuple(tensors[key].shape) != want[key]
            ],
        ),
        _listed("not finite", [key for key in shared if not torch.isfinite(tensors[key]).all()]),
    ]
    if any(amiss):
        raise PhotoError(
            f"{trouble}: {'; '.join(part for part in amiss if part)}; get the file again, or train "
            "anew."
        )
    return {key: _as_kept(key, tensors.get(key)) for key in want}


def _listed(kind: str, keys: list[str]) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - NAMED_MOST} more" if len(keys) > NAMED_MOST else ""
    return f"{len(keys)} {kind} ({', '.join(keys[:NAMED_MOST])}{more})"


def _as_kept(key: str, value: Tensor | None) -> Tensor:
    if key.endswith(COUNTERS):
        return torch.zeros((), dtype=torch.int64) if value is None else value.to(torch.int64)
    assert value is not None  # only counters may be missing
    return value.to(torch.float32).contiguous()
