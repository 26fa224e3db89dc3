"""What is made beside a file before it takes its place: nobody can guess its name, and what a kill left is known by it.

The folder may be one that strangers write to: a name that they could guess might be a link of theirs, to any file.
"""

from __future__ import annotations

import glob
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

MARK = r"(?:[0-9a-f]{16}\.)?([0-9]+)\.(?:tmp|old)"  # what follows the name; older versions had no secret in it
_OF_A_FILE = re.compile(r"\..+\.([0-9]+)\.tmp")
_OF_ONE = re.compile(MARK)
_LONGEST_NAME = 255  # bytes; what Linux's filesystems take


def beside(path: Path, part: str = "tmp") -> Path:
    """Returns a new path beside `path`, `.NAME.SECRET.PROCESS.part`; a long NAME is cut to fit."""
    rest = f".{secrets.token_hex(8)}.{os.getpid()}.{part}"
    name = os.fsdecode(os.fsencode(path.name)[: _LONGEST_NAME - 1 - len(rest)])
    return path.with_name(f".{name}{rest}")


def made(path: str | Path, mode: int = 0o666, folder: int | None = None) -> int:
    """Makes a new, empty file, below an opened `folder` if given; returns it opened for reading and writing.

    No link is followed. The umask takes bits from `mode`. Raises: FileExistsError when there is anything at `path`.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, mode, dir_fd=folder)


def is_temporary(path: Path) -> bool:
    """Tells whether `path` has the name of a temporary file, whether its process is there or gone."""
    return _OF_A_FILE.fullmatch(path.name) is not None


def has_no_owner(path: Path) -> bool:
    """Tells whether the process is gone that made the temporary file `path`."""
    named = _OF_A_FILE.fullmatch(path.name)
    return named is not None and not Path("/proc", named[1]).exists()


def remove_half_written(path: Path) -> None:
    """Removes what processes left that were killed before the file `path` was whole. Call it before one is made."""
    for leftover in _leftovers(path):
        leftover.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Removes what processes left that were killed while they replaced the folder `path`. No link is followed."""
    for leftover in _leftovers(path):
        shutil.rmtree(leftover, ignore_errors=True)


def _leftovers(path: Path) -> Iterator[Path]:
    """Yields what was made beside `path` by processes that are gone, or by one that had this one's number."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*"):
        named = _OF_ONE.fullmatch(leftover.name.removeprefix(f".{path.name}."))
        if named and (int(named[1]) == os.getpid() or not Path("/proc", named[1]).exists()):
            yield leftover
