"""A file that is read by a process of its own, which writes a line of JSON for every row.

The readers of Parquet and of Excel's workbooks are large libraries, and the sizes that a file states are what they
reserve. So they run in a child whose memory and processor time are limited by the file's size. What it writes is, too,
as if the file were packed: a value that the file holds once may stand in millions of its rows. Whatever a broken or
hostile file does to the child ends as a reason; a child that ends by no limit of ours says nothing about the file. One
that says nothing, and does not end, is waited for as long as the file may take.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from sentiment.data.formats.allowance import MOST_SECONDS, Allowance, memory_by_size
from sentiment.data.formats.json_elements import LARGEST_ELEMENT
from sentiment.data.formats.last_words import last_words
from sentiment.data.formats.piped import PIECE, code_of, written_by
from sentiment.data.formats.record import TOO_WIDE
from sentiment.processes import bound_this_process, held_data, python_module, why_ended

MOST_MEMORY = 2 << 30  # bytes that the child may hold at all, its libraries included
SECONDS = 20  # of processor time for the smallest file, and as many for each megabyte, up to MOST_AT_FIRST
MOST_AT_FIRST = 120  # and one second more for every megabyte of the file, up to MOST_SECONDS
# Exit codes.
OUT_OF_MEMORY, BROKEN, NO_COLUMNS, TOO_LARGE, MANY_TABLES, DISK_FAILED = range(3, 9)
MANY_COLUMNS, MANY_SHEETS, ENTITIES = range(9, 12)
UNTOLD = (1, -signal.SIGABRT)  # how a process ends that found no memory, and could not say so by a code of ours


def most_seconds(size: int) -> int:
    """Returns how much processor time the reader of a file may take that is of `size` bytes where it was delivered."""
    megabytes = size / (1 << 20)
    return int(min(SECONDS * (1 + megabytes), MOST_AT_FIRST) + min(megabytes, MOST_SECONDS))


def most_memory(size: int) -> int:
    """Returns how many bytes the reader of a file may hold that is of `size` bytes where it was delivered."""
    return min(MOST_MEMORY, memory_by_size(size))


def bound_the_reader(memory: int, seconds: int) -> None:
    """Bounds this process, a child that has its libraries by now: what they hold is not the file's."""
    bound_this_process(min(MOST_MEMORY, held_data() + memory), seconds)


class Written(NamedTuple):
    """A line that the child wrote; cut, when it is longer than any row may be."""

    line: bytes
    is_cut: bool


class ReaderFailed(Exception):
    """The child ended and no limit of ours ended it: another time it may read the file. The message says how."""


class Child:
    """What a child writes about a file, and how it ended; `what` names the kind of file, for the reason."""

    def __init__(self, module: str, what: str, *options: str) -> None:
        self._module, self._what, self._options = module, what, options
        self.reason = ""  # why the child ended before the file did

    def lines(self, file: BinaryIO, allowed: Allowance) -> Iterator[Written]:
        """Yields what the child writes about `file` from its beginning, and no more than it may hold.

        Raises: ReaderFailed, OutOfTime; OSError when the file's disk fails.
        """
        most = allowed.unpacked
        limits = map(str, (most_memory(allowed.size), most_seconds(allowed.size), most))
        command = python_module(self._module, *limits, *self._options)
        file.seek(0)
        with (
            last_words() as words,
            subprocess.Popen(command, 0, stdin=file, stdout=subprocess.PIPE, stderr=words.stderr) as child,
        ):
            written = written_by(child, allowed)
            try:
                while line := written.readline(LARGEST_ELEMENT + 1):
                    allowed.check()
                    part, made = line, len(line)
                    while part and not part.endswith(b"\n") and made <= most:
                        part = written.readline(PIECE)
                        made += len(part)
                    most -= made
                    if most < 0:
                        break
                    if len(line) <= LARGEST_ELEMENT and not line.endswith(b"\n"):
                        break  # the child ended in the middle of this row
                    yield Written(line, len(line) > LARGEST_ELEMENT)
                code = code_of(child, allowed) if most >= 0 else TOO_LARGE
                self.reason = self._why(OUT_OF_MEMORY if code in UNTOLD and words.are_of_memory() else code)
            finally:
                child.kill()

    def _why(self, code: int) -> str:
        if code == 0:
            return ""
        if code == DISK_FAILED:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        reason = {
            -signal.SIGXCPU: f"the {self._what} file takes too long to read",
            OUT_OF_MEMORY: f"the {self._what} file needs too much memory to read",
            BROKEN: f"the file is not a complete {self._what} file",
            NO_COLUMNS: "the file has no columns text and label",
            MANY_COLUMNS: TOO_WIDE,
            MANY_SHEETS: "the workbook has more sheets than are looked at: deliver the one with the posts",
            ENTITIES: "the workbook declares a document type (DOCTYPE), which none needs: save it anew in Excel",
            MANY_TABLES: "more than one sheet has a text and a label: deliver each as a file of its own",
            TOO_LARGE: f"the {self._what} file unpacks to more than is read",
        }.get(code)
        if reason is None:
            raise ReaderFailed(f"the {self._what} reader failed on this file: {why_ended(code, ())}")
        return reason
