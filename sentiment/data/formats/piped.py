"""What a process of ours writes, and its end: both are waited for as long as the file that it reads may take."""

from __future__ import annotations

import io
import os
import select
import subprocess
from typing import Any

from sentiment.data.formats.allowance import Allowance

PIECE = 1 << 16  # bytes; what a pipe holds


class Piped(io.RawIOBase):
    """The bytes that come through a pipe. Reading raises: OutOfTime."""

    def __init__(self, pipe: int, allowed: Allowance) -> None:
        self._pipe, self._allowed = pipe, allowed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        _wait(self._pipe, self._allowed)
        return os.readv(self._pipe, [buffer])


def written_by(process: subprocess.Popen[bytes], allowed: Allowance) -> io.BufferedReader:
    """Returns what a process writes to its pipe; nothing else may read from there."""
    assert process.stdout is not None
    return io.BufferedReader(Piped(process.stdout.fileno(), allowed), PIECE)


def code_of(process: subprocess.Popen[bytes], allowed: Allowance) -> int:
    """Returns the exit code of a process when it has ended. Raises: OutOfTime."""
    ended = os.pidfd_open(process.pid)
    try:
        _wait(ended, allowed)
    finally:
        os.close(ended)
    return process.wait()


def _wait(descriptor: int, allowed: Allowance) -> None:
    """Returns when there is something to be read. Raises: OutOfTime."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not poll.poll(allowed.milliseconds_left):
        allowed.check()
