"""Ends new gRPC connections whose headers fill the memory, where gRPC has no bound yet.

gRPC bounds the headers of a request from the moment at which the client confirms the server's settings (HTTP/2's
SETTINGS with ACK). Until then a request may have 16 MB of headers, a connection as many requests as it may have at a
time, and a header of one byte takes some 60 of memory; no option changes that. Any client confirms at once, and gRPC
ends a connection that has not in SECONDS_TO_CONFIRM. So whoever fills the memory is new, and has sent much.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sentiment.processes import available_memory

log = logging.getLogger("sentiment.server")
SECONDS_TO_CONFIRM = 5
SECONDS_BETWEEN_LOOKS = 0.1
GROWN_LATELY = 256 * 1024 * 1024  # bytes; a server that simply is large ends no connection
SENT_MUCH = 16 * 1024  # bytes: a MB of memory, when they are headers
RECEIVED = struct.Struct("=128xQ")  # tcpi_bytes_received of Linux's struct tcp_info


class HeaderFlood:
    """Looks at the memory of this process; `look` is for one thread."""

    def __init__(self, port: int, count: Callable[[int], object]) -> None:
        """Takes what the process has now, and half of what is still available, as enough.

        `count` is told how many connections were ended.
        """
        self._port, self._count = port, count
        self._lowest = self._lowest_before = resident()
        self.most = self._lowest + available_memory() // 2
        self._known: set[int] = set()  # the inodes of sockets that are not new
        self._lately: set[int] = set()
        self._turned = self._trimmed = time.monotonic()
        self._ended = False

    def look(self) -> None:
        """Ends the new connections that sent much when the memory grew beyond its bound."""
        now, held = time.monotonic(), resident()
        self._lowest = min(self._lowest, held)
        if now - self._turned >= SECONDS_TO_CONFIRM:
            self._turned, self._lowest_before, self._lowest = now, self._lowest, held
            self._known, self._lately = self._lately, {inode for _, inode in _sockets()}
        if self._ended and now - self._trimmed >= 1:
            _give_back_memory()
            self._trimmed, self._ended = now, False
        if held > self.most and held - min(self._lowest, self._lowest_before) > GROWN_LATELY:
            self._end_new_ones(held)

    def _end_new_ones(self, held: int) -> None:
        ended = [client for number, inode in _sockets() if inode not in self._known and (client := self._end(number))]
        if ended:
            self._ended = True
            self._count(len(ended))
            who = ", ".join(sorted(set(ended))[:5])
            log.warning("%d MB of memory: %d new gRPC connections ended, of %s", held >> 20, len(ended), who)

    def _end(self, number: int) -> str:
        """Ends a connection to the port when it sent much; returns the client's address then, else nothing."""
        with contextlib.suppress(OSError), _socket_of(number) as connection:
            if connection.getsockname()[1:2] == (self._port,) and _received(connection) > SENT_MUCH:
                client = str(connection.getpeername()[0])
                return client if _reset(connection) else ""
        return ""


def _socket_of(number: int) -> socket.socket:
    """Returns a copy of a descriptor as a socket. Raises: OSError when it is none: it was closed, and taken anew."""
    duplicate = os.dup(number)
    try:
        return socket.socket(fileno=duplicate)
    except OSError:
        os.close(duplicate)
        raise


def _reset(connection: socket.socket) -> bool:
    """Ends a connection at once, with what came and was not read yet; gRPC would read all of it after a shutdown."""
    nobody = struct.pack("=H14x", socket.AF_UNSPEC)
    return bool(ctypes.CDLL(None).connect(connection.fileno(), nobody, len(nobody)) == 0)


def _received(connection: socket.socket) -> int:
    """Returns the bytes that a connection received."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RECEIVED.size)
    return int(RECEIVED.unpack(info)[0]) if len(info) == RECEIVED.size else 0


def resident() -> int:
    """Returns the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def _sockets() -> Iterator[tuple[int, int]]:
    """Yields descriptor and inode of each socket of this process."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # it was closed meanwhile
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield int(descriptor.name), int(target[8:-1])


def _give_back_memory() -> None:
    ctypes.CDLL(None).malloc_trim(0)
