"""One photo from its file or pipe to its picture, with the maps and the sidecar beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .pipes import read_input, write_output
from .targets import C2PA_ACTIONS, Job

if TYPE_CHECKING:
    from ..files import Limits, Photo
    from ..pictures import Picture
    from ..settings import Settings

__all__ = ["render_one"]


def render_one(
    job: Job,
    settings: Settings,
    *,
    limits: Limits,
    overwrite: bool,
    on_stage: Callable[[str], None],
) -> Picture:
    """Do a job: check its targets, read, render, write all or nothing.

    Parameters
    ----------
    job : Job
    settings : Settings
    limits : Limits
        How large the photo may be.
    overwrite : bool
        Whether files may be replaced.
    on_stage : callable
        Called with a word at the start of each stage.
    """
    from .. import files
    from ..outputs import check_picture_name

    if job.output is not None:
        check_picture_name(job.output, settings.output)
    for target in job.targets:
        files.check_target(target, overwrite=overwrite)
    for name, path in job.maps.items():
        if path is not None and name != C2PA_ACTIONS:
            files.check_map_name(path)
    on_stage("reading")
    with ThreadPoolExecutor(max_workers=1) as beside:
        beside.submit(_load_what_comes_next, settings)
        photo = _read(job, limits)
    if job.output is not None:  # after reading: an input of another kind is the better news
        files.check_output(photo, job.output)
    from ..pipeline import open_session

    session = open_session(photo, settings, on_stage=on_stage)
    rendered = session.render_with_maps(settings)
    on_stage("writing")
    _write_all(job, rendered, settings, overwrite=overwrite)
    return rendered


def _load_what_comes_next(settings: Settings) -> None:
    """Load code and network while the photo is decoded; what is missing is told when it is used."""
    from ..pipeline import load_network

    load_network(settings)


def _read(job: Job, limits: Limits) -> Photo:
    from .. import files

    if job.photo is not None:
        return files.read_photo(job.photo, limits=limits)
    piped = read_input(largest_bytes=limits.file_bytes)
    return files.photo_from_bytes(piped, name=job.name, limits=limits)


def _write_all(job: Job, rendered: Picture, settings: Settings, *, overwrite: bool) -> None:
    """Write the photo and what goes beside it; if one cannot be written, no new one stays."""
    from .. import files
    from ..outputs import picture_bytes, write_picture

    new = [path for path in job.targets if not os.path.lexists(path)]
    signed = settings.method.model != "d2f2023"  # whose defocus is 0 and up
    try:
        for name, write in (
            ("defocus", files.write_defocus_map if signed else files.write_disparity_map),
            ("disparity", files.write_disparity_map),
            ("mask", files.write_mask),
        ):
            path = job.maps[name]
            if path is not None:
                write(rendered.maps[name], path, overwrite=overwrite)
        actions = job.maps.get(C2PA_ACTIONS)
        if actions is not None:
            from ..c2pa_actions import c2pa_actions

            photo = rendered.photo
            written = photo.format if job.output is None else files.format_of(job.output)
            title = job.name if job.output is None else job.output.name
            described = c2pa_actions(photo, title=title, file_format=written)
            files.write_whole(described, actions, overwrite=overwrite)
        if job.sidecar is not None and job.output is not None:
            from ..sidecar import sidecar_bytes

            beside = sidecar_bytes(rendered, settings, output=job.output)
            files.write_whole(beside, job.sidecar, overwrite=overwrite)
        if job.output is None:
            write_output(picture_bytes(rendered, settings.output))
        else:
            write_picture(rendered, job.output, settings.output, overwrite=overwrite)
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise
