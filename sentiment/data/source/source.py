"""What every source of deliveries offers: its files, each with a fingerprint that says whether it is worth reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol


class LeftForNextTime(Exception):
    """This file cannot be taken in now; the message says why. It is found again at the next ingest."""


def _nothing(_: BinaryIO) -> None:
    """A copy cannot change while it is read."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a source. Its key is its path below the source, the same in a folder and in a bucket.

    `open` yields the content as a local file in which one can seek. `confirm`, given that file after it was read, and
    `open` raise LeftForNextTime when it is not what `fingerprint` stands for any more. A file with a reason in `left`
    is not to be opened.
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
        """What the fingerprints belong to."""
        ...

    def files(self) -> Iterator[SourceFile]:
        """Yields every delivery file, by key; hidden ones (an upload in progress is one) are not among them."""
        ...


def is_hidden(key: str) -> bool:
    """Tells whether a part of the path `key` begins with a dot."""
    return any(part.startswith(".") for part in key.split("/"))
