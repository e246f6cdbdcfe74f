"""What the command line says while it works: stages on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import D2FError
from .say import say, say_error
from .targets import C2PA_ACTIONS

if TYPE_CHECKING:
    from ..pictures import Picture
    from .targets import Job

__all__ = ["Reporter"]


class Reporter:
    """Tells a person, or with `json_lines` a program, how the photos fare.

    Results go to standard output, or beside the stages to standard error where a picture goes out.
    A standard output that takes no more (a full disc) does not keep photos from being made: that
    is told once, and remembered in `trouble`.
    """

    def __init__(
        self, *, json_lines: bool, quiet: bool, verbose: bool, total: int, picture_goes_out: bool
    ) -> None:
        self.trouble: D2FError | None = None
        self._stream = sys.stderr if picture_goes_out else sys.stdout
        self._json_lines = json_lines
        self._quiet = quiet
        self._verbose = verbose
        self._total = total
        self._started = 0
        self._seconds: dict[str, float] = {}
        self._since = 0.0
        self._stage = ""

    @contextmanager
    def photo(self, job: Job) -> Iterator[Callable[[str], None]]:
        """Follow one photo; yields what to call at the start of each stage."""
        self._started += 1
        self._seconds, self._stage, self._since = {}, "", time.perf_counter()
        count = f"[{self._started}/{self._total}] " if self._total > 1 else ""
        name = job.name if job.photo is None else job.photo.name
        if self._quiet or not sys.stderr.isatty():
            yield self._enter
            return
        from rich.console import Console

        console = Console(stderr=True)
        with console.status(f"{count}{name}") as status:

            def enter(stage: str) -> None:
                self._enter(stage)
                status.update(f"{count}{name}: {stage}")

            yield enter

    def _enter(self, stage: str) -> None:
        now = time.perf_counter()
        if self._stage:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0) + now - self._since
        self._stage, self._since = stage, now

    def done(self, job: Job, rendered: Picture) -> None:
        """A photo is written."""
        self._enter("")
        if self._json_lines:
            self._print_json(job, rendered)
        elif not self._quiet:
            self._say(f"{job.output or job.name}  {rendered.told()}")
            for words in (*rendered.summary().get("warnings", ()), *_not_held(job, rendered)):
                print(f"  note: {words}", file=sys.stderr)
        if self._verbose:
            times = ", ".join(f"{stage} {spent:.2f} s" for stage, spent in self._seconds.items())
            print(f"  {times}", file=sys.stderr)

    def _print_json(self, job: Job, rendered: Picture) -> None:
        result = {
            "photo": job.name,
            "output": str(job.output),
            **{_key_of(name): str(path) for name, path in job.maps.items() if path},
            **({"sidecar": str(job.sidecar)} if job.sidecar else {}),
            **rendered.summary(),
            "not_held": list(_not_held(job, rendered)),
            "seconds": {stage: round(spent, 3) for stage, spent in self._seconds.items()},
        }
        self._say(json.dumps(result))

    def _say(self, text: str) -> None:
        try:
            say(text, to=self._stream)
        except D2FError as error:
            self.trouble = error
            say_error(str(error))

    def failed(self, job: Job, error: D2FError) -> None:
        """A photo failed; others may go on."""
        if self._json_lines:
            self._say(json.dumps({"photo": job.name, "error": str(error)}))
        if self._total > 1:  # a lone photo's error ends the program, which tells it
            say_error(str(error))

    def summary(self, failed: list[D2FError]) -> None:
        """The last line of a batch."""
        if not self._quiet or failed:
            done = self._total - len(failed)
            print(f"{done} of {self._total} done, {len(failed)} failed", file=sys.stderr)


def _key_of(name: str) -> str:
    return name if name == C2PA_ACTIONS else f"{name}_map"


def _not_held(job: Job, rendered: Picture) -> tuple[str, ...]:
    """What of the photo's file the output has no room for, in words."""
    from ..files import losses_of

    return () if job.output is None else losses_of(rendered.photo, job.output)
