"""`d2f inspect`: what a photo's file says about itself, and what d2f sees in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .say import say

if TYPE_CHECKING:
    from ..files import Photo

__all__ = ["inspect"]


def inspect(
    photo: Annotated[
        Path, typer.Argument(metavar="PHOTO", readable=False, help="The photo to look at.")
    ],
    json_object: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell a photo's format, size, light, metadata and subjects, without rendering it."""
    import json

    from ..files import describe, read_photo

    opened = read_photo(photo)
    facts = describe(opened)
    seen = _seen(opened)
    if json_object:
        say(json.dumps({"photo": str(photo), **facts, **seen}))
        return
    say(str(photo))
    facts |= _lines(seen)
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"  {name.replace('_', ' '):{width}}  {'-' if value is None else value}")


def _seen(photo: Photo) -> dict[str, Any]:
    """Focus, subjects and warnings; a photo too small for them has a warning alone."""
    from ..errors import PhotoError
    from ..pipeline import Session
    from ..settings import Settings

    try:
        return Session(photo).summary(Settings())
    except PhotoError as error:
        return {"focus": None, "subjects": [], "warnings": [str(error)]}


def _lines(seen: dict[str, Any]) -> dict[str, Any]:
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
