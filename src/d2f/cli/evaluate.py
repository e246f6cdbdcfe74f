"""`d2f evaluate`: judge the shipped network on photos with known truth."""

import json
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from .conformance import conformance

__all__ = ["app"]

app = typer.Typer(
    help="Judge the shipped network on photos with known truth.", no_args_is_help=True
)

Root = Annotated[Path, typer.Option(help="Folder with NAME.jpg and its truth beside it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Split = Annotated[str, typer.Option(help="Scenes to judge on: validation, training or all.")]


@app.command()
def subjects(root: Root, as_json: AsJson = False, split: Split = "all") -> None:
    """Judge focus maps on NAME.jpg with subject masks NAME.png."""
    # Named by strings: doors do not import each other, and help stays instant.
    command = import_module("d2f.evaluate.subjects").evaluate_subjects
    show(command(root, split=split), as_json=as_json)


@app.command()
def depth(root: Root, as_json: AsJson = False, split: Split = "all") -> None:
    """Judge disparity on NAME.jpg with NAME_invdepth16.png."""
    command = import_module("d2f.evaluate.depth").evaluate_depth
    show(command(root, split=split), as_json=as_json)


@app.command()
def edges(root: Root, as_json: AsJson = False) -> None:
    """Judge full-size disparity on ray-traced scenes: NAME.png with NAME.npz beside it."""
    command = import_module("d2f.evaluate.edges").evaluate_edges
    show(command(root), as_json=as_json, label="enlarged")


app.command()(conformance)


def show(report: dict[str, object], *, as_json: bool, label: str = "network") -> None:
    """Print a report as one JSON object, or as lines of name and figures."""
    if as_json:
        typer.echo(json.dumps(report))
        return
    ours = {name: value for name, value in report.items() if not isinstance(value, dict)}
    lines = [(label, ours)]
    for name, value in report.items():
        if name == "baselines" and isinstance(value, dict):
            lines += list(value.items())
        elif isinstance(value, dict):
            lines.append((f"{label}, {name}", value))
    for name, figures in lines:
        told = ", ".join(f"{key} {figure_text(value)}" for key, value in figures.items())
        typer.echo(f"{name}: {told}")


def figure_text(value: object) -> str:
    """A figure for reading: three decimals, or n/a where no photo has it."""
    if value is None:
        return "n/a"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
