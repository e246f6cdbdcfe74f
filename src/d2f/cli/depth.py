"""`d2f depth`: the disparity that a render would use, as a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .limit_options import MaxMegapixels, MaxSide, limits_of
from .say import say

__all__ = ["depth"]


def depth(
    photo: Annotated[
        Path, typer.Argument(metavar="PHOTO", readable=False, help="The photo to look at.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="F",
            help="Disparity map: tif, npy, pfm, exr (float) or png (16 bit); larger is nearer.",
        ),
    ],
    max_megapixels: MaxMegapixels = None,
    max_side: MaxSide = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace F if it exists.")] = False,
) -> None:
    """Write the photo's disparity at full size: 1 nearest, 0 farthest; in 1/m of metric depth."""
    from .. import files
    from ..errors import UsageError
    from ..pipeline import Session

    if os.path.realpath(output) == os.path.realpath(photo):
        raise UsageError(f"{output} is the photo itself: give another name for the map.")
    files.check_map_name(output)
    files.check_target(output, overwrite=overwrite)
    session = Session(files.read_photo(photo, limits=limits_of(max_megapixels, max_side)))
    files.write_disparity_map(session.view.disparity, output, overwrite=overwrite)
    say(str(output))
