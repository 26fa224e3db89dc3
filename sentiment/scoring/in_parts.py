"""A file that is somewhere else, and is asked for part by part, as it is read."""

from __future__ import annotations

import io
from collections.abc import Callable

LARGEST_PART = 16 << 20  # bytes that are asked for at once


class InParts(io.RawIOBase):
    """A file of `size` bytes; `part` returns some of them: from where, how many. It is not asked for what is behind."""

    def __init__(self, size: int, part: Callable[[int, int], bytes]) -> None:
        self._size, self._part, self._at = size, part, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self._size - self._at, LARGEST_PART)
        if size <= 0:
            return 0
        part = self._part(self._at, size)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
