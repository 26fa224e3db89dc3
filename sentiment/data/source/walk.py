"""Goes through the folders below one that strangers write to: however deep they are, or closed, the others are seen."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sentiment.disk import has_holes

DEEPEST = 100  # folders within each other: what is deeper takes ever longer to reach
TOO_DEEP = f"it is more than {DEEPEST} folders deep"
HOLES = "parts of it were never written (a sparse file): deliver a copy made with `cp --sparse=never`"
LINK = "a link to a folder is not followed"


class Seen(NamedTuple):
    """What is below a folder: a file of any kind, or a folder that was not gone into, with the reason."""

    path: Path
    why_closed: str = ""


def walked(root: Path) -> Iterator[Seen]:
    """Yields every file below `root` in no order, and every folder that cannot be gone into."""
    waiting = [(os.fspath(root), 0)]
    while waiting:
        folder, depth = waiting.pop()
        if depth > DEEPEST:
            yield Seen(Path(folder), TOO_DEEP)
            continue
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError as error:
            yield Seen(Path(folder), f"the folder cannot be listed: {error.strerror}")
            continue
        for entry in found:
            if _is_folder(entry, follow_symlinks=False):
                waiting.append((entry.path, depth + 1))
            else:
                yield Seen(Path(entry.path), LINK if _is_folder(entry, follow_symlinks=True) else "")


def opened_as_found(path: Path) -> BinaryIO:
    """Opens a file for reading that was found below a folder with an absolute path without links.

    Raises: OSError when it is no regular file any more, when it, or a folder on the way, is a link by now, or when it
    has holes.
    """
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    where = Path(f"/proc/self/fd/{file.fileno()}").readlink()
    wrong = "it was replaced since it was found"
    if where == path and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        if not has_holes(file.fileno()):
            return file
        wrong = HOLES
    file.close()
    raise OSError(errno.ESTALE, wrong, str(path))


def _is_folder(entry: os.DirEntry[str], follow_symlinks: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_symlinks)
    except OSError:  # whoever opens it learns why
        return False
