"""The weights that come with d2f, and those that a user brings: what they are, under which terms.

The packaged files lie in `weights/` beside `register.json`, which holds their SHA-256, and a card
each. Nothing is ever fetched: what is not packaged the user downloads and points to.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d2f.errors import MissingPartError, PhotoError

__all__ = ["FOLDER", "KnownWeights", "checked_bytes", "known_weights", "verify_packaged"]

FOLDER = Path(__file__).parent / "weights"
REGISTER = "register.json"  # in the folder of the weights


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWeights:
    """A file of weights that d2f can use.

    Attributes
    ----------
    name : str
        The file's usual name.
    what : str
        What it is for.
    licence : str
    where : str
        Where it lies, or how to get it.
    packaged : bool
        Whether it comes with d2f.
    """

    name: str
    what: str
    licence: str
    where: str
    packaged: bool


PACKAGED = {
    "compact.onnx": "disparity and focus of any photo",
    "compact-scenes.onnx": "the same, taught by no photo; d2f train install FILE",
    "faces.onnx": "faces, for --focus face",
}
LICENCES = {  # by card; a network that `d2f train install` has put here may have none
    "compact.md": "research use: LICENSE-WEIGHTS.md",
    "compact-scenes.md": "Apache-2.0; credits in compact-scenes.md",
    "faces.md": "Apache-2.0 (MediaPipe)",
}
INSTALLED_LICENCE = "installed here; the terms are those of what it was trained on"
PUBLISHED = KnownWeights(
    name="d2f2023.safetensors",
    what="the published model, --model d2f2023",
    licence="code Apache-2.0; no terms are stated for the authors' checkpoints (trained on EBB!)",
    where=(
        "download both checkpoints by the links in github.com/xianrui-luo/defocustofocus, then "
        "d2f weights convert STAGE1.pth STAGE2.pth -o d2f2023.safetensors, anywhere you like, and "
        "--weights FILE or D2F_WEIGHTS=FILE"
    ),
    packaged=False,
)


def known_weights(folder: Path = FOLDER) -> list[KnownWeights]:
    """All weights that d2f knows, the packaged ones first.

    Raises
    ------
    MissingPartError
        If the register is missing or damaged.
    """
    packaged = []
    for name, entry in sorted(registered(folder).items()):
        what = PACKAGED.get(name, "a network of this installation")
        licence = LICENCES.get(str(entry.get("card")), INSTALLED_LICENCE)
        where = str(folder / name) if (folder / name).is_file() else "missing: reinstall d2f"
        packaged.append(
            KnownWeights(name=name, what=what, licence=licence, where=where, packaged=True)
        )
    return [*packaged, PUBLISHED]


def checked_bytes(weights: Path) -> bytes:
    """The content of a weights file whose SHA-256 is the one in the register beside it.

    Raises
    ------
    MissingPartError
        If the file or its entry is missing, or its hash another.
    """
    try:
        content, expected = weights.read_bytes(), registered(weights.parent)[weights.name]["sha256"]
    except (OSError, KeyError, MissingPartError) as error:
        raise MissingPartError(
            f"{weights.name} or its entry in {REGISTER} is missing; reinstall d2f."
        ) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise MissingPartError(
            f"{weights} is damaged (its SHA-256 is not the register's); reinstall d2f."
        )
    return content


def verify_packaged(path: Path, folder: Path = FOLDER) -> str:
    """Check a file against the register's entry of the same name.

    Returns
    -------
    str
        Its SHA-256.

    Raises
    ------
    PhotoError
        If the file cannot be read, has no entry or another hash.
    """
    entry = registered(folder).get(path.name)
    if entry is None:
        raise PhotoError(
            f"{path} is not among the weights of d2f ({', '.join(sorted(registered(folder)))}), "
            "and no .safetensors: give one of them."
        )
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror or error}.") from None
    if found != entry.get("sha256"):
        raise PhotoError(
            f"{path} is damaged or another version (its SHA-256 begins {found[:12]}, the "
            f"register's {str(entry.get('sha256'))[:12]}): reinstall d2f."
        )
    return found


def registered(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The register's entries by file name; refused (MissingPartError) if it cannot be read."""
    try:
        entries = json.loads((folder / REGISTER).read_text(encoding="utf-8"))
        return {str(name): dict(entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        raise MissingPartError(
            f"{folder / REGISTER} is missing or damaged: reinstall d2f."
        ) from None
