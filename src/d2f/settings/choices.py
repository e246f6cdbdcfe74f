"""Choices: each setting by the names that the doors have for it, and settings from choices.

A field of the settings is a keyword of the library (`f_number`), an option of the command line
(`--aperture`) and an environment variable (`D2F_APERTURE`); declared once, at the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ..errors import UsageError, told
from .focus_words import focus_fields
from .groups import Option, Settings, SettingsGroup

__all__ = ["CHOICES", "Choice", "settings_from_choices", "trouble_in", "trouble_told"]

UNIT_SUFFIX = re.compile(r"_(mm|m|deg|percent|px)$")  # units are in names of fields, not of flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice of a user, as every door names it; made from the field (or group) it sets.

    Attributes
    ----------
    name : str
        Keyword of the library: `f_number`.
    group, field : str
        Where it lies in the settings; field is None where a whole group is one choice.
    flag, metavar : str
        `--aperture` and `f/N` of the command line.
    description : str
    default : object
        None where nothing is chosen.
    """

    name: str
    group: str
    field: str | None
    flag: str
    metavar: str
    description: str
    default: object

    @property
    def variable(self) -> str:
        """The environment variable: `D2F_APERTURE` for `--aperture`."""
        return "D2F_" + self.flag.removeprefix("--").replace("-", "_").upper()

    @property
    def info(self) -> FieldInfo | None:
        """The field: its type and bounds; None for a group."""
        return None if self.field is None else _model_of(self.group).model_fields[self.field]


def _model_of(group: str) -> type[SettingsGroup]:
    model = Settings.model_fields[group].annotation
    assert isinstance(model, type)
    assert issubclass(model, SettingsGroup)
    return model


def _choice_of(group: str, field: str, info: FieldInfo) -> Choice:
    named = next((entry for entry in info.metadata if isinstance(entry, Option)), Option())
    bare = UNIT_SUFFIX.sub("", field).replace("_", "-")
    return Choice(
        name=named.choice or field,
        group=group,
        field=field,
        flag=named.flag or f"--{bare}",
        metavar=named.metavar or _metavar_of(info),
        description=info.description or "",
        default=info.default,
    )


def _metavar_of(info: FieldInfo) -> str:
    kinds = get_args(info.annotation) or (info.annotation,)
    bounds = {
        name: getattr(entry, name)
        for entry in (*info.metadata, *(part for kind in kinds for part in get_args(kind)[1:]))
        for name in ("ge", "le")
        if hasattr(entry, name)
    }
    for kind in (info.annotation, *kinds):
        if get_origin(kind) is Literal:
            return "|".join(map(str, get_args(kind)))
    if Path in kinds:
        return "FILE"
    if len(bounds) == 2:
        return f"{bounds['ge']:g}..{bounds['le']:g}"
    if bool in kinds:
        return ""
    return "TEXT" if str in kinds else "NUMBER"


def _all_choices() -> Iterator[Choice]:
    for group in Settings.model_fields:
        model = _model_of(group)
        if model.option is None:
            for field, info in model.model_fields.items():
                yield _choice_of(group, field, info)
            continue
        first = next(iter(model.model_fields.values()))
        yield Choice(
            name=model.option.choice,
            group=group,
            field=None,
            flag=model.option.flag,
            metavar=model.option.metavar,
            description=(model.__doc__ or "").splitlines()[0],
            default=first.default,
        )


CHOICES = {choice.name: choice for choice in _all_choices()}


def settings_from_choices(base: Settings | None = None, /, **choices: Any) -> Settings:
    """Settings from flat choices, e.g. `f_number=2.8, focus=(0.3, 0.5), highlights=0`.

    Parameters
    ----------
    base : Settings, optional
        What holds where nothing is chosen.
    **choices
        By the names in `CHOICES`: `focus` ("auto" or a point), `depth` (a file), `depth_unit`,
        every other field by its own name. None leaves a choice as it is.

    Raises
    ------
    UsageError
        Names the choice, its value and what is allowed.
    """
    if not isinstance(base, Settings | None):
        raise UsageError(f"settings is a {type(base).__name__}: give d2f.Settings.")
    tree = (base or Settings()).model_dump()
    for name, value in choices.items():
        if value is None:
            continue
        if name == "focus":
            tree["focus"] = _focus_from_choice(value)
        elif name in CHOICES:
            tree[CHOICES[name].group][CHOICES[name].field] = value
        else:
            raise UsageError(f"there is no setting {name!r}: the names are {', '.join(CHOICES)}.")
    if choices.get("f_number") is not None:
        if choices.get("blur_percent") is not None:
            raise UsageError(
                "f_number (--aperture) and blur_percent (--blur) both set the strength: "
                "give one of them."
            )
        tree["lens"]["blur_percent"] = None
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise UsageError(trouble_in(error)) from None


def trouble_in(error: ValidationError) -> str:
    """The first thing that is wrong, in words: the field, its value and what is allowed."""
    return trouble_told(error.errors()[0])


def trouble_told(first: Mapping[str, Any]) -> str:
    """One of pydantic's findings in settings, in the same words."""
    where = ".".join(str(part) for part in first["loc"])
    reason = str(first["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if first["type"] == "extra_forbidden":
        *above, _ = first["loc"]
        model = _model_of(str(above[0])) if above else Settings
        known = ", ".join(model.model_fields)
        return f"{where} is no setting: {'.'.join(map(str, above)) or 'settings'} has {known}."
    if first["type"] == "path_type":
        reason = "give the name of a file"
    if isinstance(first["input"], dict):  # a whole group was refused: the reason says it all
        return reason
    return f"{where}={told(first['input'])}: {reason}."


def _focus_from_choice(value: Any) -> dict[str, Any]:  # a user's word: anything may come
    try:
        return focus_fields(value)
    except UsageError as error:
        raise UsageError(f"focus={told(value)}: {error}") from None
