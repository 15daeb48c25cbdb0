"""Connections that are closed where a head is too long or does not come: uvicorn waits for both."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["MOST_HEAD", "Bounded"]

MOST_HEAD = 1 << 16  # bytes of the first line and the headers
PATIENCE = 10.0  # seconds in which a head must come


class Bounded(HttpToolsProtocol):
    """A connection whose heads are bounded in size and time."""

    _head = 0  # bytes of the one that is coming
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head is too long."""
        super().data_received(data)
        self._head = self._head + len(data) if self._timer else 0
        if self._head > MOST_HEAD:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Wait for another head."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Wait no longer: time and size of what follows are the guard's."""
        self._stop_waiting()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(PATIENCE, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
