"""`serving/reserve`: space that is kept for the day when the disk is full, so that there is a way back.

`serving/reserve.names`: empty files, for the day when the disk can have no more files.

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
NAMES_OF_PART = 4  # files: a change writes three beside those that they replace
NAMES = 8 * NAMES_OF_PART


def path_of(settings: Settings) -> Path:
    """Returns the file: on the disk of the history and of `models.config`."""
    return settings.serving / "reserve"


def names_of(settings: Settings) -> Path:
    """Returns the folder of the empty files."""
    return settings.serving / "reserve.names"


def release(settings: Settings) -> int | None:
    """Gives a part of the space and of the files up; returns how many parts are left, None when there was none."""
    path, names = path_of(settings), _names(settings)
    for name in names[:NAMES_OF_PART]:
        name.unlink(missing_ok=True)
    try:
        left = path.stat().st_size - PART
        if left < PART:
            path.unlink()
            return 0
        with path.open("r+b", buffering=0) as handle:
            handle.truncate(left)
            os.fsync(handle.fileno())
    except FileNotFoundError:
        return len(names[NAMES_OF_PART:]) // NAMES_OF_PART if names else None
    return left // PART


def _names(settings: Settings) -> list[Path]:
    folder = names_of(settings)
    return sorted(folder.iterdir()) if folder.is_dir() else []


def renew(settings: Settings) -> bool:
    """Makes the reserve whole when there is space; returns whether it is. It never fails."""
    path = path_of(settings)
    with suppress(OSError):  # without a reserve everything works that works without one
        _renew_names(settings)
        size = path.stat().st_size if path.exists() else 0
        if size == SIZE:
            return True
        if path.parent.is_dir() and disk.free(path.parent) >= ROOM:
            _fill(path, size % SIZE)
            return path.stat().st_size == SIZE
    return False


def _renew_names(settings: Settings) -> None:
    there = len(_names(settings))
    if there < NAMES and settings.serving.is_dir():
        on_disk = os.statvfs(settings.serving)
        if not on_disk.f_files or on_disk.f_favail >= 4 * NAMES:  # some file systems count none
            names_of(settings).mkdir(exist_ok=True)
            for number in range(NAMES):
                (names_of(settings) / str(number)).touch()


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
