"""Where a training or its scenes are written."""

from pathlib import Path

from d2f.errors import PhotoError

__all__ = ["make_out_folder"]


def make_out_folder(folder: Path) -> None:
    """Make the folder of --out, before any work; one that is there stays as it is.

    Raises
    ------
    PhotoError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PhotoError(
            f"{folder} cannot be made: {error.strerror or error}; give another folder as --out."
        ) from None
