"""A packed file as it is read. Where it is broken it ends, and then says why; nothing is unpacked ahead."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

import pyarrow as pa

from sentiment.data.formats.opened import SAMPLE, Borrowed
from sentiment.data.formats.unpack import LARGEST_RATIO, most_unpacked
from sentiment.data.formats.unpack import Unpacked as Gzip

PACKINGS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}


def packing_of(name: str) -> str:
    """Returns the suffix of a packed file's name; "" when it is not packed."""
    return next((suffix for suffix in PACKINGS if name.endswith(suffix)), "")


class Unpacked:
    """A file that can be read from its start more than once; `broken` is why it ended before it should have."""

    def __init__(self, file: BinaryIO, packing: str, size: int) -> None:
        self._file, self._packing, self._size = file, packing, size
        self._part: Gzip | _Streamed | None = None

    @property
    def broken(self) -> str:
        return self._part.broken if self._part else ""

    def start(self) -> io.BufferedReader:
        """Returns the content from its beginning on."""
        self._file.seek(0)
        if not self._packing:
            return io.BufferedReader(Borrowed(self._file, lambda: None), SAMPLE)
        if self._packing == ".gz":
            self._part = Gzip(self._file)
        else:
            self._part = _Streamed(self._file, PACKINGS[self._packing], most_unpacked(self._size))
        return io.BufferedReader(self._part, SAMPLE)


class _Streamed(io.RawIOBase):
    """bzip2 or Zstandard, unpacked by Arrow, up to `most` bytes."""

    def __init__(self, file: BinaryIO, packing: str, most: int) -> None:
        self.broken, self._left = "", most
        self._stream = pa.CompressedInputStream(pa.PythonFile(_StaysOpen(file)), packing)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            part = self._stream.read(len(buffer)) if not self.broken else b""
        except (OSError, pa.ArrowException, zlib.error) as error:
            self.broken = f"the packed file is broken or cut off: {' '.join(str(error).split())[:100]}"
            return 0
        self._left -= len(part)
        if self._left < 0:
            self.broken = f"the packed file unpacks to more than {LARGEST_RATIO} times its size"
            return 0
        buffer[: len(part)] = part
        return len(part)


class _StaysOpen(io.RawIOBase):
    """A file that its reader does not close."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)
