"""The REST port's connections, within bounds: how many there are, and how long one may take to say what it wants."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 1024  # one beyond is answered 503
MAX_SOCKETS = 4096  # one beyond is closed unread
SECONDS_FOR_HEADERS = 20.0


class BoundedConnection(H11Protocol):
    """A connection that is closed when a request's head does not arrive in time: else slow clients take all places."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_SOCKETS:
            transport.abort()
        else:
            self._await_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience:
            self._patience.cancel()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        if self._patience:
            self._patience.cancel()
        self._patience = self.loop.call_later(SECONDS_FOR_HEADERS, self._lose_patience)

    def _lose_patience(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()
