"""How the server is run: addresses, limits and budgets, with defaults that a laptop survives."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from ipaddress import ip_address

from ..errors import UsageError

__all__ = ["MEGA", "ServeOptions"]

MEGA = 1_000_000
SHORTEST_TOKEN = 16  # characters: shorter ones can be guessed over a network
MEMORY_SHARE = 0.75  # of the machine's memory that all workers together may ask for
LEAST_WORKER_BYTES = 2_000 * MEGA  # the network and a photo of 12 megapixels


def _workers() -> int:
    return max(2, (os.cpu_count() or 2) // 2)


def _part_of_memory(workers: int) -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(int(total * MEMORY_SHARE / workers), LEAST_WORKER_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Choices of whoever runs the server.

    Attributes
    ----------
    host, port
        Where it listens; port 0 takes a free one.
    workers : int
        Processes that analyse and render.
    upload_bytes : int
        The largest request that brings a photo.
    pixels : int
        The largest photo.
    token : str, optional
        What clients must show; needed unless only this machine can connect.
    disk_bytes : int
        What all uploads together may take of the disc.
    session_bytes : int
        What the analysed photos of one worker may take of its memory.
    queue : int
        Jobs that may wait for one worker; more are told to come back later.
    job_seconds : float
        What a single job may take.
    worker_bytes : int
        Memory that one worker may ask for; 0 stands for its part of the machine's.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = field(default_factory=_workers)
    upload_bytes: int = 200 * MEGA
    pixels: int = 60 * MEGA
    token: str | None = None
    disk_bytes: int = 8_000 * MEGA
    session_bytes: int = 1_500 * MEGA
    queue: int = 8
    job_seconds: float = 180.0
    worker_bytes: int = 0

    def __post_init__(self) -> None:
        if not self.worker_bytes:
            object.__setattr__(self, "worker_bytes", _part_of_memory(self.workers))
        if not self.loopback and self.token is None:
            raise UsageError(
                f"--host {self.host} can be reached by other machines: give --token, too, which "
                "they must show."
            )
        if self.token is not None and (
            len(self.token) < SHORTEST_TOKEN or not self.token.isascii() or " " in self.token
        ):
            raise UsageError(
                f"the token has to be guessed by nobody: give {SHORTEST_TOKEN} or more characters "
                "of ASCII without spaces."
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def worker_threads(self) -> int:
        """Threads of one worker: two jobs at once may share every core."""
        cores = os.cpu_count() or 1
        return max(1, min(cores, 2 * cores // self.workers))
