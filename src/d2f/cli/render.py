"""`d2f render`: photos in, photos with depth of field out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import D2FError, UsageError
from .options import settings_of
from .report import Reporter
from .say import as_refusal
from .targets import Job, plan_jobs

if TYPE_CHECKING:
    from ..pipeline import Rendered
    from ..settings import Settings

__all__ = ["render"]


def render(
    context: typer.Context,
    photos: Annotated[
        list[Path],
        typer.Argument(metavar="PHOTO...", readable=False, help="Photos, or folders of photos."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="File for one photo, folder for several. Default: NAME.bokeh.EXT beside PHOTO.",
        ),
    ] = None,
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
    settings = settings_of(context)
    maps = {"defocus": save_defocus, "disparity": save_disparity, "mask": save_mask}
    jobs = plan_jobs(photos, output, maps=maps, depth=settings.depth.file)
    reporter = Reporter(json_lines=json_lines, quiet=quiet, verbose=verbose, total=len(jobs))
    failed = _run_all(jobs, settings, overwrite=overwrite, reporter=reporter)
    if failed:
        raise typer.Exit(max(error.exit_code for error in failed))


def _run_all(
    jobs: list[Job], settings: Settings, *, overwrite: bool, reporter: Reporter
) -> list[D2FError]:
    """Render every job, going on past a photo that fails; a lone job's error goes up as it is."""
    failed: list[D2FError] = []
    for job in jobs:
        try:
            with reporter.photo(job) as on_stage:
                rendered = _run(job, settings, overwrite=overwrite, on_stage=on_stage)
                reporter.done(job, rendered)
        except (D2FError, OSError, RuntimeError, MemoryError) as error:
            refusal = as_refusal(error, job.photo)
            reporter.failed(job, refusal)
            if len(jobs) == 1:
                raise refusal from (None if refusal is error else error)
            failed.append(refusal)
    if len(jobs) > 1:
        reporter.summary(failed)
    return failed


def _run(
    job: Job, settings: Settings, *, overwrite: bool, on_stage: Callable[[str], None]
) -> Rendered:
    from .. import files
    from ..pipeline import Session

    for target in job.targets:
        files.check_target(target, overwrite=overwrite)
    for path in job.maps.values():
        if path is not None:
            files.check_map_name(path)
    on_stage("reading")
    photo = files.read_photo(job.photo)
    files.check_output(
        photo, job.output
    )  # after reading: an input of another kind is the better news
    session = Session(photo, settings.depth, on_stage=on_stage)
    rendered = session.render_with_maps(settings)
    on_stage("writing")
    _write_all(job, rendered, overwrite=overwrite)
    return rendered


def _write_all(job: Job, rendered: Rendered, *, overwrite: bool) -> None:
    """Write the photo and its maps; if one cannot be written, no new one stays."""
    from .. import files

    new = [path for path in job.targets if not os.path.lexists(path)]
    try:
        for path, write, values in (
            (job.maps["defocus"], files.write_defocus_map, rendered.defocus_px),
            (job.maps["disparity"], files.write_disparity_map, rendered.disparity),
            (job.maps["mask"], files.write_mask, rendered.in_focus),
        ):
            if path is not None:
                write(values, path, overwrite=overwrite)
        files.write_photo(rendered.photo, job.output, overwrite=overwrite)
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise
