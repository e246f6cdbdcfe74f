"""Options of the command line, made from the settings: every field there is an option here."""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ..errors import UsageError, shortened
from .parse import PARSERS

if TYPE_CHECKING:
    from ..settings import Settings
    from ..settings.choices import Choice

__all__ = ["SettingsCommand", "settings_of"]

STRENGTHS = {"f_number", "blur_percent"}  # two ways to say one thing: the nearer layer's holds


class SettingsCommand(TyperCommand):
    """A command with an option for every setting; what was chosen lies in its context's `obj`.

    The options are made when the command is called or asked for help: the settings take a while
    to load, and `d2f --help` does not need them.
    """

    def get_params(self, ctx: Any) -> list[Any]:  # Typer keeps the types of its parser to itself
        """The command's own parameters, then the settings."""
        return [*super().get_params(ctx), *_setting_options()]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options of a help text: a section for each group of settings, then the others."""
        from ..settings.choices import CHOICES

        sections: dict[str, list[Any]] = {"Arguments": []}
        sections |= {choice.group.capitalize(): [] for choice in CHOICES.values()}
        sections["Options"] = []
        for param in self.get_params(ctx):
            kind = "Arguments" if param.param_type_name == "argument" else "Options"
            if param.name in CHOICES:
                kind = CHOICES[param.name].group.capitalize()
            record = param.get_help_record(ctx)
            if record is not None:
                sections[kind].append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def invoke(self, ctx: Any) -> Any:
        """Take the settings' words out of the parameters before the command sees them."""
        ctx.obj = {"ENVIRONMENT": {}, "COMMANDLINE": {}}
        for option in _setting_options():
            word = ctx.params.pop(option.name)
            if word is not None:
                ctx.obj[ctx.get_parameter_source(option.name).name][option.name] = word
        return super().invoke(ctx)


def settings_of(context: typer.Context, *, file: Path | None = None) -> Settings:
    """The settings that were chosen: flags, then the environment, then a file, then defaults.

    Raises
    ------
    PhotoError
        If the file cannot be read.
    UsageError
        Names the option or the variable, its word and what is allowed.
    """
    from ..settings import Settings
    from ..settings.choices import CHOICES, settings_from_choices

    base = Settings() if file is None else Settings.load(file)
    chosen: dict[str, object] = {}
    flags = context.obj["COMMANDLINE"]
    for layer, words in context.obj.items():
        if STRENGTHS & words.keys():
            chosen = {name: value for name, value in chosen.items() if name not in STRENGTHS}
        for name, word in words.items():
            choice = CHOICES[name]
            given = f"{choice.flag} " if layer == "COMMANDLINE" else f"{choice.variable}="
            chosen[name] = _value(choice, word, f"{given}{shortened(str(word))}")
    settings = settings_from_choices(base, **chosen)
    if "depth_unit" in flags and settings.depth.file is None and settings.depth.model is None:
        raise UsageError(
            "--depth-unit tells what --depth FILE or --depth-model holds: give that, too."
        )
    return settings


def _value(choice: Choice, word: str | bool, given: str) -> object:
    """What a word means; refused with the option or variable that it came by."""
    from pydantic import TypeAdapter, ValidationError

    try:
        value = PARSERS[choice.name](str(word)) if choice.name in PARSERS else word
        if choice.info is None:  # a group: its fields are checked together
            return value
        field: Any = Annotated[choice.info.annotation, choice.info]
        return TypeAdapter(field).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Input ").removeprefix("Value error, ")
        raise UsageError(f"{given}: {reason}.") from None
    except UsageError as error:
        raise UsageError(f"{given}: {error}") from None


@cache
def _setting_options() -> list[Any]:
    """Typer's own objects for the options, by way of a function that has them as parameters."""
    from ..settings.choices import CHOICES

    def settings(**_words: str | None) -> None:
        """Stands for a command that takes nothing but settings."""

    kinds: dict[str, Any] = {name: _option(choice) for name, choice in CHOICES.items()}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in kinds.items()
    ]
    settings.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    settings.__annotations__ = kinds
    app = typer.Typer(add_completion=False)
    app.command()(settings)
    return typer.main.get_command(app).params


def _option(choice: Choice) -> Any:
    flag = choice.info is not None and choice.info.annotation is bool
    option = typer.Option(
        f"{choice.flag}/--no-{choice.flag.removeprefix('--')}" if flag else choice.flag,
        metavar=None if flag else choice.metavar,
        envvar=choice.variable,
        show_envvar=False,  # the rule stands in the help's last line
        help=f"{choice.description} {_default(choice.default)}".strip(),
    )
    return Annotated[bool | None if flag else str | None, option]


def _default(value: object) -> str:
    """How a default is told, as a user would write it."""
    if value is None or isinstance(value, bool):
        return ""
    parts = value if isinstance(value, tuple) else (value,)
    words = (f"{part:g}" if isinstance(part, float) else str(part) for part in parts)
    return f"Default: {','.join(words)}."
