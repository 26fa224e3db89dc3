"""`serving/reserve`: space that is kept for the day when the disk is full, so that there is a way back.

A rollback or a withdrawal that cannot be written for lack of space gives up a part of it, and then needs a few
kilobytes. So there is a second way back, and a third: whatever fills the disk takes only what was given up. It is made
whole again when there is space.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sentiment import disk
from sentiment.settings import Settings

PART = 128 << 10  # bytes: ten times what a change writes, in blocks of a disk
SIZE = 8 * PART
ROOM = 4 * SIZE  # that must be free before it is made again


def path_of(settings: Settings) -> Path:
    """Returns the file: on the disk of the history and of `models.config`."""
    return settings.serving / "reserve"


def release(settings: Settings) -> int | None:
    """Gives a part of the space up; returns how many parts are left, None when there was none."""
    path = path_of(settings)
    try:
        left = path.stat().st_size - PART
        if left < PART:
            path.unlink()
            return 0
        with path.open("r+b", buffering=0) as handle:
            handle.truncate(left)
            os.fsync(handle.fileno())
    except FileNotFoundError:
        return None
    return left // PART


def renew(settings: Settings) -> bool:
    """Makes the reserve whole when there is space; returns whether it is. It never fails."""
    path = path_of(settings)
    with suppress(OSError):  # without a reserve everything works that works without one
        size = path.stat().st_size if path.exists() else 0
        if size == SIZE:
            return True
        if path.parent.is_dir() and disk.free(path.parent) >= ROOM:
            _fill(path, size % SIZE)
            return path.stat().st_size == SIZE
    return False


def _fill(path: Path, size: int) -> None:
    """Writes random bytes behind the first `size`: a disk that compresses, or leaves out zeros, must keep space."""
    with path.open("ab", buffering=0) as handle:
        try:
            handle.truncate(size)
            handle.write(os.urandom(SIZE - size))
            os.fsync(handle.fileno())
        except OSError:
            handle.truncate(size)
            raise
