"""`d2f inspect`: what a photo's file says about itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .say import say

__all__ = ["inspect"]


def inspect(
    photo: Annotated[
        Path, typer.Argument(metavar="PHOTO", readable=False, help="The photo to look at.")
    ],
    json_object: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell a photo's format, size, light and metadata, without rendering it."""
    import json

    from ..files import describe, read_photo

    facts = describe(read_photo(photo))
    if json_object:
        say(json.dumps({"photo": str(photo), **facts}))
        return
    say(str(photo))
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"  {name.replace('_', ' '):{width}}  {'-' if value is None else value}")
