"""What reading a file may cost: rows, bytes, memory and time, by the size of what was delivered, however packed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Self, TypeVar

from sentiment.data.formats.unpack import most_rows, most_unpacked

MINUTES = 5  # for the smallest file
MOST_SECONDS = 2 * 60 * 60  # for the largest
BYTES_A_SECOND = 100_000  # a tenth, or less, of what any form is read at
MEMORY = 256 << 20  # bytes that the process of a reader may hold for the smallest file,
MEMORY_A_BYTE = 8  # and so many for each that the file may unpack to: a value of JSON takes more than its characters
TOO_SLOW = "it takes far longer to read than a file of its size should"

Item = TypeVar("Item")


class OutOfTime(Exception):
    """A file takes longer to read than one of its size should; the message says so."""


def most_seconds(size: int) -> float:
    """Returns how long the reading of a file of `size` bytes may take."""
    return min(60 * MINUTES + size / BYTES_A_SECOND, MOST_SECONDS)


def memory_by_size(size: int) -> int:
    """Returns how many bytes a file of `size` bytes may take in the process that reads it: each has its own most."""
    return MEMORY + most_unpacked(size) * MEMORY_A_BYTE


@dataclass(frozen=True)
class Allowance:
    """What a file of `size` bytes, where it was delivered, may cost; until `until` on the monotonic clock."""

    size: int
    until: float = math.inf

    @classmethod
    def from_now(cls, size: int) -> Self:
        return cls(size, time.monotonic() + most_seconds(size))

    @property
    def rows(self) -> int:
        return most_rows(self.size)

    @property
    def unpacked(self) -> int:
        """How many bytes the file may unpack to, or its rows take as JSON."""
        return most_unpacked(self.size)

    @property
    def milliseconds_left(self) -> int | None:
        """How long one may wait for anything; None: for ever."""
        return None if self.until == math.inf else max(0, math.ceil(1000 * (self.until - time.monotonic())))

    def check(self) -> None:
        """Raises: OutOfTime."""
        if time.monotonic() > self.until:
            raise OutOfTime(TOO_SLOW)

    def in_time(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yields the items. Raises: OutOfTime."""
        now, until = time.monotonic, self.until
        for item in items:
            if now() > until:
                self.check()
            yield item

    def first(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yields as many items as the file may have rows. Raises: OutOfTime."""
        return islice(self.in_time(items), self.rows)
