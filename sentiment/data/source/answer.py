"""How long a store's answer may take. It is asked whenever bytes come: an answer need never reach its body."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any, cast

from botocore.awsrequest import AWSConnection

from sentiment.data.formats.allowance import most_seconds
from sentiment.data.source.refusal import TooLate

_until = ContextVar("_until", default=math.inf)  # on the monotonic clock


@contextmanager
def answered_by(until: float) -> Iterator[None]:
    """While it lasts, an answer that is still coming after `until` raises TooLate."""
    before = _until.set(min(until, _until.get()))
    try:
        yield
    finally:
        _until.reset(before)


def keep_time() -> None:
    """Has every client of boto3 read its answers in time."""
    AWSConnection.response_class = _Answer  # there is no setting for it


class _InTime(io.RawIOBase):
    """The bytes of a connection, as long as there is time for more."""

    def __init__(self, raw: io.RawIOBase, until: float) -> None:
        self._raw = raw
        self.until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > min(self.until, _until.get()):
            raise TooLate
        return cast("int | None", cast(Any, self._raw).readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer whose head must come within the time of a small file, with all that a store says before it.

    That time begins when the request was sent: what is written to a store may be of any size.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes = _InTime(cast(Any, self.fp).detach(), time.monotonic() + most_seconds(0))
        self.fp = io.BufferedReader(self._bytes)

    def begin(self) -> None:
        super().begin()
        self._bytes.until = math.inf
