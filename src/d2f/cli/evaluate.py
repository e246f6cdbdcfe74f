"""`d2f evaluate`: judge the shipped network on photos with known truth."""

import json
import math
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from .conformance import conformance

__all__ = ["app"]

app = typer.Typer(help="Judge networks and pictures against known truth.", no_args_is_help=True)

Root = Annotated[Path, typer.Option(help="Folder with the pictures and their truth beside them.")]
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
def edges(
    root: Root,
    as_json: AsJson = False,
    render: Annotated[
        bool, typer.Option("--render", help="Also render the scenes, and compare with the lens.")
    ] = False,
) -> None:
    """Judge full-size disparity on ray-traced scenes: NAME.png with NAME.npz beside it."""
    command = import_module("d2f.evaluate.edges").evaluate_edges
    show(command(root, render=render), as_json=as_json, label="enlarged")


app.command()(conformance)


@app.command()
def pairs(
    table: Annotated[
        Path | None, typer.Option("--csv", help="Table with the columns photo and target.")
    ] = None,
    ebb: Annotated[Path | None, typer.Option(help="EBB! folder: original/ and bokeh/.")] = None,
    realbokeh: Annotated[
        Path | None, typer.Option(help="RealBokeh folder: test/metadata/ and the like.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="EBB!: val294 (default), train, all. RealBokeh: test (default), validation, "
            "train. Table: all (default), validation, training."
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="ours, dmshn, bokehlicious, ntire2023, bokehme or vabm.")
    ] = "ours",
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="mask-gaussian, compact, compact-no-grain, d2f2023; may be given again. The photo "
            "itself, identity, is always judged."
        ),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weights of d2f2023, a safetensors file.")
    ] = None,
    variant: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a d2f train hallucination --renderer d2f; again for more."),
    ] = None,
    outputs: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with any program's NAME.png for each pair; again for more."),
    ] = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Also fit focus and f-number to each target.")
    ] = False,
    align_exposure: Annotated[
        bool, typer.Option("--align-exposure", help="Bring targets to their photo's exposure.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N pairs.")] = None,
    size: Annotated[
        int | None, typer.Option(min=32, help="Reduce all to this long side in pixels first.")
    ] = None,
    lpips_weights: Annotated[
        Path | None, typer.Option(help="State of the official LPIPS(net='alex'), for its column.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder for a strip of each pair: photo, methods, target.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the report as JSON.")
    ] = None,
    csv_out: Annotated[
        Path | None, typer.Option(help="Also write a row for each pair and method as CSV.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace existing reports.")
    ] = False,
) -> None:
    """Judge bokeh on pairs of photos, stopped down and wide open."""
    command = import_module("d2f.evaluate.pairs.command")
    choices = {} if method is None else {"methods": tuple(method)}
    plan = command.PairsPlan(
        table=table,
        ebb=ebb,
        realbokeh=realbokeh,
        split=split,
        protocol=protocol,
        weights=weights,
        variants=tuple(variant or ()),
        outputs=tuple(outputs or ()),
        fit=fit,
        align_exposure=align_exposure,
        limit=limit,
        long_side_px=size,
        lpips_weights=lpips_weights,
        pictures=pictures,
        json_file=json_file,
        csv_file=csv_out,
        overwrite=overwrite,
        **choices,
    )
    typer.echo(command.run_pairs(plan, on_progress=lambda told: typer.echo(told, err=True)))


def show(report: dict[str, object], *, as_json: bool, label: str = "network") -> None:
    """Print a report as one JSON object, or as lines of name and figures."""
    if as_json:
        typer.echo(json.dumps(finite(report), allow_nan=False))
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


def finite(value: object) -> object:
    """A report whose figures JSON has a number for; none in place of others."""
    if isinstance(value, dict):
        return {name: finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def figure_text(value: object) -> str:
    """A figure for reading: three decimals, or n/a where no photo has it."""
    if value is None:
        return "n/a"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
