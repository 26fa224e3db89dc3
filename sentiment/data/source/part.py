"""Which bytes of a bucket's object are asked for, and how long that may take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sentiment.data.formats.allowance import OutOfTime, most_seconds
from sentiment.data.source.source import LeftForNextTime

TOO_SLOW = "its transfer takes far longer than that of an object of its size should"
OTHER_PART = "the store gave another part of it than was asked for"
CHANGED = "it was replaced or deleted meanwhile"
PARTIAL_CONTENT = 206


@dataclass(frozen=True)
class Part:
    """Bytes of an object that was listed with a key, a tag and the size of its whole."""

    key: str
    tag: str
    whole: int
    start: int
    size: int

    def asked(self, done: int) -> dict[str, str]:
        """Returns the request for what is behind `done` bytes; the answer with a whole object has a sum to check it."""
        first, last = self.start + done, self.start + self.size - 1
        span = {} if last - first + 1 == self.whole else {"Range": f"bytes={first}-{last}"}
        return {"Key": self.key, "IfMatch": self.tag, **span}

    def require(self, answer: dict[str, Any], done: int) -> None:
        """Raises: LeftForNextTime when an answer says that it has other bytes than those behind `done`.

        A store may take no notice of `If-Match`: which object it gives, and how long that is, its answer says itself.
        """
        span, first = answer.get("ContentRange") or "", f"bytes {self.start + done}-"
        if (tag := answer.get("ETag")) and _bare(tag) != _bare(self.tag):
            raise LeftForNextTime(CHANGED)
        if not (span.startswith(first) if span else self.start + done == 0 or is_partial(answer)):
            raise LeftForNextTime(OTHER_PART)
        if span and span.rpartition("/")[2] not in ("*", f"{self.whole}"):
            raise LeftForNextTime(CHANGED)
        if (stated := answer.get("ContentLength")) is not None:
            self.require_length(done + stated, is_all=False)

    def require_length(self, found: int, *, is_all: bool) -> None:
        """Raises: LeftForNextTime when `found` bytes are too many or, once they are all, too few."""
        if found > self.size or (is_all and found < self.size):
            given = f"more than {self.size:,}" if found > self.size else f"{found:,}"
            raise LeftForNextTime(f"the store gives {given} of {self.size:,} bytes")


def _bare(tag: str) -> str:
    """Returns a tag as one can compare it: a list may have it without its quotes, and a proxy may call it weak."""
    return tag.removeprefix("W/").strip('"')


def is_partial(answer: dict[str, Any]) -> bool:
    return bool(answer["ResponseMetadata"]["HTTPStatusCode"] == PARTIAL_CONTENT)


class Patience:
    """The time that the transfers of one object may take together; what is done between them does not count."""

    def __init__(self, size: int) -> None:
        self._seconds = most_seconds(size)

    @contextmanager
    def until(self) -> Iterator[float]:
        """Yields when a transfer that begins now must have ended, on the monotonic clock."""
        began = time.monotonic()
        try:
            yield began + self._seconds
        finally:
            self._seconds -= time.monotonic() - began


def require_in_time(until: float) -> None:
    """Raises: OutOfTime."""
    if time.monotonic() > until:
        raise OutOfTime(TOO_SLOW)
