"""The posts of a corpus: text files, UTF-8, one post a line. A line of any length is read, none is held whole."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sentiment.errors import InputError, NoSuchFile

LONGEST = 1 << 16  # bytes of a line; no post has that many, and it would be a thousand rows
SKIPPED_AT_ONCE = 1 << 20  # bytes
BOM = b"\xef\xbb\xbf"


@dataclass
class Read:
    """What was read so far."""

    lines: int = 0
    empty: int = 0
    too_long: int = 0


def require_readable(files: Iterable[Path]) -> None:
    """Raises: InputError unless every file is there and can be read."""
    for path in files:
        if not path.is_file():
            raise NoSuchFile(path, do="Name a file that is there.")
        opened(path).close()


def opened(path: Path) -> BinaryIO:
    """Returns a file of the corpus, open. Raises: NoSuchFile when it is gone since somebody looked."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise NoSuchFile(path, must_hold=STAYS, do="Give the command again, with a copy that nobody changes.") from None


def posts_of(files: Iterable[Path], read: Read) -> Iterator[str]:
    """Yields the posts of the files in their order, and counts in `read` what it reads and leaves out.

    Raises: InputError at a line that is not UTF-8, or when a file is gone.
    """
    for path in files:
        with opened(path) as handle:
            for number, line in enumerate(_lines(handle, read), 1):
                read.lines += 1
                post = _decoded(line.removeprefix(BOM) if number == 1 else line, path, number).strip()
                if post:
                    yield post
                elif line is not TOO_LONG:
                    read.empty += 1


STAYS = "a corpus must stay as it is while it is learnt from"
TOO_LONG = b""  # stands for a line that is left out, so that the lines keep their numbers


def _lines(handle: BinaryIO, read: Read) -> Iterator[bytes]:
    while line := handle.readline(LONGEST + 1):
        if len(line) <= LONGEST or line.endswith(b"\n"):
            yield line
            continue
        read.too_long += 1
        while (rest := handle.readline(SKIPPED_AT_ONCE)) and not rest.endswith(b"\n"):
            pass
        yield TOO_LONG


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "a corpus must be UTF-8 text with one post a line",
            found=f"the byte 0x{line[error.start]:02x} in line {number:,} of {path}",
            do=f"Convert it: iconv -f BIG5 -t UTF-8 (or -f GB18030) {shlex.quote(path.name)} > utf8.txt",
        ) from None
