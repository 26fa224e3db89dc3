"""What every source of deliveries offers: its files, each with a fingerprint that shows whether it must be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol


class LeftForNextTime(Exception):
    """This file cannot be taken in now; the message says why. The next ingest finds it again."""


def _nothing(_: BinaryIO) -> None:
    """Confirms anything: a copy cannot change while it is read."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a source. Its key is its path below the source, the same in a folder and in a bucket.

    `open` yields the content as a local file that can be seeked. `open`, and `confirm` when given that file after it
    was read, raise LeftForNextTime when the content no longer matches `fingerprint`. A file with a reason in `left`
    must not be opened.
    """

    key: str
    fingerprint: str
    size: int
    open: Callable[[], AbstractContextManager[BinaryIO]]
    confirm: Callable[[BinaryIO], None] = _nothing
    left: str = ""


class Source(Protocol):
    """Where deliveries come from."""

    @property
    def address(self) -> str:
        """The source that the fingerprints belong to."""
        ...

    def files(self) -> Iterator[SourceFile]:
        """Yields every delivery file in the order of the keys, except hidden ones (such as an upload in progress)."""
        ...


def is_hidden(key: str) -> bool:
    """Tells whether a part of the path `key` begins with a dot."""
    return any(part.startswith(".") for part in key.split("/"))
