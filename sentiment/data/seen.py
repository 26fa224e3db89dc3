"""The identities of a run's training rows: what a model saw, without its words.

A file holds identities of 16 bytes, sorted, behind a first entry that names the version of the identity. A file of
version 1 has none.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from sentiment.data.identity import RULES, VERSION

IDENTITY_BYTES = 16
NAME = "identities.bin"
_HEADING = b"identity version"  # 16 bytes; the 16 after it hold the number


def write_identities(file: BinaryIO, identities: Iterable[bytes]) -> None:
    """Writes identities of today's version, which must come sorted."""
    file.write(_HEADING + VERSION.to_bytes(IDENTITY_BYTES, "big"))
    file.writelines(identities)


def count_in(path: Path, identities: Mapping[int, Collection[str]]) -> int:
    """Returns how many of the texts are in a file; `identities` are theirs (hex) by version."""
    if path.stat().st_size < IDENTITY_BYTES:
        return 0
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as stored:
        version, entries = _entries(stored)
        return sum(_has(entries, one) for one in map(bytes.fromhex, identities.get(version, ())))


def trained_on(path: Path, texts: Sequence[str]) -> set[str]:
    """Returns those of the texts that are in a file."""
    if path.stat().st_size < IDENTITY_BYTES:
        return set()
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as stored:
        version, entries = _entries(stored)
        return {text for text in texts if _has(entries, bytes.fromhex(RULES[version](text)))}


class _Entries:
    """The sorted identities of a file as a sequence."""

    def __init__(self, stored: mmap.mmap, first: int) -> None:
        self._stored, self._first = stored, first

    def __len__(self) -> int:
        return len(self._stored) // IDENTITY_BYTES - self._first

    def __getitem__(self, place: int) -> bytes:
        start = (self._first + place) * IDENTITY_BYTES
        return self._stored[start : start + IDENTITY_BYTES]


def _has(entries: _Entries, identity: bytes) -> bool:
    place = bisect_left(entries, identity)
    return place < len(entries) and entries[place] == identity


def _entries(stored: mmap.mmap) -> tuple[int, _Entries]:
    """Returns the version of the identities, and the identities."""
    if stored[:IDENTITY_BYTES] != _HEADING:
        return 1, _Entries(stored, 0)
    return int.from_bytes(stored[IDENTITY_BYTES : 2 * IDENTITY_BYTES], "big"), _Entries(stored, 2)
