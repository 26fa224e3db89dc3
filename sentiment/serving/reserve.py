"""`serving/reserve`: space that is kept for the day when the disk is full, so that there is a way back.

A rollback or a withdrawal that cannot be written for lack of space gives it up, and then needs a few kilobytes. It is
made again when there is space.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sentiment import disk
from sentiment.settings import Settings

SIZE = 1 << 20  # bytes: a thousand times what a change writes
ROOM = 4 * SIZE  # that must be free before it is made again


def path_of(settings: Settings) -> Path:
    """Returns the file: on the disk of the history and of `models.config`."""
    return settings.serving / "reserve"


def release(settings: Settings) -> bool:
    """Gives the space up; returns whether there was any."""
    try:
        path_of(settings).unlink()
    except FileNotFoundError:
        return False
    return True


def renew(settings: Settings) -> bool:
    """Makes the reserve when it is missing and there is space; returns whether there is one. It never fails."""
    path = path_of(settings)
    with suppress(OSError):  # without a reserve everything works that works without one
        if path.exists() and path.stat().st_size == SIZE:
            return True
        if path.parent.is_dir() and disk.free(path.parent) >= ROOM:
            _fill(path)
            return True
    return False


def _fill(path: Path) -> None:
    """Writes random bytes: a disk that compresses, or leaves out zeros, must keep the space, too."""
    try:
        with path.open("wb", buffering=0) as handle:
            handle.write(os.urandom(SIZE))
            os.fsync(handle.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
