"""A delivery file that can be read more than once: each opening begins anew, unpacked and as UTF-8."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from sentiment.data.formats import unpack
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.encoding import UTF_8, AsUtf8, Encoding
from sentiment.data.formats.unpack import Unpacked

SAMPLE = 1 << 20  # bytes from which form and encoding are found

if TYPE_CHECKING:
    Buffered = io.BufferedReader[io.RawIOBase]


class Borrowed(io.RawIOBase):
    """A file that stays open when its reader goes."""

    def __init__(self, file: BinaryIO | Unpacked, before_reading: Callable[[], None]) -> None:
        self._file, self._before_reading = file, before_reading

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._before_reading()
        piece = self._file.read(len(buffer)) or b""
        buffer[: len(piece)] = piece
        return len(piece)


def _anyway() -> None:
    """Reads whatever the time: a file that a person named."""


class Opened(NamedTuple):
    """A file from its beginning; `broken` tells, at its end, why it ended before it should have, or nothing."""

    file: Buffered
    broken: Callable[[], str]


def opened(file: BinaryIO, encoding: Encoding | None = None, allowed: Allowance | None = None) -> Opened:
    """Returns `file` (in which one can seek) from its beginning, unpacked; in UTF-8 when `encoding` is given.

    Where there is an allowance, reading on raises OutOfTime when the time is over.
    """
    file.seek(0)
    packed = file.read(2) == unpack.MAGIC
    file.seek(0)
    unpacked = Unpacked(file) if packed else None
    whole: Buffered = io.BufferedReader(Borrowed(unpacked or file, allowed.check if allowed else _anyway), SAMPLE)
    if encoding is not None and encoding.codec != UTF_8.codec:
        whole = io.BufferedReader(AsUtf8(cast(BinaryIO, whole), encoding), SAMPLE)
    elif encoding is not None:
        whole.read(len(encoding.mark))
    return Opened(whole, (lambda: unpacked.broken) if unpacked else lambda: "")
