"""Keeps the number of open connections bounded: when there is no place, one that is idle makes room for a new one.

Counted when they are accepted, so that a client that never sends a byte, or never ends its TLS handshake, counts too.
"""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from typing import Any

from sentiment.model_server.fair import MAPPED

Address = tuple[str, int]
QUEUE = 1024  # connections that the kernel keeps until they are accepted


def plain(address: tuple[Any, ...]) -> Address:
    """Returns a socket's address as clients are named: one of IPv4 as that, also where it comes by IPv6."""
    return address[0].removeprefix(MAPPED), address[1]


class Book:
    """The open connections of one port. Only the event loop's thread may change it; any may call `has` and `end`."""

    def __init__(self, most: int) -> None:
        """`most` connections in all; one client has three quarters of them at most."""
        self._most, self._most_of_client = most, max(1, most - most // 4)
        self._open: dict[Address, socket.socket] = {}
        self._of_client: Counter[str] = Counter()
        # By client, the longest idle one first: those that never asked, and those that were answered.
        self._silent: dict[str, dict[Address, None]] = {}
        self._kept: dict[str, dict[Address, None]] = {}

    def admit(self, address: Address, connection: socket.socket) -> bool:
        """Notes a new connection; closes an idle one when it must. Tells whether there is a place."""
        client = address[0]
        self.closed(address)  # its port has been taken anew before the event loop has seen the end of the one before
        if self._of_client[client] >= self._most_of_client and not self._make_room(client):
            return False
        if len(self._open) >= self._most and not self._make_room(self._of_client.most_common(1)[0][0]):
            return False
        self._open[address] = connection
        self._of_client[client] += 1
        self._silent.setdefault(client, {})[address] = None
        return True

    def _make_room(self, client: str) -> bool:
        idle = self._silent.get(client) or self._kept.get(client)
        if not idle:
            return False
        self.cut(next(iter(idle)))
        return True

    def cut(self, address: Address) -> None:
        """Ends a connection, and drops what was not sent."""
        connection = self._open.get(address)
        self.closed(address)
        if connection:
            with contextlib.suppress(OSError):  # it has ended already
                connection.shutdown(socket.SHUT_RDWR)  # the event loop sees its end, and closes it

    def end(self) -> None:
        """Ends all connections. Unlike the others, this may be called from any thread: the event loop sees the ends."""
        for connection in list(self._open.values()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def busy(self, address: Address) -> None:
        """Notes that a request has begun."""
        self._not_idle(address)

    def idle(self, address: Address) -> None:
        """Notes that a request was answered."""
        if address in self._open:
            self._kept.setdefault(address[0], {})[address] = None

    def closed(self, address: Address) -> None:
        """Notes that a connection has ended."""
        if self._open.pop(address, None) is None:
            return
        self._not_idle(address)
        self._of_client[address[0]] -= 1
        if not self._of_client[address[0]]:
            for table in (self._of_client, self._silent, self._kept):
                table.pop(address[0], None)

    def _not_idle(self, address: Address) -> None:
        for table in (self._silent, self._kept):
            table.get(address[0], {}).pop(address, None)

    def has(self, address: Address) -> bool:
        """Tells whether a connection is still open."""
        return address in self._open

    def is_of(self, address: Address, connection: socket.socket) -> bool:
        """Tells whether the open connection from an address is this one, and not a later one from the same port."""
        return self._open.get(address) is connection

    def __len__(self) -> int:
        return len(self._open)


class Listener(socket.socket):
    """A listening socket that accepts a connection only when its `book` has a place."""

    book: Book

    def listen(self, _: int = QUEUE, /) -> None:
        """Begins to listen; asyncio gives the number that it accepts at a time, which is another thing."""
        super().listen(QUEUE)

    def accept(self) -> tuple[socket.socket, Any]:
        number, address = self._accept()  # type: ignore[attr-defined]  # as socket.socket.accept does
        client = plain(address)
        connection = _Accepted(self.family, self.type, self.proto, fileno=number)
        if not self.book.admit(client, connection):
            connection.close()
            raise ConnectionAbortedError("there is no place")  # the event loop goes on with the next one
        connection.book, connection.address = self.book, client
        return connection, address


class _Accepted(socket.socket):
    book: Book | None = None
    address: Address = ("", 0)

    def close(self) -> None:
        if self.book and self.book.is_of(self.address, self):
            self.book.closed(self.address)
        super().close()
