"""Where a path leads, and whether a stranger said so: an encoder may put a link into a folder that it can write to.

Whoever gives a name means what lies there. A link of their own, above what strangers can write to, is followed as ever.
One within may have been put there since, or have come along with a download.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from sentiment.errors import InputError

MOST = 40  # links on a way; Linux follows as many
PROC = Path("/proc")  # its links are the kernel's own, and what they say is no path: /dev/stdin is one


@dataclass(frozen=True)
class Way:
    """Where a path leads; nothing need be there. `link`: the first link on the way that lies in a strangers' folder."""

    path: Path
    end: Path
    link: Path | None


def followed(path: Path, strangers: Collection[Path]) -> Way:
    """Follows a path, link by link; `strangers` are folders without links in their names."""
    left = list(reversed(path.absolute().parts[1:]))
    at, link, number = Path("/"), None, 0
    while left and not at.is_relative_to(PROC):
        part = left.pop()
        if part == "..":
            at = at.parent
        elif (leads := _link(at / part)) is None or number == MOST:
            at /= part
        else:
            number += 1
            link = link or (at / part if is_within(at, strangers) else None)
            at = at if not leads.is_absolute() else Path("/")
            left += reversed([one for one in leads.parts if one != leads.anchor])
    return Way(path, at.joinpath(*reversed(left)), link)


def ends(paths: Iterable[Path], strangers: Collection[Path], open_to_them: Collection[Path]) -> list[Path]:
    """Returns where paths lead. A stranger's link may lead to what is `open_to_them`, or to what another path is.

    Raises: InputError when one leads elsewhere.
    """
    ways = [followed(path, strangers) for path in paths]
    known = [*open_to_them, *(way.end for way in ways if not way.link)]
    for way in ways:
        if way.link and not is_within(way.end, known):
            raise InputError(
                f"a link in a folder that an encoder can write to, or came with, must not lead out of it ({way.path})",
                found=f"the link {way.link}, to {way.end}",
                do="If the link is yours, name the place to which it leads. If you do not know it, remove it.",
            )
    return [way.end for way in ways]


def is_within(path: Path, folders: Iterable[Path]) -> bool:
    """Tells whether a path is one of the folders, or below one."""
    return any(path.is_relative_to(folder) for folder in folders)


def opened(end: Path) -> int:
    """Opens, for its place alone, the file or folder where a way ended. A link that is there by now is not followed.

    Raises: OSError when there is nothing.
    """
    flags = os.O_PATH | os.O_CLOEXEC
    if end.is_relative_to(PROC):
        return os.open(end, flags)
    at = os.open("/", flags)
    for part in end.parts[1:]:
        try:
            below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=at)
        finally:
            os.close(at)
        at = below
    if stat.S_ISLNK(os.fstat(at).st_mode):
        os.close(at)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(end))
    return at


def _link(path: Path) -> Path | None:
    """Returns what a link says; None of all else, and of what is not there."""
    try:
        return path.readlink()
    except (OSError, ValueError):
        return None
