"""Worker processes, as the server sees them: a short queue each, replaced when they die."""

from __future__ import annotations

import asyncio
import contextlib
import math
import multiprocessing
import os
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from .jobs import Answer, Job
from .options import ServeOptions
from .problems import Refusal
from .worker import run_worker

__all__ = ["Pool", "Worker"]

SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the server's threads and sockets
USUAL_SECONDS = 0.5  # of a job, until some were seen
MEMORY_OF_MEAN = 0.2  # weight of the newest job in the mean
LAST_WORDS_SECONDS = 3.0  # that a worker has to end when it is told to


class Worker:
    """One process and the jobs that wait for it, in the order of their coming.

    Attributes
    ----------
    pending : int
        Jobs that wait or run.
    replaced : int
        How often the process had to be replaced.
    """

    def __init__(self, options: ServeOptions, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._turn = asyncio.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Any = None  # a Connection; its type has a parameter on some Pythons only
        self._given_up = SPAWN.Value("q", -1)
        self._number = 0
        self._mean_seconds = USUAL_SECONDS
        self.pending = 0
        self.replaced = 0

    @property
    def pid(self) -> int | None:
        """Of the process; None before its first job."""
        return None if self._process is None else self._process.pid

    @property
    def wait_seconds(self) -> int:
        """When to come back, at a guess."""
        return max(1, math.ceil(self.pending * self._mean_seconds))

    async def do(self, job: Job, *, always: bool = False) -> Answer:
        """Have a job done; cancelled, it leaves the queue or stops at its next stage.

        Parameters
        ----------
        job : Job
        always : bool
            Whether it waits however many do.

        Raises
        ------
        Refusal
            429 if too many jobs wait, 503 if the process died or took too long, or what the
            worker says of the photo.
        """
        if self.pending >= self._options.queue and not always:
            raise Refusal(
                429,
                f"{self.pending} jobs wait already: try again in {self.wait_seconds} s.",
                retry_after=self.wait_seconds,
            )
        self.pending += 1
        try:
            async with self._turn:
                answer = await self._exchange(job)
        finally:
            self.pending -= 1
        if answer.status != 200:
            raise Refusal(answer.status, answer.sentence)
        return answer

    async def _exchange(self, job: Job) -> Answer:
        """Send a job and wait for its answer, even where nobody wants it any more."""
        begun = time.monotonic()
        self._number += 1
        waiting = asyncio.ensure_future(self._ask(job))
        try:
            answer = await asyncio.shield(waiting)
        except asyncio.CancelledError:
            self._given_up.value = self._number
            with contextlib.suppress(Refusal):
                await waiting
            if job.output is not None:
                job.output.unlink(missing_ok=True)
            raise
        seconds = time.monotonic() - begun
        self._mean_seconds += MEMORY_OF_MEAN * (seconds - self._mean_seconds)
        return answer

    async def _ask(self, job: Job) -> Answer:
        try:
            self.start()
            self._pipe.send((self._number, job))
            async with asyncio.timeout(self._options.job_seconds):
                await self._readable()
            answer = self._pipe.recv()
        except TimeoutError:
            self._replace()
            raise Refusal(
                503,
                f"{job.photo.name} took more than {self._options.job_seconds:g} s: "
                "make it smaller, or blur less.",
            ) from None
        except (EOFError, OSError):
            self._replace()
            raise Refusal(
                503,
                f"the process that worked on {job.photo.name} died, and was replaced: try again, "
                "or make the photo smaller.",
                retry_after=2,
            ) from None
        assert isinstance(answer, Answer)
        return answer

    async def _readable(self) -> None:
        """Wait for the pipe without a thread."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._pipe.fileno(), told.set)
        try:
            await told.wait()
        finally:
            loop.remove_reader(self._pipe.fileno())

    def start(self) -> None:
        """Have a living process; its first job need not wait for it then."""
        if self._process is not None and not self._process.is_alive():
            self._replace()
        if self._process is None:
            self._pipe, theirs = SPAWN.Pipe()
            arguments = (theirs, self._given_up, self._options, os.fspath(self._folder))
            self._process = SPAWN.Process(target=run_worker, args=arguments, daemon=True)
            self._process.start()
            theirs.close()  # so that its end is seen here

    def _replace(self) -> None:
        self.replaced += 1
        self.stop(at_once=True)

    def stop(self, *, at_once: bool = False) -> None:
        """End the process; a job in it is given up."""
        process, self._process = self._process, None
        if process is None:
            return
        self._pipe.close()
        if at_once:
            process.kill()
        process.join(LAST_WORDS_SECONDS)
        if process.is_alive():
            process.kill()
            process.join(LAST_WORDS_SECONDS)


class Pool:
    """All workers. A photo stays with one of them, which keeps it warm."""

    def __init__(self, options: ServeOptions, folder: Path) -> None:
        self.workers = [Worker(options, folder) for _ in range(options.workers)]

    def idlest(self) -> Worker:
        """The worker with the shortest queue."""
        return min(self.workers, key=lambda worker: worker.pending)

    def start(self) -> None:
        """Have all processes at hand."""
        for worker in self.workers:
            worker.start()

    def stop(self) -> None:
        """End every process."""
        for worker in self.workers:
            worker.stop()
