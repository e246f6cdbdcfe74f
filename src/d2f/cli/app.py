"""The command line: this file only lists the commands and turns errors into exit codes."""

from __future__ import annotations

import gc
import io
import signal
import sys

import typer

from ..errors import D2FError
from . import depth, evaluate, inspect, render, serve, train, weights
from .options import SettingsCommand
from .say import as_refusal, drop_rest, output_refusal, say, say_error

__all__ = ["app", "main"]

ENVIRONMENT = (
    "Settings come from the environment, too: D2F_FOCAL_LENGTH=85 means --focal-length 85."
)

app = typer.Typer(
    name="d2f",
    help="Give a photo the depth of field of a fast lens.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("render", cls=SettingsCommand, epilog=ENVIRONMENT)(render.render)
app.command("inspect")(inspect.inspect)
app.command("depth")(depth.depth)
app.command("serve")(serve.serve)
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(weights.app, name="weights")

IMPORTED_OBJECTS = 200_000  # more than the modules of a render make, none of it garbage
STOPPED = 128  # plus the signal's number: what a shell expects of a stopped program


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"d2f {version('d2f')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Give a photo the depth of field of a fast lens.

    Exit codes: 0 done, 1 a file could not be read, used or written, 2 wrong use, 3 weights or an
    extra missing, 128 + N stopped by signal N.
    """


def main() -> None:
    """Run the command line; an error becomes one sentence on stderr and its exit code."""
    gc.set_threshold(IMPORTED_OBJECTS)  # else they are searched a hundred times while loading
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may hold anything
    try:
        code = app(standalone_mode=False)  # Typer's own way to tell an error takes four lines
        if sys.stdout is not None:
            sys.stdout.flush()
    except typer.TyperException as error:
        _tell_misuse(error)
        code = error.exit_code
    except (D2FError, OSError, RuntimeError, MemoryError) as error:
        refusal = as_refusal(error, getattr(error, "filename", None) or "d2f")
        if isinstance(error, OSError) and error.filename is None:  # no file: a help text's way out
            drop_rest(sys.stdout)
            refusal = output_refusal(error)
        say_error(str(refusal))
        raise SystemExit(refusal.exit_code) from (None if refusal is error else error)
    raise SystemExit(code)


def _tell_misuse(error: typer.TyperException) -> None:
    """What Typer refuses, in one sentence; where nothing was asked for, the help it brings."""
    words = error.format_message()
    if words.startswith("Usage:"):
        print(words, file=sys.stderr)
        return
    sentence = " ".join(words.split()).rstrip(".")
    command = getattr(getattr(error, "ctx", None), "command_path", "d2f")
    say_error(f"{sentence[:1].lower()}{sentence[1:]}: `{command} --help` tells what there is.")


def _stop(number: int, _frame: object) -> None:
    """Leave as if the program had ended, so that nothing half written stays behind."""
    raise SystemExit(STOPPED + number)
