"""One end of a connection of two processes: messages, each behind its length, within a time for all of them."""

from __future__ import annotations

import io
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import TypeVar

LENGTH = struct.Struct("q")
AT_ONCE = 1 << 18  # bytes that are taken: about what the kernel keeps of what was written
Given = TypeVar("Given")
Found = TypeVar("Found")


class Wire:
    """Sends and receives. `patience` is for how many seconds it waits, in all that it does; None is without end."""

    def __init__(self, end: socket.socket, patience: float | None = None) -> None:
        self._end, self._patience = end, patience

    def send(self, content: bytes) -> None:
        """Raises: TimeoutError when the time is over, BrokenPipeError or ConnectionResetError without a reader."""
        for part in (LENGTH.pack(len(content)), content):
            left = memoryview(part)
            while left:
                left = left[self.in_time(self._end, self._end.send, left) :]

    def receive(self, most: int = sys.maxsize) -> bytes:
        """Returns the next message. Raises: TimeoutError; EOFError when it is none, or longer than `most` bytes."""
        [size] = LENGTH.unpack(self._taken(LENGTH.size))
        if not 0 <= size <= most:
            raise EOFError
        return self._taken(size)

    def close(self) -> None:
        self._end.close()

    def _taken(self, size: int) -> bytes:
        found = io.BytesIO()
        while (left := size - found.tell()) > 0:
            part = self.in_time(self._end, self._end.recv, min(left, AT_ONCE))
            if not part:
                raise EOFError
            found.write(part)
        return found.getvalue()

    def in_time(self, end: socket.socket, act: Callable[[Given], Found], given: Given) -> Found:
        """Does what may wait for a socket, and takes its time off what is left, however little comes of it."""
        if self._patience is None:
            return act(given)
        if self._patience <= 0:
            raise TimeoutError
        end.settimeout(self._patience)
        began = time.monotonic()
        try:
            return act(given)
        finally:
            self._patience -= time.monotonic() - began
