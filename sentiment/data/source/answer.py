"""How long a server's answer may take. It is asked whenever bytes come: an answer need never reach its body.

The same holds for what is sent to a server, which may take it as slowly as it likes.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any, cast

from sentiment.data.formats.allowance import most_seconds

_until = ContextVar("_until", default=math.inf)  # on the monotonic clock


class TooLate(Exception):
    """An answer is still coming when it should have ended long ago. Nobody asks for it again."""

    def __init__(self) -> None:
        super().__init__("the answer takes far longer than it should")


@contextmanager
def answered_by(until: float) -> Iterator[None]:
    """While it lasts, a request that is still sent, or an answer that is still coming, after `until` raises TooLate."""
    before = _until.set(min(until, _until.get()))
    try:
        yield
    finally:
        _until.reset(before)


class Sent:
    """The body of a request, of which a piece is read when the store took the one before."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = -1) -> bytes:
        _require_by(_until.get())
        found: bytes = self._body.read(size)
        return found

    def seek(self, place: int) -> None:
        """Whoever sends it again, when a try failed, begins with this."""
        self._body.seek(place)


def _require_by(until: float) -> None:
    if time.monotonic() > until:
        raise TooLate


class _InTime(io.RawIOBase):
    """The bytes of a connection, as long as there is time for more."""

    def __init__(self, raw: io.RawIOBase, until: float) -> None:
        self._raw = raw
        self.until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        _require_by(min(self.until, _until.get()))
        return cast("int | None", cast(Any, self._raw).readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class Answer(HTTPResponse):
    """An answer whose head must come within the time of a small file, with all that a server says before it.

    That time begins when the request was sent: what is sent may be of any size.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes = _InTime(cast(Any, self.fp).detach(), time.monotonic() + most_seconds(0))
        self.fp = io.BufferedReader(self._bytes)

    def begin(self) -> None:
        super().begin()
        self._bytes.until = math.inf
