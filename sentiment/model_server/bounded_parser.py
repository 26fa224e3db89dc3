"""An HTTP parser that ends what is small on the wire and large in work: tiny chunks, many headers."""

from __future__ import annotations

import re
from typing import Any

import h11

LARGEST_HEAD = 16 * 1024  # bytes
MOST_HEADERS = 100  # of a request, and as many behind a body that comes in chunks
FREE_CHUNKS = 256  # of a body, as small as they like; all others have, on average, so many bytes at least:
LEAST_OF_A_CHUNK = 64
_END_OF_HEAD = re.compile(rb"\n\r?\n")


class BoundedParser(h11.Connection):
    """The server's side of a connection. The event loop does nothing else while it parses what was read at once."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, LARGEST_HEAD)
        self.in_chunks = False  # whether the request's body comes in chunks
        self._chunks = self._bytes = 0

    def next_event(self) -> Any:
        """Returns what has come next. Raises: h11.RemoteProtocolError, also for what is too small for its work."""
        if self.their_state is h11.IDLE:
            self._require_few_headers()
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.in_chunks = any(name == b"transfer-encoding" for name, _ in event.headers)
            self._chunks = self._bytes = 0
        elif isinstance(event, h11.Data) and self.in_chunks:
            self._require_large_chunks(event)
        elif isinstance(event, h11.EndOfMessage) and len(event.headers) > MOST_HEADERS:
            raise h11.RemoteProtocolError("too many headers behind the body")
        return event

    def _require_few_headers(self) -> None:
        waiting, _ = self.trailing_data
        if waiting.count(b"\n") > MOST_HEADERS + 2:
            head = _END_OF_HEAD.split(waiting, 1)[0]
            if head.count(b"\n") > MOST_HEADERS:
                raise h11.RemoteProtocolError("too many headers", error_status_hint=431)

    def _require_large_chunks(self, data: h11.Data) -> None:
        self._chunks += data.chunk_start
        self._bytes += len(data.data)
        if self._chunks > FREE_CHUNKS + self._bytes // LEAST_OF_A_CHUNK:
            raise h11.RemoteProtocolError("the chunks are too small")
