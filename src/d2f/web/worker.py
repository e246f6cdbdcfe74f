"""The process that works on photos: jobs in through a pipe, answers out, one after the other."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized

from .jobs import Answer, Job
from .options import ServeOptions

__all__ = ["run_worker"]


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # what a disc says that takes no more


class Stopped(Exception):
    """Nobody waits for the answer any more."""


def run_worker(
    pipe: Connection, given_up: Synchronized[int], options: ServeOptions, folder: str
) -> None:
    """Answer jobs until the pipe is closed.

    Parameters
    ----------
    pipe : Connection
        Brings (number, Job), takes Answer.
    given_up : shared int
        The last job whose client has gone: it stops at its next stage.
    options : ServeOptions
    folder : str
        For what libraries write on the way.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to every process of the terminal
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["TMPDIR"] = folder
    resource.setrlimit(resource.RLIMIT_DATA, (options.worker_bytes, options.worker_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from .work import Desk

    number = 0

    def check(_stage: str) -> None:
        if given_up.value >= number:
            raise Stopped

    desk = Desk(options, on_stage=check)
    while True:
        try:
            number, job = pipe.recv()
            pipe.send(_answer(desk, job))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _answer(desk: object, job: Job) -> Answer:
    from ..errors import D2FError, UsageError
    from .work import Desk, status_of

    assert isinstance(desk, Desk)
    try:
        return desk.answer(job)
    except Stopped:
        return Answer(status=499, sentence="the client has gone.")
    except D2FError as error:
        if job.output is not None and str(job.output) in str(error):
            return _no_room()  # of the server's own files nobody is told the names
        sentence = str(error).replace(str(job.photo.file), job.photo.name)
        if job.photo.depth is not None:
            sentence = sentence.replace(str(job.photo.depth), job.photo.depth.name)
        return Answer(status=422 if isinstance(error, UsageError) else status_of(error, job),
                      sentence=sentence)  # fmt: skip
    except FileNotFoundError:
        return Answer(status=404, sentence="the photo was deleted meanwhile: send it again.")
    except MemoryError:
        desk.forget()
        return Answer(
            status=413, sentence=f"{job.photo.name} needs more memory than a worker has: "
            "make the photo smaller.",
        )  # fmt: skip
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            return _no_room()
        traceback.print_exc(file=sys.stderr)
        return Answer(status=500, sentence="the server made a mistake: its log tells which.")


def _no_room() -> Answer:
    return Answer(status=507, sentence="the server's disc is full: come back later.")
