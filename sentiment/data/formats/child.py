"""A file that is read by a process of its own, which writes a line of JSON for every row.

The readers of Parquet and of Excel's workbooks are large libraries, and the sizes that a file states are what they
reserve. So they run in a child with limited memory and processor time: whatever a broken or hostile file does to it
ends as a reason.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from sentiment.data.formats.json_elements import LARGEST_ELEMENT

MEMORY = 2 << 30  # bytes that the child may hold
SECONDS = 120  # of processor time, and one more for every megabyte of the file
OUT_OF_MEMORY, BROKEN, NO_COLUMNS, TOO_LARGE, MANY_TABLES = 3, 4, 5, 6, 7  # exit codes


class Written(NamedTuple):
    """A line that the child wrote; cut, when it is longer than any row may be."""

    line: bytes
    is_cut: bool


class Child:
    """What a child writes about a file, and how it ended; `what` names the kind of file, for the reason."""

    def __init__(self, module: str, what: str, *options: str) -> None:
        self._module, self._what, self._options = module, what, options
        self.reason = ""  # why the child ended before the file did

    def lines(self, file: BinaryIO, size: int) -> Iterator[Written]:
        """Yields what the child writes about `file`, of `size` bytes, from its beginning."""
        command = [sys.executable, "-m", self._module, str(MEMORY), str(SECONDS + (size >> 20)), *self._options]
        file.seek(0)
        with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
            assert child.stdout is not None
            try:
                while line := child.stdout.readline(LARGEST_ELEMENT + 1):
                    part = line
                    while part and not part.endswith(b"\n"):
                        part = child.stdout.readline(LARGEST_ELEMENT)
                    if len(line) <= LARGEST_ELEMENT and not line.endswith(b"\n"):
                        break  # the child ended in the middle of this row
                    yield Written(line, len(line) > LARGEST_ELEMENT)
                self.reason = self._why(child.wait())
            finally:
                child.kill()

    def _why(self, code: int) -> str:
        if code == 0:
            return ""
        return {
            -signal.SIGXCPU: f"the {self._what} file takes too long to read",
            OUT_OF_MEMORY: f"the {self._what} file needs too much memory to read",
            BROKEN: f"the file is not a complete {self._what} file",
            NO_COLUMNS: "the file has no columns text and label",
            MANY_TABLES: "more than one sheet has a text and a label: deliver each as a file of its own",
            TOO_LARGE: f"the {self._what} file unpacks to more than is read",
        }.get(code, f"the {self._what} reader failed on this file")
