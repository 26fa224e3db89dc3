"""Unpacks an encoder as TF-Hub sends one: a tar of plain files and folders, gzipped or not.

Python's reader of tars takes what a header says of itself: a name of gigabytes, a map of a file's holes, one header
that introduces another, again and again. None of this has to be understood here: between two members so many bytes are
handed to it and no more, whatever they mean to it. bzip2 and xz are not unpacked: ten kilobytes of them may be ten
gigabytes.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import BinaryIO, cast

from sentiment.data.formats.unpack import MAGIC, Unpacked
from sentiment.file_sizes import LARGEST
from sentiment.model.saved_model_files import ASSETS, DEEPEST, VARIABLES
from sentiment.text.harmless import visible

MOST_MEMBERS = 256  # files and folders; an encoder of TF-Hub has less than 20
HEADER = 3 << 10  # bytes that introduce a member; with a name of 300 characters, 2 KB
AT_ONCE = 2 << 10  # bytes that a tar is read by, so that a header may be longer by as many
FOLDERS = (VARIABLES, ASSETS, "assets.extra")  # of a SavedModel
OTHER_PACKINGS = (b"BZh", b"\xfd7zXZ")
_PIECE = 1 << 20
_TOLD = 100  # characters of a stranger's name


def unpack(packed: io.BufferedIOBase, folder: Path) -> None:
    """Unpacks what is read from `packed` into `folder`, which is there and empty. What it made so far is left there.

    Raises: ValueError, OSError or tarfile.TarError when it is broken, too large, or has more than files and folders.
    """
    source = io.BufferedReader(_Metered(packed), _PIECE)
    start = source.peek(_PIECE)
    if start.startswith(OTHER_PACKINGS):
        raise ValueError("it is packed with bzip2 or xz, not with gzip")
    gzip = Unpacked(source) if start.startswith(MAGIC) else None
    try:
        _unpack(_Rationed(cast(BinaryIO, gzip or source)), folder)
    except (ValueError, tarfile.TarError):
        if not (gzip and gzip.broken):
            raise
    if gzip and gzip.broken:
        raise ValueError(gzip.broken)


def _unpack(content: _Rationed, folder: Path) -> None:
    content.allow(HEADER)
    with tarfile.open(mode="r|", fileobj=cast(BinaryIO, content), bufsize=AT_ONCE) as archive:
        left, members = LARGEST, 0
        while (member := archive.next()) is not None:
            left, members = left - max(member.size, 0), members + 1
            if left < 0:
                raise ValueError(f"it unpacks to more than {LARGEST:,} bytes")
            if members > MOST_MEMBERS:
                raise ValueError(f"it has more than {MOST_MEMBERS:,} files and folders")
            content.allow(member.size)
            _take(archive, member, folder)
            content.allow(HEADER)


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Writes a member below `folder`. A file that is there is never written again.

    A SavedModel's own folders need not be members themselves.
    """
    parts = _parts(member.name)
    path = folder.joinpath(*parts)
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
    elif parts and member.isreg() and member.size >= 0 and not member.issparse():
        if parts[0] in FOLDERS:
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            shutil.copyfileobj(cast(BinaryIO, archive.extractfile(member)), file, _PIECE)
    else:
        raise ValueError(f"its {visible(member.name, _TOLD)!r} is no plain file or folder")


def _parts(name: str) -> list[str]:
    """Returns the parts of a member's path. Raises: ValueError when it leads elsewhere, or no SavedModel has such."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or len(parts) > DEEPEST or not name.isprintable():
        raise ValueError(f"its name {visible(name, _TOLD)!r} is none for a file of an encoder")
    return parts


class _Rationed:
    """A tar's bytes, as many of them as the next step may take, to the next AT_ONCE."""

    def __init__(self, content: BinaryIO) -> None:
        self._content, self._left = content, 0

    def allow(self, size: int) -> None:
        self._left = size

    def read(self, size: int) -> bytes:
        if self._left <= 0:
            raise ValueError(f"it says more about one of its files than {HEADER:,} bytes")
        self._left -= size
        return self._content.read(size)


class _Metered(io.RawIOBase):
    """What is fetched, up to LARGEST bytes: a gzip file may go on for ever, and unpack to nothing."""

    def __init__(self, packed: io.BufferedIOBase) -> None:
        self._packed, self._left = packed, LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._packed.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise ValueError(f"it has more than {LARGEST:,} bytes")
        buffer[: len(piece)] = piece
        return len(piece)
