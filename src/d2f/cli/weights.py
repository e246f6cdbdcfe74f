"""`d2f weights`: what networks there are, whether a file is sound, and the published one's own."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from .extras import needs_extra
from .say import say

__all__ = ["app"]

app = typer.Typer(help="List, verify and convert weights.", no_args_is_help=True)


@app.command("list")
def list_weights() -> None:
    """List the weights that come with d2f and those it can use: terms, and where they lie."""
    for weights in import_module("d2f.models.register").known_weights():
        say(f"{weights.name}  {weights.what}")
        say(f"    {'packaged' if weights.packaged else 'not packaged'}; {weights.licence}")
        say(f"    {weights.where}")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="NAME.onnx or NAME.safetensors.")],
) -> None:
    """Check a file: a packaged one by its SHA-256, d2f2023 by keys, shapes and finite values."""
    if file.suffix.lower() != ".safetensors":
        found = import_module("d2f.models.register").verify_packaged(file)
        say(f"{file}  sound: SHA-256 {found}, as registered")
        return
    with needs_extra("torch"):
        told = import_module("d2f.models.d2f2023.checkpoint").described(file)
    say(f"{file}  sound: {told}")


@app.command()
def convert(
    stage1: Annotated[
        Path, typer.Argument(metavar="STAGE1.pth", help="Published defocus hallucination.")
    ],
    stage2: Annotated[
        Path, typer.Argument(metavar="STAGE2.pth", help="Published deep Poisson fusion.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="NAME.safetensors to write.")
    ] = Path("d2f2023.safetensors"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
) -> None:
    """Make one safetensors file of the published checkpoints; code in them is not run."""
    from ..errors import UsageError
    from ..files.atomic import check_target, write_whole

    if output.suffix.lower() != ".safetensors":
        raise UsageError(f"-o {output}: give a name that ends in .safetensors.")
    check_target(output, overwrite=overwrite)
    with needs_extra("torch"):
        content = import_module("d2f.models.d2f2023.checkpoint").converted(stage1, stage2)
    write_whole(content, output, overwrite=overwrite)
    say(str(output))
