"""What goes to and fro between a reader's process and whoever reads its file: nobody waits for it without end."""

from __future__ import annotations

import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

from sentiment.data.formats.allowance import TOO_SLOW
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.formats.unpack import most_unpacked
from sentiment.processes import why_ended
from sentiment.scoring.believed import told_by
from sentiment.scoring.places import Changed
from sentiment.scoring.reading import STATUS, Told, Wanted, most_memory, most_said

TIMEVAL = struct.Struct("ll")  # as the kernel has it: seconds, and microseconds
ENDED = "its reader was ended ({})"


class ReaderEnded(UnreadableFile):
    """The file ended its reader, or takes more memory or time than it may."""


class Heard(NamedTuple):
    """A message; with a piece, its rows and its lines."""

    told: Told
    content: bytes = b""
    lines: bytes = b""


@contextmanager
def connected(control: socket.socket, patience: int) -> Iterator[Connection]:
    """Yields a connection to a new child. Raises: Changed when the process that makes it is gone."""
    ours, theirs = socket.socketpair()
    for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        ours.setsockopt(socket.SOL_SOCKET, direction, TIMEVAL.pack(patience, 0))
    with theirs, Connection(ours.detach()) as connection:
        try:
            socket.send_fds(control, [b"\0"], [theirs.fileno()])
        except OSError:
            raise Changed(ENDED.format(why_ended(-signal.SIGKILL, ()))) from None
        theirs.close()
        yield connection


def give(connection: Connection, part: bytes) -> None:
    """Raises: ReaderEnded when it is not taken for too long."""
    try:
        connection.send_bytes(part)
    except BlockingIOError:
        raise ReaderEnded(TOO_SLOW) from None
    except (BrokenPipeError, ConnectionResetError):
        return  # it has ended; how, is said at the end


def messages(connection: Connection, wanted: Wanted, patience: float) -> Iterator[Heard]:
    """Yields what is said. Raises: ReaderEnded when all that takes longer than `patience` seconds."""
    while True:
        began = time.monotonic()
        heard = _next(connection, wanted)
        patience -= time.monotonic() - began
        if patience < 0:
            raise ReaderEnded(TOO_SLOW)
        if heard is None:
            return
        yield heard


def _next(connection: Connection, wanted: Wanted) -> Heard | None:
    """Returns the next message; None when there is none, only a part of one, or one of more bytes than it may have."""
    try:
        told = told_by(connection.recv_bytes(most_said(wanted)))
        if told.piece is None:
            return Heard(told)
        content = connection.recv_bytes(most_memory(wanted.size))
        return Heard(told, content, connection.recv_bytes(most_unpacked(wanted.size)))
    except BlockingIOError:
        raise ReaderEnded(TOO_SLOW) from None
    except (EOFError, OSError):  # of nothing else than the connection: a message that breaks off is an OSError, too
        return None


def status_of(control: socket.socket) -> bytes:
    """Returns how a child ended; b"" when nobody is there to say so. Raises: ReaderEnded when it does not end."""
    try:
        return control.recv(STATUS.size)
    except TimeoutError:
        raise ReaderEnded(TOO_SLOW) from None
    except OSError:
        return b""
