"""`d2f inspect`: what a photo's file says about itself, and what d2f sees in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import D2FError
from .limit_options import MaxMegapixels, MaxSide, limits_of
from .pipes import PIPE, check_pipes, read_input
from .say import as_refusal, say, say_error

if TYPE_CHECKING:
    from ..files import Limits, Photo

__all__ = ["inspect"]


def inspect(
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTO", help="Photos to look at; - for a pipe.")
    ],
    json_lines: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per photo.")
    ] = False,
    analyse: Annotated[
        bool,
        typer.Option("--analyse/--no-analyse", help="Whether to look for focus and subjects, too."),
    ] = True,
    max_megapixels: MaxMegapixels = None,
    max_side: MaxSide = None,
) -> None:
    """Tell a photo's format, size, light, metadata, depth and subjects, without rendering it."""
    limits = limits_of(max_megapixels, max_side)
    failed: list[D2FError] = []
    for name in photos:
        try:
            facts, seen = _look_at(name, limits, analyse=analyse)
        except (D2FError, OSError, RuntimeError, MemoryError) as error:
            refusal = as_refusal(error, name)
            failed.append(refusal)
            if json_lines:
                say(json.dumps({"photo": name, "error": str(refusal)}))
            say_error(str(refusal))
            continue
        if json_lines:
            say(json.dumps({"photo": name, **facts, **seen}))
        else:
            _tell(name, {**facts, **_lines(seen)})
    if failed:
        raise typer.Exit(max(error.exit_code for error in failed))


def _look_at(name: str, limits: Limits, *, analyse: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts about the file, and what is seen in the photo."""
    from ..files import photo_from_bytes, read_photo
    from ..files.describe import describe

    if name == PIPE:
        check_pipes(reads=True, writes=False)
        content = read_input(largest_bytes=limits.file_bytes)
        photo = photo_from_bytes(content, name="standard input", limits=limits)
    else:
        photo = read_photo(Path(name), limits=limits)
    return describe(photo), _seen(photo) if analyse else {}


def _seen(photo: Photo) -> dict[str, Any]:
    """Focus, subjects and warnings; a photo too small for them has a warning alone."""
    from ..errors import PhotoError
    from ..pipeline import Session
    from ..settings import Settings

    try:
        return Session(photo).summary(Settings())
    except PhotoError as error:
        return {"focus": None, "subjects": [], "warnings": [str(error)]}


def _tell(name: str, facts: dict[str, Any]) -> None:
    """For people: what there is; `--json` also names what there is not."""
    say(name)
    told = {fact: value for fact, value in facts.items() if value is not None}
    width = max(map(len, told))
    for fact, value in told.items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {word}" for name, word in value.items())
        say(f"  {fact.replace('_', ' '):{width}}  {value}")


def _lines(seen: dict[str, Any]) -> dict[str, Any]:
    if not seen:
        return {}
    focus, subjects = seen["focus"], seen["subjects"]
    places = (
        f"{one['kind']} at {one['point'][0]:.2f},{one['point'][1]:.2f} ({one['score']:.2f})"
        for one in subjects
    )
    return {
        "focus": focus
        and f"{focus['x']:.2f},{focus['y']:.2f} ({focus['certainty']}): {focus['reason']}",
        "subjects": "; ".join(places) or None,
        "warnings": "; ".join(seen["warnings"]) or None,
    }
