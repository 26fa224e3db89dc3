"""Opens ports for one server only, and says in one line when a port is in use."""

from __future__ import annotations

import asyncio
import socket
from asyncio.sslproto import SSLProtocol
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sentiment.errors import InputError
from sentiment.model_server import open_files
from sentiment.model_server.bounded_parser import BoundedParser
from sentiment.model_server.connections import Book, Listener, plain

ACCEPTED_AT_A_TIME = 8  # so that a flood of new connections does not keep those that are open from being read
MAX_SOCKETS = 1024  # for a further one, an idle one is closed
SECONDS_FOR_HEADERS = 20.0
# Bytes that are read at once; then it is the turn of other connections. Of a body of a known length many bytes are one
# event; all else may be many, of some microseconds each.
READ_AT_ONCE, READ_OF_A_BODY = 16 * 1024, 256 * 1024
SECONDS_TO_SAY_GOODBYE = 1.0  # that a client has, when the server stops, to agree to the end of an idle connection
# Of each connection with TLS, asyncio keeps a buffer of so many bytes from its first moment on: with its own 256 KB,
# connections that say nothing would take a quarter of a gigabyte.
SSLProtocol.max_size = 32 * 1024


def listen(host: str, port: int) -> Listener:
    """Returns a listening socket; port 0 takes any free one. Raises: InputError, which names a port in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # When TCP is named, asyncio switches off Nagle's algorithm, which costs each answer on a kept connection 40 ms.
    listener = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.book = Book(open_files.share(MAX_SOCKETS))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port whose last server just left is free
    try:
        listener.bind((host, port))
        listener.listen()
    except (OSError, TypeError):  # TypeError: a host that is no name at all
        listener.close()
        raise port_is_taken(host, port) from None
    return listener


def require_free(host: str, port: int) -> None:
    """Raises: InputError when `port` is in use, before the server spends seconds on loading."""
    listen(host, port).close()


def port_is_taken(host: str, port: int) -> InputError:
    """Returns the error that names the port."""
    return InputError(
        "the server's ports must be free on its host",
        found=f"{host}:{port}, which it cannot listen on",
        do="Stop what uses it, or choose another with --port and --rest-api-port.",
    )


def connections_of(listener: Listener) -> type[BoundedConnection]:
    """Returns the class of the connections that `listener` accepts."""
    into = memoryview(bytearray(READ_OF_A_BODY))  # of all of them: what is read is taken out at once
    return type("Connection", (BoundedConnection,), {"book": listener.book, "into": into})


class BoundedConnection(H11Protocol, asyncio.BufferedProtocol):
    """A connection that closes when a request's head is late: otherwise slow clients would take all places.

    It tells its port's book when it is idle. It is read in small parts, before anybody knows whether it has the token:
    otherwise a quarter of a megabyte of chunks of one byte would keep the event loop for a second.
    """

    book: Book
    conn: BoundedParser
    into: memoryview
    _patience: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = BoundedParser()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.client = plain(self.client) if self.client else None
        transport.set_write_buffer_limits(high=1, low=0)  # an answer is out when the operating system has all of it
        self._await_request()

    def get_buffer(self, _: int) -> memoryview:
        of_body = self.conn.their_state is h11.SEND_BODY and not self.conn.in_chunks
        return self.into if of_body else self.into[:READ_AT_ONCE]

    def buffer_updated(self, size: int) -> None:
        self.data_received(bytes(self.into[:size]))

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            if self.cycle:  # the request that this was to be a part of has its answer now, and gets no other
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            super().send_400_response(msg)
        else:
            self.transport.close()  # an answer has begun, or was given

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.client and self.cycle and not self.cycle.response_complete:
            self.book.busy(self.client)

    def on_response_complete(self) -> None:
        if self.client:
            self.book.idle(self.client)
        super().on_response_complete()
        self._await_request()

    def shutdown(self) -> None:
        """Ends the connection when its request is answered; an idle one soon, whatever its client does.

        With TLS, a connection ends when both sides have said so, and clients that keep one do not listen meanwhile.
        """
        super().shutdown()
        if self.client and (self.cycle is None or self.cycle.response_complete):
            self.loop.call_later(SECONDS_TO_SAY_GOODBYE, self.book.cut, self.client)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience:
            self._patience.cancel()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        if self._patience:
            self._patience.cancel()
        self._patience = self.loop.call_later(SECONDS_FOR_HEADERS, self._lose_patience)

    def _lose_patience(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()
