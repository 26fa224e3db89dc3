"""What a process of ours says on stderr before it ends: there stands whether it found no memory.

C++ ends a process by SIGABRT where memory is missing, and also where a library has found a fault of its own; Python
ends with exit code 1 for both. The pipe holds some kilobytes, and what does not fit is lost: nobody waits for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sentiment.data.formats.piped import PIECE

OF_MEMORY = (b"std::bad_alloc", b"MemoryError")


@dataclass(frozen=True)
class LastWords:
    """A pipe for the stderr of one process."""

    stderr: int  # give it to the process
    _heard: int

    def are_of_memory(self) -> bool:
        """Tells whether the process, which has ended, said that it found no memory."""
        try:
            said = os.read(self._heard, PIECE)
        except BlockingIOError:  # nothing was said
            return False
        return any(sign in said for sign in OF_MEMORY)


@contextmanager
def last_words() -> Iterator[LastWords]:
    """Yields a pipe that is closed with the context. Writing to it, and reading, never waits."""
    heard, stderr = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield LastWords(stderr, heard)
    finally:
        os.close(heard)
        os.close(stderr)
