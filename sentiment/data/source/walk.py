"""Goes through the folders below one that strangers write to: however deep they are, or closed, the others are seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DEEPEST = 100  # folders within each other: what is deeper takes ever longer to reach
TOO_DEEP = f"it is more than {DEEPEST} folders deep"
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


def _is_folder(entry: os.DirEntry[str], follow_symlinks: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_symlinks)
    except OSError:  # whoever opens it learns why
        return False
