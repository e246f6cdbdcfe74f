"""Files that are either whole or not there."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import PhotoError

__all__ = ["check_target", "write_whole"]

WAY_OUT = "allow overwriting (--overwrite, overwrite=True) or give another name"


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse early what writing would refuse after minutes of work.

    Raises
    ------
    PhotoError
        If the file exists and may not be replaced, or its folder cannot be made.
    """
    if os.path.isdir(path):
        raise PhotoError(f"{path} is a folder: give the name of a file.")
    if os.path.exists(path) and not os.path.isfile(path):
        raise PhotoError(f"{path} is a device or a pipe: give the name of a file.")
    if os.path.lexists(path) and not overwrite:
        raise PhotoError(f"{path} exists already: {WAY_OUT}.")
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass  # free, or told below
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"{path} cannot be made: {reason}.") from None
    above = Path(os.path.abspath(path)).parent
    while not os.path.lexists(above) and above != above.parent:
        above = above.parent
    if not os.path.isdir(above):
        raise PhotoError(f"{path} cannot be made: {above} is a file, not a folder.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise PhotoError(f"{path} cannot be made: no permission to write in {above}.")


def write_whole(content: bytes, path: Path, *, overwrite: bool) -> None:
    """Write a file beside its target, then rename it; whatever fails leaves nothing behind.

    Parameters
    ----------
    content : bytes
    path : Path
        Its folder is made where it is missing.
    overwrite : bool
        Whether a file of that name may be replaced.

    Raises
    ------
    PhotoError
        If the file exists and is to be kept, or the folder cannot be made or written.
    """
    check_target(path, overwrite=overwrite)
    path = Path(os.path.realpath(path)) if path.is_symlink() else path  # what a link means
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(content, path, overwrite=overwrite)
    except FileExistsError:
        raise PhotoError(
            f"{path} cannot be written: a file of that name, or in place of its folder, is in the "
            "way; give another name."
        ) from None
    except OSError as error:
        raise PhotoError(f"{path} cannot be written: {error.strerror or error}.") from None


def _replace(content: bytes, path: Path, *, overwrite: bool) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".d2f-", suffix=path.suffix)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        if overwrite or not _linked(temporary, path):
            temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _linked(temporary: Path, path: Path) -> bool:
    """Link, which unlike a rename fails where a file has appeared meanwhile; some discs cannot."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
