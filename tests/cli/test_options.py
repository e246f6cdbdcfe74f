"""Options of settings: every field is one, and what is nearer wins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
import typer

from d2f.cli.options import SettingsCommand, settings_of
from d2f.errors import UsageError
from d2f.settings import Settings
from d2f.settings.choices import CHOICES, Choice

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORDS = {  # of choices whose words do not follow from type and bounds
    "focus": ("0.1,0.2", "0.3,0.4", "nearest"),
    "f_number": ("f/2", "F4", "inf"),
    "tilt": ("0,1", "1,0", "0.5,0.5"),
}
COMPANIONS = {  # what makes sense only beside another choice
    "roundness": ["--blades", "6"],
    "depth_unit": ["--depth", "map.npy"],
    "embed_original": ["--embed-depth", "gdepth"],
}


def chosen(arguments: Sequence[str], file: Path | None = None) -> Settings:
    """The settings that a command with these arguments would have."""
    app = typer.Typer(add_completion=False)
    taken = []

    @app.command(cls=SettingsCommand)
    def command(context: typer.Context) -> None:
        taken.append(settings_of(context, file=file))

    app(list(arguments), standalone_mode=False)
    return taken[0]


def words_for(choice: Choice) -> tuple[str, str, str]:
    """Three words for a choice, each other than the next."""
    if choice.name in WORDS:
        return WORDS[choice.name]
    kinds = get_args(choice.info.annotation) or (choice.info.annotation,)
    options = [kind for kind in kinds if get_origin(kind) is Literal]
    if get_origin(choice.info.annotation) is Literal or options:
        first, second, *rest = kinds if not options else get_args(options[0])
        return first, second, rest[0] if rest else first
    if Path in kinds:
        return "one.png", "two.png", "three.png"
    if bool in kinds:
        return "true", "false", "true"
    bounds = [*choice.info.metadata, *(part for kind in kinds for part in get_args(kind)[1:])]
    low = next((entry.ge for entry in bounds if hasattr(entry, "ge")), 0)
    high = next((entry.le for entry in bounds if hasattr(entry, "le")), low + 100)
    whole = int in kinds
    middle = [low + (high - low) * share for share in (0.25, 0.5, 0.75)]
    return tuple(str(int(value) if whole else value) for value in middle)


def given(choice: Choice, word: str) -> list[str]:
    """A choice and its word as flags."""
    if word in ("true", "false"):
        return [choice.flag if word == "true" else choice.flag.replace("--", "--no-")]
    return [choice.flag, word]


def value_in(settings: Settings, choice: Choice) -> object:
    """What the settings hold for a choice."""
    group = getattr(settings, choice.group)
    return group if choice.field is None else getattr(group, choice.field)


@pytest.mark.parametrize("name", CHOICES)
def test_a_flag_beats_the_environment_beats_a_file_beats_the_default(name, tmp_path, monkeypatch):
    """For every setting: flag > environment > settings file > default."""
    choice = CHOICES[name]
    beside = COMPANIONS.get(name, [])
    flag, variable, filed = words_for(choice)
    file = tmp_path / "look.json"
    file.write_text(chosen([*beside, *given(choice, filed)]).model_dump_json())
    of_flag = value_in(chosen([*beside, *given(choice, flag)]), choice)
    of_file = value_in(chosen(beside, file), choice)
    default = value_in(chosen(beside), choice)
    monkeypatch.setenv(choice.variable, variable)
    of_variable = value_in(chosen(beside), choice)
    assert of_flag != of_variable
    assert of_variable != of_file
    assert default == value_in(Settings(), choice)
    assert value_in(chosen(beside, file), choice) == of_variable
    assert value_in(chosen([*beside, *given(choice, flag)], file), choice) == of_flag


def test_every_setting_is_told_in_help_and_docs(d2f_command, monkeypatch):
    """`d2f render --help` and docs/settings.md name each option; the page its variable, too."""
    monkeypatch.setenv("COLUMNS", "200")
    told = d2f_command("render", "--help").out
    page = (DOCS / "settings.md").read_text()
    for choice in CHOICES.values():
        assert re.search(rf"{choice.flag}( / --no\S+| {re.escape(choice.metavar)}\s)", told)
        assert choice.description.split()[0] in told
        assert re.search(rf"`{choice.flag}[ `]", page)
        assert f"`{choice.variable}`" in page


@pytest.mark.parametrize("nearer", ["flag", "variable"])
@pytest.mark.parametrize(
    ("one", "other"), [("f_number", "blur_percent"), ("blur_percent", "f_number")]
)
def test_of_two_strengths_the_nearer_holds(nearer, one, other, tmp_path, monkeypatch):
    """An aperture or a blur that is given nearer takes the place of the other, farther one."""
    words = {"f_number": "f/4", "blur_percent": "3"}
    file = tmp_path / "look.toml"
    file.write_text(f"[lens]\n{other} = {words[other].removeprefix('f/')}\n")
    arguments = []
    if nearer == "flag":
        monkeypatch.setenv(CHOICES[other].variable, words[other])
        arguments = [CHOICES[one].flag, words[one]]
    else:
        monkeypatch.setenv(CHOICES[one].variable, words[one])
    lens = chosen(arguments, file).lens
    assert lens.blur_percent == (3 if one == "blur_percent" else None)
    assert one == "blur_percent" or lens.f_number == 4


def test_two_strengths_side_by_side_are_refused(monkeypatch):
    """Two variables contradict each other like two flags do."""
    monkeypatch.setenv("D2F_APERTURE", "f/2")
    monkeypatch.setenv("D2F_BLUR", "2")
    with pytest.raises(UsageError, match="give one of them"):
        chosen([])


def test_a_wrong_word_is_told_with_where_it_came_from(monkeypatch):
    """The message names the option, or the variable, and what is allowed."""
    with pytest.raises(UsageError, match=r"^--squeeze wide: should be a valid number"):
        chosen(["--squeeze", "wide"])
    monkeypatch.setenv("D2F_SQUEEZE", "9")
    with pytest.raises(UsageError, match=r"^D2F_SQUEEZE=9: should be less than or equal to 2"):
        chosen([])
