"""The command line: this file only lists the commands and turns errors into exit codes."""

from __future__ import annotations

import sys

import typer

from ..errors import D2FError
from . import depth, evaluate, inspect, render, train

__all__ = ["app", "main"]

app = typer.Typer(
    name="d2f",
    help="Give a photo the depth of field of a fast lens.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("render")(render.render)
app.command("inspect")(inspect.inspect)
app.command("depth")(depth.depth)
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")

INTERRUPTED = 130  # what a shell expects after Ctrl-C


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"d2f {version('d2f')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Give a photo the depth of field of a fast lens.

    Exit codes: 0 done, 1 failed on a photo, 2 wrong use, 3 weights or an extra missing.
    """


def main() -> None:
    """Run the command line; an error becomes one sentence on stderr and its exit code."""
    try:
        app()
    except D2FError as error:
        print(f"d2f: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        print("d2f: interrupted", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
