"""What the routes share: the photos, the workers, the counters."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from .jobs import Job
from .metrics import Metrics
from .options import ServeOptions
from .photos import Entry, PhotoStore
from .problems import Refusal
from .workers import Pool

__all__ = ["Rooms"]


class Rooms:
    """What the routes share."""

    def __init__(self, options: ServeOptions, folder: Path) -> None:
        self.options = options
        self.outputs = folder / "outputs"
        self.outputs.mkdir()
        (folder / "photos").mkdir()
        self.store = PhotoStore(folder / "photos", most_bytes=options.disk_bytes)
        self.pool = Pool(options, folder)
        self.metrics = Metrics()
        self._errands: set[asyncio.Task[None]] = set()
        self._count = 0

    def busy(self) -> int | None:
        """Seconds to wait if no worker takes another job."""
        worker = self.pool.idlest()
        return worker.wait_seconds if worker.pending >= self.options.queue else None

    def output(self) -> Path:
        """A name for a file that a worker writes."""
        self._count += 1
        return self.outputs / str(self._count)

    def forget(self, entry: Entry) -> None:
        """Tell a worker to drop what it holds of a photo that is no more; nobody waits for it."""

        async def errand() -> None:
            with suppress(Refusal):  # it will forget by itself
                await entry.worker.do(Job(kind="forget", photo=entry.stored), always=True)

        task = asyncio.ensure_future(errand())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def gauges(self) -> dict[str, tuple[str, float]]:
        """What is now."""
        workers = self.pool.workers
        return {
            "d2f_photos": ("Photos that are held.", len(self.store)),
            "d2f_disk_bytes": ("What they take of the disc.", self.store.bytes),
            "d2f_jobs": ("Jobs that wait or run.", sum(worker.pending for worker in workers)),
            "d2f_workers": ("Worker processes.", len(workers)),
            "d2f_workers_replaced_total": (
                "Workers that died or took too long.",
                sum(worker.replaced for worker in workers),
            ),
        }
