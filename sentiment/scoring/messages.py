"""What goes to and fro between a reader's process and whoever reads its file: nobody waits for it without end."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sentiment.data.formats.allowance import TOO_SLOW
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.formats.unpack import most_unpacked
from sentiment.processes import why_ended
from sentiment.scoring.asked import Told, Wanted, most_given, most_memory, most_said
from sentiment.scoring.believed import told_by
from sentiment.scoring.children import STATUS
from sentiment.scoring.places import Changed
from sentiment.scoring.sent import WRONG
from sentiment.scoring.wire import Wire

ENDED = "its reader was ended ({})"


class ReaderEnded(UnreadableFile):
    """The file ended its reader, or takes more memory or time than it may."""


class Heard(NamedTuple):
    """A message; with a piece, its rows and its lines."""

    told: Told
    content: bytes = b""
    lines: bytes = b""


class Talk:
    """What goes to and fro with one child: in all of it, it is waited for `patience` seconds at most."""

    def __init__(self, ends: tuple[socket.socket, socket.socket], wanted: Wanted, patience: float) -> None:
        (end, self._status), self._wanted, self._left = ends, wanted, most_given(wanted.given)
        self._wire = Wire(end, patience)

    def give(self, part: bytes) -> None:
        """Raises: ReaderEnded when it is not taken in time; UnreadableFile for more than anybody needs of the file."""
        self._left -= len(part)
        if self._left < 0:
            raise UnreadableFile(WRONG.format("a part, again and again"))
        try:
            self._wire.send(part)
        except TimeoutError:
            raise ReaderEnded(TOO_SLOW) from None
        except (BrokenPipeError, ConnectionResetError):
            return  # it has ended; how, is said at the end

    def messages(self) -> Iterator[Heard]:
        """Yields what is said. Raises: ReaderEnded when that takes too long."""
        while (heard := self._next()) is not None:
            yield heard

    def _next(self) -> Heard | None:
        """Returns the next message; None when there is none, only a part of one, or one of more than it may have."""
        size = self._wanted.size
        try:
            told = told_by(self._wire.receive(most_said(self._wanted)))
            if told.piece is None:
                return Heard(told)
            content = self._wire.receive(most_memory(size))
            return Heard(told, content, self._wire.receive(most_unpacked(size)))
        except TimeoutError:
            raise ReaderEnded(TOO_SLOW) from None
        except (EOFError, OSError):  # of nothing else than the connection
            return None

    def status(self) -> bytes:
        """Returns how it ended; b"" when nobody is there to say so. Raises: ReaderEnded when it does not end."""
        self._wire.close()  # whatever it still wants to say
        try:
            return self._wire.in_time(self._status, self._status.recv, STATUS.size)
        except TimeoutError:
            raise ReaderEnded(TOO_SLOW) from None
        except OSError:
            return b""


@contextmanager
def talk(control: socket.socket, wanted: Wanted, patience: float) -> Iterator[Talk]:
    """Yields the talk with a new child. Raises: Changed when the process that makes it is gone."""
    (ours, theirs), (status, said) = socket.socketpair(), socket.socketpair()
    with ours, status:
        with theirs, said:
            try:
                socket.send_fds(control, [b"\0"], [theirs.fileno(), said.fileno()])
            except OSError:
                raise Changed(ENDED.format(why_ended(-signal.SIGKILL, ()))) from None
        yield Talk((ours, status), wanted, patience)
