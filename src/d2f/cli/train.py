"""`d2f train`: make the networks from photos."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from d2f.errors import MissingPartError

__all__ = ["app"]

app = typer.Typer(help="Make the networks from photos (needs d2f[train]).", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Make the networks from photos (needs d2f[train])."""


@app.command()
def compact(
    photos: Annotated[
        Path, typer.Option(help="Folder with depth/, depth2/ and masks/, each with index.csv.")
    ],
    minutes: Annotated[float, typer.Option(min=0.01, help="Wall-clock time to train for.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Seed of everything that is left to chance.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and result.")] = Path(
        "runs/compact"
    ),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="Threads to train with.")] = 2,
) -> None:
    """Train the compact network and export it as ONNX."""
    # Named by strings: doors do not import each other, and help stays instant.
    with install_line():
        command = import_module("d2f.train.compact").train_compact
        written = command(
            photos, minutes=minutes, seed=seed, out=out, resume=resume, threads=threads
        )
    typer.echo(str(written))


@app.command()
def install(
    network: Annotated[
        Path,
        typer.Argument(
            metavar="NETWORK", help="NAME.onnx of a training, or a checkpoint NAME.pt of it."
        ),
    ],
    into: Annotated[
        Path | None, typer.Option(help="Folder of weights. Default: the package's own.")
    ] = None,
) -> None:
    """Make a trained network the one that d2f uses."""
    with install_line():
        command = import_module("d2f.train.install").install_weights
        written = command(network) if into is None else command(network, folder=into)
    typer.echo(str(written))


@contextmanager
def install_line() -> Iterator[None]:
    """Turn a package that is not installed into the line that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPartError(f'{error.name} is missing: pip install "d2f[train]"') from error
