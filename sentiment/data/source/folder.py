"""A folder as the source of deliveries. A file that is still being written is left for the next ingest."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sentiment.data.formats.recognise import why_not_read
from sentiment.data.source.source import MOST_LEFT, LeftForNextTime, SourceFile, folder_of, is_auxiliary
from sentiment.data.source.walk import HOLES, walked
from sentiment.disk import has_holes
from sentiment.errors import NoSuchFile

WRITTEN_TO = "it is still being written"
REPLACED = "it, or a folder on the way to it, was replaced since it was found"
ELSEWHERE = "it links to a file of another source: deliver the file itself"
AGAIN = "it is the same file as {}"  # a second name of it, or a link to it
Found = tuple[
    str, Path, os.stat_result | None, str
]  # key, path (without links, when it is read), what the file was like, why it is left


class Folder:
    """The files below a folder. `files` waits until the last change to any of them is `settle_seconds` ago.

    With `by_folder` a link is a file of its own first folder only: it must not lead into another one.
    """

    def __init__(self, path: Path, settle_seconds: float, *, by_folder: bool = False) -> None:
        if not path.is_dir():
            raise NoSuchFile(
                path,
                must_hold="the source must be an existing folder",
                do="Create it, or set SENTIMENT_SOURCE (or --source).",
                kind="folder",
            )
        self._root = path.resolve()
        self._settle_seconds = settle_seconds
        self._by_folder = by_folder

    @property
    def address(self) -> str:
        return str(self._root)

    def files(self) -> Iterator[SourceFile]:
        found = sorted(_fewer(list(self._found()), self._root), key=_by_key)
        self._wait_for(found)
        first = dict[tuple[int, int, str], str]()
        for key, path, before, left in found:
            not_read = "" if left or before else why_not_read(path.name)
            if before and (other := first.setdefault(self._file_of(key, before), key)) != key:
                not_read = AGAIN.format(other)
            if not_read:
                yield SourceFile(key, "", 0, partial(_opened, path, ""), not_read=not_read)
                continue
            fingerprint = _fingerprint(before) if before else ""
            yield SourceFile(
                key=key,
                fingerprint=fingerprint,
                size=before.st_size if before else 0,
                open=partial(_opened, path, fingerprint),
                confirm=partial(_confirm, fingerprint),
                left=left,
            )

    def _file_of(self, key: str, status: os.stat_result) -> tuple[int, int, str]:
        """Returns what tells a file from all others of its source: nobody's file is another source's, too."""
        return status.st_dev, status.st_ino, folder_of(key) if self._by_folder else ""

    def nothing_found(self) -> None:
        """A folder that is there is not misspelt: the first night of a new home may find it empty."""

    def _found(self) -> Iterator[Found]:
        for path, why_closed in walked(self._root):
            key = _key(self._root, path)
            if is_auxiliary(key) and path != self._root:
                continue
            if why_closed:
                yield key + "/", path, None, why_closed
            else:
                yield self._seen(key, path) if not why_not_read(path.name) else (key, path, None, "")

    def _seen(self, key: str, path: Path) -> Found:
        try:
            resolved = path.resolve(strict=True)
            before = resolved.stat()
        except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
            return key, path, None, getattr(error, "strerror", None) or "a link that leads to itself"
        if not resolved.is_relative_to(self._root):
            return key, path, None, "it links to a file outside of the folder"
        if self._by_folder and folder_of(key) != folder_of(_key(self._root, resolved)):
            return key, path, None, ELSEWHERE
        if not stat.S_ISREG(before.st_mode):
            return key, path, None, "it is not a regular file"
        return key, resolved, before, ""

    def _wait_for(self, found: list[Found]) -> None:
        """Waits until the youngest file has settled; a file that changes meanwhile is left for the next ingest."""
        now = time.time()
        ages = [now - max(before.st_mtime, before.st_ctime) for _, _, before, _ in found if before]
        # A clock that is ahead gives a file a time in the future; it must not make this wait longer.
        youngest = max(0.0, min(ages, default=self._settle_seconds))
        time.sleep(max(0.0, self._settle_seconds - youngest))


def _fewer(found: list[Found], root: Path) -> list[Found]:
    """Returns what was found, with at most MOST_LEFT that are left: anybody can make a million links."""
    left = sorted((item for item in found if item[-1]), key=_by_key)
    if len(left) <= MOST_LEFT:
        return found
    more = f"{len(left) - MOST_LEFT:,} more files or folders below it cannot be read"
    return [*(item for item in found if not item[-1]), *left[:MOST_LEFT], ("./", root, None, more)]


def _by_key(item: Found) -> str:
    return item[0]


def _key(root: Path, path: Path) -> str:
    # A file name need not be UTF-8; a key always is.
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def _fingerprint(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"


def _confirm(fingerprint: str, file: BinaryIO) -> None:
    if _fingerprint(os.fstat(file.fileno())) != fingerprint:
        raise LeftForNextTime(WRITTEN_TO)


@contextmanager
def _opened(path: Path, fingerprint: str) -> Iterator[BinaryIO]:
    try:
        # Without blocking: what was a file may be a pipe by now.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise LeftForNextTime(error.strerror or str(error)) from None
    with os.fdopen(descriptor, "rb") as file:
        # A folder may have become a link meanwhile, into another source's folder or out of all.
        if Path(f"/proc/self/fd/{descriptor}").readlink() != path:
            raise LeftForNextTime(REPLACED)
        _confirm(fingerprint, file)
        if has_holes(descriptor):
            raise LeftForNextTime(HOLES)
        yield file
