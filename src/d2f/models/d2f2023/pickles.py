"""What a pickle would run, found by reading its opcodes, not by loading it."""

import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["code_refused"]

PLAIN = ("torch.", "torch._utils.", "collections.OrderedDict", "_codecs.encode")  # of any state


def code_refused(path: Path, told: str) -> str | None:
    """The first thing that a refused file of torch would have called, as `posix.system`.

    Parameters
    ----------
    path : Path
        A pickle, or the archive with one that torch writes.
    told : str
        What torch said when it refused the file.

    Returns
    -------
    str, or None if the file calls nothing but what every state does
    """
    if named := re.search(r"GLOBAL (\S+)", told):
        return named[1]
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                return next(_calls(file), None)
        with zipfile.ZipFile(path) as archive:
            inner = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            with archive.open(inner) as file:
                return next(_calls(file), None)
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile):
        return None


def _calls(pickled: IO[bytes]) -> Iterator[str]:
    strings: list[str] = []
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL":
            strings += str(argument).split(" ")
        elif isinstance(argument, str):
            strings.append(argument)
        if opcode.name in ("GLOBAL", "STACK_GLOBAL") and len(strings) >= 2:
            name = ".".join(strings[-2:])
            if not name.startswith(PLAIN):
                yield name
