"""The sidecar of a picture: how it was made, so that it can be made again or lend its look."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Final

from .pictures import Picture
from .settings import Settings
from .settings.file import SIDECAR_VERSION, VERSION_KEY, tree_from_settings

__all__ = ["sidecar_bytes", "sidecar_for"]

PACKAGES: Final = ("d2f", "numpy", "onnxruntime", "imagecodecs", "pillow")  # that make the bytes


def sidecar_for(output: Path) -> Path:
    """Where a picture's sidecar lies: `NAME.d2f.json` beside `NAME.jpg`."""
    return output.with_name(f"{output.stem}.d2f.json")


def sidecar_bytes(rendered: Picture, settings: Settings, *, output: Path) -> bytes:
    """Settings, the focus that was found, and all that the picture was made from, as JSON.

    Parameters
    ----------
    rendered : Picture
    settings : Settings
        Those that `rendered` was made with.
    output : Path
        The picture's file; the sidecar lies in the same folder.
    """
    photo = rendered.photo
    rows, cols = photo.size
    content = photo.content
    sidecar = {
        VERSION_KEY: SIDECAR_VERSION,
        "settings": tree_from_settings(settings, folder=output.parent),
        "photo": {
            "name": photo.path.name if photo.path else photo.name,
            "sha256": None if content is None else hashlib.sha256(content).hexdigest(),
            "width": cols,
            "height": rows,
        },
        "output": output.name,
        "found": rendered.summary(),
        "made_with": _made_with(settings),
    }
    text = json.dumps(sidecar, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode(errors="backslashreplace")  # \udcff, as JSON spells what is no UTF-8


def _made_with(settings: Settings) -> dict[str, Any]:
    register = json.loads((resources("d2f.models") / "weights" / "register.json").read_text())
    own = {
        f"{group}.{field}": _sha256_of(value)
        for group, values in settings
        for field, value in values
        if isinstance(value, Path)
    }
    return {
        **{name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "weights_sha256": {name: entry["sha256"] for name, entry in register.items()},
        "files_sha256": own,
    }


def _sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
