"""HTTP/1.1 with an end to patience: for heads that do not come, and answers that nobody takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Connection"]

HEAD_SECONDS = 30.0  # from the connection, or the answer before, to the end of a request's head
UNTAKEN_SECONDS = 30.0  # in which a client takes some of an answer that waits for it


class Connection(H11Protocol):
    """A connection that ends when its client neither asks nor listens."""

    _asking: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Once its head is here a request takes what time it needs; the guard minds its body."""
        super().data_received(data)
        self._wait_for_head()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        self._wait_for_head()

    def pause_writing(self) -> None:
        """The client takes nothing: wait, but not for ever."""
        super().pause_writing()
        self._taking = self._later(UNTAKEN_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It took some."""
        super().resume_writing()
        self._taking = _cancelled(self._taking)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._asking, self._taking = _cancelled(self._asking), _cancelled(self._taking)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; a request whose body broke off is over."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
                return
        super().send_400_response(msg)

    def _wait_for_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._asking = _cancelled(self._asking)
        elif self._asking is None and not self.transport.is_closing():
            self._asking = self._later(HEAD_SECONDS, self.transport.close)

    def _later(self, seconds: float, end: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, end)


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """No timer; the one that ran is stopped."""
    if timer is not None:
        timer.cancel()
    return None
