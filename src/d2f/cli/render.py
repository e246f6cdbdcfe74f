"""`d2f render`: photos in, photos with depth of field out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import D2FError, UsageError
from .limit_options import MaxMegapixels, MaxSide, limits_of
from .one_photo import render_one
from .options import settings_of
from .pipes import PIPE
from .report import Reporter
from .say import as_refusal
from .targets import C2PA_ACTIONS, Job, plan_jobs

if TYPE_CHECKING:
    from ..files import Limits
    from ..settings import Settings

__all__ = ["render"]


def render(
    context: typer.Context,
    photos: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO", help="Photos, or folders of photos; - for a pipe."),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="File for one photo, folder for several, - for a pipe. "
            "Default: NAME.bokeh.EXT beside PHOTO.",
        ),
    ] = None,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            envvar="D2F_SETTINGS",
            show_envvar=False,
            help="Settings from a sidecar, JSON or TOML; options and variables win over it.",
        ),
    ] = None,
    sidecar: Annotated[
        bool,
        typer.Option(
            "--sidecar", help="Also write NAME.d2f.json: settings, focus, versions, hashes."
        ),
    ] = False,
    save_defocus: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Also write the defocus map: tif, npy, pfm, exr (pixels), or png (for eyes).",
        ),
    ] = None,
    save_disparity: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Also write the disparity map: the same formats."),
    ] = None,
    save_mask: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Also write the in-focus mask: the same formats."),
    ] = None,
    c2pa_actions: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Also write what was done, as JSON for a C2PA tool."),
    ] = None,
    max_megapixels: MaxMegapixels = None,
    max_side: MaxSide = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace outputs that exist.")
    ] = False,
    json_lines: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per photo.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Print what took long.")] = False,
) -> None:
    """Give photos the depth of field of a fast lens."""
    if quiet and verbose:
        raise UsageError("--quiet and --verbose contradict each other: give one of them.")
    if json_lines and output == PIPE:
        raise UsageError("--json and -o - both write to standard output: give one of them.")
    settings = settings_of(context, file=settings_file)
    _check_format(context, output)
    _check_method(context, settings, save_disparity=save_disparity)
    maps = {"defocus": save_defocus, "disparity": save_disparity, "mask": save_mask}
    maps[C2PA_ACTIONS] = c2pa_actions
    jobs = plan_jobs(photos, output, maps=maps, settings=settings, sidecar=sidecar)
    reporter = Reporter(
        json_lines=json_lines,
        quiet=quiet,
        verbose=verbose,
        total=len(jobs),
        picture_goes_out=output == PIPE,
    )
    limits = limits_of(max_megapixels, max_side)
    failed = _run_all(jobs, settings, limits=limits, overwrite=overwrite, reporter=reporter)
    if failed:
        raise typer.Exit(max(error.exit_code for error in failed))


def _check_format(context: typer.Context, output: str | None) -> None:
    """Of a format and a name that say different things, a flag's format is no accident."""
    from ..files import format_of

    wanted = context.obj["COMMANDLINE"].get("format")
    if wanted is None or output is None or output == PIPE or not Path(output).suffix:
        return
    if not os.path.isdir(output) and format_of(Path(output)) != wanted.upper():
        raise UsageError(f"--format {wanted} and -o {output} contradict each other: give one.")


def _check_method(
    context: typer.Context, settings: Settings, *, save_disparity: Path | None
) -> None:
    """Of a method that has no use for a flag, the user is told before any work is done."""
    from ..published import refuse_idle

    refuse_idle(settings, context.obj["COMMANDLINE"])
    if save_disparity is not None and settings.method.model == "d2f2023":
        raise UsageError("--save-disparity: d2f2023 finds no disparity; leave it out.")


def _run_all(
    jobs: list[Job], settings: Settings, *, limits: Limits, overwrite: bool, reporter: Reporter
) -> list[D2FError]:
    """Render every job, going on past a photo that fails; a lone job's error goes up as it is."""
    failed: list[D2FError] = []
    for job in jobs:
        try:
            with reporter.photo(job) as on_stage:
                rendered = render_one(
                    job, settings, limits=limits, overwrite=overwrite, on_stage=on_stage
                )
                reporter.done(job, rendered)
        except (D2FError, OSError, RuntimeError, MemoryError) as error:
            refusal = as_refusal(error, job.name)
            reporter.failed(job, refusal)
            if len(jobs) == 1:
                raise refusal from (None if refusal is error else error)
            failed.append(refusal)
    if len(jobs) > 1:
        reporter.summary(failed)
    return failed if reporter.trouble is None else [*failed, reporter.trouble]
