"""What of a file of the archive is read by another process (`reading`), and how that ends.

Parts of the file travel there, and rows travel back: it needs neither the file's folder nor a bucket's credentials.
"""

from __future__ import annotations

import atexit
import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import BinaryIO, NamedTuple

import msgspec
import pyarrow as pa

from sentiment.data.formats.allowance import TOO_SLOW
from sentiment.data.formats.child import OUT_OF_MEMORY
from sentiment.data.formats.record import UnreadableFile
from sentiment.processes import end, python_module, start, why_ended
from sentiment.scoring.asked import Told, Wanted, most_patience, most_seconds
from sentiment.scoring.believed import piece_of, require_behind, require_end, require_part, rows_of
from sentiment.scoring.children import STATUS
from sentiment.scoring.columns import NoColumn
from sentiment.scoring.messages import ENDED, Heard, ReaderEnded, talk
from sentiment.scoring.places import Changed
from sentiment.scoring.sent import WRONG

MODULE = "sentiment.scoring.reading"
# What it needs of the environment; what strangers made it reads, so it gets no credentials.
NEEDED = ("PATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "TZDIR", "TMPDIR")
TOO_MUCH = (
    "reading so many rows at once takes more memory than a file of its size may: "
    "begin anew with fewer --shard-rows, or with smaller files"
)
SECONDS_TO_END = 1  # for a process that ends by itself: then its own code says why
FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})  # by which a file ends nothing


class Piece(NamedTuple):
    """The rows of one shard: `table` has those that can be scored, `numbers` their places in the file, from 0.

    `aside` of them were put aside; their lines are `lines`.
    """

    first: int
    table: pa.Table
    numbers: list[int]
    places: dict[str, int]
    aside: int
    lines: bytes
    last: bool
    reason: str

    @property
    def rows(self) -> int:
        return len(self.numbers) + self.aside


def rows_stated(file: BinaryIO, name: str, size: int) -> int:
    """Returns how many rows a Parquet file states. Raises: as `pieces`."""
    wanted = Wanted(name=name, size=size, count=True)
    rows = None
    for told, _, _ in _reader().heard(file, wanted):
        if rows is not None:
            raise UnreadableFile(WRONG.format("more than a number of rows"))
        rows = rows_of(wanted, told)
    return rows_of(wanted, None) if rows is None else rows


def seconds_spent() -> float:
    """Returns how many seconds of processor time the readers of this process's files have taken."""
    return _reader().seconds


def pieces(file: BinaryIO, wanted: Wanted) -> Iterator[Piece]:
    """Yields the pieces of `file`.

    Raises: UnreadableFile (ReaderEnded), NoColumn; Changed when something else ended the reader; what `file` raises.
    """
    last = None
    for told, content, lines in _reader().heard(file, wanted):
        _require_kept(wanted, told, content)
        head, found = piece_of(wanted, told, content, lines)
        require_behind(last, last := head)
        yield Piece(head.first, found, head.numbers, head.places, lines.count(b"\n"), lines, head.last, head.reason)
    require_end(wanted, last)


def _require_kept(wanted: Wanted, told: Told, content: bytes) -> None:
    """Has a child try whether the rows of a piece can be kept, before this process makes anything of them.

    It is none that has read the file, so no file has got hold of it. What is read to see its columns alone is not kept.
    Raises: as `pieces`.
    """
    if told.piece is not None and not wanted.one:
        asked = msgspec.structs.replace(wanted, kept=told.piece.columns, table=len(content))
        for _ in _reader().heard(io.BytesIO(content), asked):
            raise UnreadableFile(WRONG.format("more than whether it is kept"))


class Reader:
    """The process; it is started when it is needed, and again after a file that was left before its end."""

    def __init__(self) -> None:
        self.seconds = 0.0  # of processor time that its children took
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def heard(self, file: BinaryIO, wanted: Wanted) -> Iterator[Heard]:
        """Yields what is said about a file; the parts of it that are asked for are given meanwhile."""
        if wanted.spent >= most_seconds(wanted.size):
            raise ReaderEnded(TOO_SLOW)
        patience = most_patience(wanted.size)
        control, last, status, ended, grace = self._started(patience), Told(), b"", 0, 0
        try:
            with talk(control, wanted, patience) as child:
                child.give(msgspec.json.encode(wanted))
                for heard in child.messages():
                    if heard.told.read is not None:
                        start, size = heard.told.read
                        require_part(wanted, start, size)
                        file.seek(start)
                        child.give(file.read(size))
                    elif heard.told.refused or heard.told.whole:
                        last = heard.told
                    else:
                        yield heard
                status, grace = child.status(), SECONDS_TO_END
        finally:
            if not status:
                ended = self.close(grace)
        code, seconds = STATUS.unpack(status) if status else (ended, 0.0)
        self.seconds += seconds
        _require_whole(last, code, is_its_own=bool(status))

    def _started(self, patience: float) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair()
            with theirs:
                # The kernel ends it with the thread that started it: a worker of Ray's may start it from another.
                ours = threading.current_thread() is threading.main_thread()
                self._process = (start if ours else subprocess.Popen)(
                    python_module(MODULE, str(theirs.fileno())),
                    pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, env=_environment(),
                )  # fmt: skip
        self._control.settimeout(patience)
        return self._control

    def close(self, grace: int = 0) -> int:
        """Ends the process, which has `grace` seconds to do so itself, and its child; returns its exit code."""
        control, process, self._control, self._process = self._control, self._process, None, None
        if control is None or process is None:
            return 0
        control.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        end(process)
        return process.returncode


def _require_whole(last: Told, code: int, *, is_its_own: bool = True) -> None:
    """Raises: UnreadableFile, NoColumn or Changed unless the child said at last that it has read all.

    The exit code `is_its_own`, or that of the process which makes the children: of that one, the file is not the cause.
    """
    if last.no_column:
        raise NoColumn(last.refused, last.missing)
    if last.refused:
        raise UnreadableFile(last.refused)
    if -code in FROM_OUTSIDE or not is_its_own:
        raise Changed(ENDED.format(why_ended(code, ())))
    if code or not last.whole:
        reason = {OUT_OF_MEMORY: TOO_MUCH, -signal.SIGXCPU: TOO_SLOW}.get(code)
        raise ReaderEnded(reason or ENDED.format(why_ended(code, ())))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in NEEDED if name in os.environ}
    # A worker of Ray's is told by its driver where its modules are. Arrow's own pools reserve far more than they use.
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "ARROW_DEFAULT_MEMORY_POOL": "system"}


@cache
def _reader() -> Reader:
    reader = Reader()
    atexit.register(reader.close)
    return reader
