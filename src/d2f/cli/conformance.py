"""`d2f evaluate conformance`: the published model's numbers, array by array."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from .extras import needs_extra
from .say import say

__all__ = ["conformance"]


def conformance(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="NAME.png with NAME.npz, layered_rendering.npz."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check that d2f2023 gives the published arrays; exit code 1 where one is beyond tolerance."""
    with needs_extra("torch"):
        # Named by a string: doors do not import each other, and help stays instant.
        rows = import_module("d2f.evaluate.conformance").evaluate_conformance(folder)
    beyond = sum(not row.within for row in rows)
    if as_json:
        figures = [asdict(row) for row in rows]
        say(json.dumps({"arrays": len(rows), "beyond": beyond, "rows": figures}))
    else:
        for row in rows:
            say(row.line())
        say(f"{len(rows) - beyond} of {len(rows)} arrays within tolerance")
    if beyond:
        raise typer.Exit(1)
