"""Settings as files: plain JSON or TOML by hand, or the sidecar that was written with a picture.

A plain file holds the groups of `Settings`, or some of them:

    [lens]                          {"lens": {"f_number": 2.8},
    f_number = 2.8                   "focus": {"mode": "point", "point": [0.4, 0.6]}}

A sidecar holds them below `settings`, and beside them what the picture was made from. Paths in
either are taken from the file's own folder, so that the two may move together.
"""

from __future__ import annotations

import json
import math
import os
import tomllib
from os import PathLike
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from ..errors import PhotoError, UsageError, told
from .choices import trouble_in
from .groups import Settings

__all__ = [
    "SIDECAR_VERSION",
    "VERSION_KEY",
    "settings_from_file",
    "settings_from_text",
    "tree_from_settings",
]

VERSION_KEY: Final = "d2f_sidecar"  # what makes a file a sidecar; its value is the version
SIDECAR_VERSION: Final = 1
LARGEST_BYTES: Final = 1 << 20  # a sidecar has about 2 kB


def settings_from_file(name: str | PathLike[str]) -> Settings:
    """Settings from a sidecar, plain JSON, or TOML (by the ending `.toml`).

    Raises
    ------
    PhotoError
        If the file cannot be read.
    UsageError
        If it is no JSON or TOML, of another version, or holds what is no setting.
    """
    try:
        path = Path(os.fsdecode(name))
    except TypeError:
        raise UsageError(f"{told(name)} is no path: give the name of a settings file.") from None
    toml = path.suffix.lower() == ".toml"
    settings = settings_from_text(_text(path), name=str(path), toml=toml)
    return _with_paths(settings, lambda file: path.parent / file)


def settings_from_text(text: str, *, name: str, toml: bool = False) -> Settings:
    """Settings from the content of such a file, paths as they stand there.

    Parameters
    ----------
    text : str
    name : str
        For messages.
    toml : bool
        Whether it is TOML rather than JSON.

    Raises
    ------
    UsageError
        If it is neither, of another version, or holds what is no setting.
    """
    try:
        tree = tomllib.loads(text) if toml else _json(text)
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply for settings: check the file.") from None
    except ValueError as error:
        kind = "TOML" if toml else "JSON"
        raise UsageError(f"{name} is no {kind} ({error}): check the file.") from None
    if not isinstance(tree, dict):
        raise UsageError(f"{name} holds a {type(tree).__name__}: give an object of settings.")
    if VERSION_KEY in tree:
        tree = _tree_of_sidecar(tree, name)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise UsageError(f"{name}: {trouble_in(error)}") from None


def tree_from_settings(settings: Settings, *, folder: Path) -> dict[str, Any]:
    """Settings ready for JSON, their paths as seen from the folder that the file will lie in."""

    def from_folder(file: Path) -> Path:
        return Path(os.path.relpath(file, folder))

    tree: dict[str, Any] = _plain(_with_paths(settings, from_folder).model_dump())
    return tree


def _plain(value: Any) -> Any:
    """Values as JSON has them; pydantic's own way stumbles over names that are no UTF-8."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and math.isinf(value):
        return "Infinity"
    return os.fspath(value) if isinstance(value, Path) else value


def _text(path: Path) -> str:
    try:
        if not os.path.exists(path):
            raise PhotoError(f"{path} does not exist: check the name of the settings file.")
        if not os.path.isfile(path):
            raise PhotoError(f"{path} is no file: give a settings file.")
        with open(path, "rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise UsageError(
                f"{path} has more than {LARGEST_BYTES} bytes: that is no settings file."
            )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8: that is no settings file.") from None
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror}.") from None


def _json(text: str) -> object:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        tree = dict(pairs)
        if len(tree) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{twice!r} is given twice")
        return tree

    def number(word: str) -> float:
        if word == "NaN":
            raise ValueError("NaN is no number")
        return float(word)  # an f-number may be infinite

    return json.loads(text, object_pairs_hook=once, parse_constant=number)


def _tree_of_sidecar(sidecar: dict[str, Any], name: str) -> Any:
    version = sidecar[VERSION_KEY]
    if version != SIDECAR_VERSION or isinstance(version, bool):
        raise UsageError(
            f"{name} is a sidecar of version {version!r:.20}, this d2f reads {SIDECAR_VERSION}: "
            "use the d2f that wrote it, or a newer one."
        )
    if "settings" not in sidecar:
        raise UsageError(f"{name} is a sidecar without settings: write it again with --sidecar.")
    return sidecar["settings"]


def _with_paths(settings: Settings, moved: Any) -> Settings:
    """The settings with every path changed by a function; none is looked for."""
    groups = {}
    for group in type(settings).model_fields:
        values = getattr(settings, group)
        paths = {field: moved(value) for field, value in values if isinstance(value, Path)}
        groups[group] = values.model_copy(update=paths)
    return settings.model_copy(update=groups)
