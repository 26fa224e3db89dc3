"""Unpacks gzip as it is read: a bomb or a broken end stops the reading, and never fills the memory."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import BinaryIO

MAGIC = b"\x1f\x8b"
LARGEST_RATIO = 200  # unpacked to packed bytes; posts pack about 1 to 3, the most repetitive ones 1 to 50
RATIO_COUNTS_FROM = 16 << 20  # unpacked bytes: a small file may well repeat one character
ROWS_A_BYTE = 2  # of the packed file: a text of its own takes more than a byte, and a file may repeat itself
ROWS_COUNT_FROM = 10_000  # a small file may well repeat one row
# The ways of packing that `zipfile` unpacks by as much as it is asked for. Those of bzip2 and LZMA it unpacks as far as
# the packed bytes go, and a few hundred of them may be gigabytes.
BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_PIECE = 1 << 16


def most_unpacked(size: int) -> int:
    """Returns how many bytes a file of `size` bytes may honestly unpack to, whatever packs it."""
    return max(RATIO_COUNTS_FROM, size * LARGEST_RATIO)


def most_rows(size: int) -> int:
    """Returns how many rows a file of `size` bytes may honestly hold, whatever packs it."""
    return max(ROWS_COUNT_FROM, size * ROWS_A_BYTE)


class Unpacked(io.RawIOBase):
    """The content of a gzip file. It ends where the file is broken, and then `broken` says why."""

    def __init__(self, packed: BinaryIO) -> None:
        self.broken = ""
        self._packed = packed
        self._member = zlib.decompressobj(wbits=31)
        self._left = b""
        self._read = self._made = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills `buffer` as far as the file goes."""
        filled = 0
        while filled < len(buffer) and not self.broken:
            piece = self._piece(len(buffer) - filled)
            if not piece:
                break
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _piece(self, size: int) -> bytes:
        """Returns up to `size` unpacked bytes, none at the end of the file or where it is broken."""
        piece = b""
        while not piece and not self.broken and self._more():
            try:
                piece = self._member.decompress(self._left, size)
            except zlib.error:
                self.broken = "broken gzip data" if self._made else "the file is broken gzip data"
                return b""
            self._left = self._member.unconsumed_tail
        self._made += len(piece)
        if self._made > most_unpacked(self._read):
            self.broken = f"the gzip file unpacks to more than {LARGEST_RATIO} times its size"
        return piece

    def _more(self) -> bool:
        """Tells whether there is something to unpack, and begins the next member of the file if there is one."""
        if self._member.eof:
            self._left = (self._member.unused_data or self._fetch()).lstrip(b"\0")  # tapes are padded with zeros
            if not self._left:
                return False
            self._member = zlib.decompressobj(wbits=31)
        elif not self._left:
            self._left = self._fetch()
            if not self._left:
                self.broken = "the gzip file is cut off"
        return bool(self._left)

    def _fetch(self) -> bytes:
        piece = self._packed.read(_PIECE)
        self._read += len(piece)
        return piece
