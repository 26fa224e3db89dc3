"""What hostile clients do. Each attack is one attempt that yields how it ended; it is bounded, and of this machine.

`Place` says where the server is. REST attacks come from another loopback address than the honest clients, and those
over gRPC from `relay`: the server tells its clients apart by their addresses.
"""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from sentiment.bench.load.load import PREDICT

HOSTILE = "127.0.0.2"
SILENT = 1100  # sockets for each port: more than either has places for
SLOW = 32
SECONDS = 60.0  # that an answer may take
CUT_OFF, HELD = "cut off", "still open"


@dataclass(frozen=True)
class Place:
    """The server: REST port and path, gRPC port, a channel through the relay, and ready-made requests by name."""

    rest_port: int
    path: str
    grpc_port: int
    channel: Any
    requests: Mapping[str, bytes]

    def connect(self, port: int) -> socket.socket:
        """Returns a connection from the hostile address."""
        return socket.create_connection(("127.0.0.1", port), timeout=SECONDS, source_address=(HOSTILE, 0))

    def head(self, *lines: str) -> bytes:
        """Returns the head of a request to predict."""
        return "\r\n".join((f"POST {self.path} HTTP/1.1", "Host: x", *lines, "", "")).encode()


Attack = Callable[[Place, threading.Event], Iterator[str]]


def silent(place: Place, over: threading.Event) -> Iterator[str]:
    """Opens connections that never say anything, and keeps them open."""
    with ExitStack() as stack:
        ports = itertools.islice(itertools.cycle((place.rest_port, place.grpc_port)), 2 * SILENT)
        sockets = [stack.enter_context(place.connect(port)) for port in ports]
        over.wait()
        yield from map(_state, sockets)


def slow_heads(place: Place, over: threading.Event) -> Iterator[str]:
    """Sends the heads of requests byte by byte, and never ends one."""
    yield from _drip(place, place.head("Content-Length: 9")[:-4] + b"x" * 10_000, over)


def slow_bodies(place: Place, over: threading.Event) -> Iterator[str]:
    """Announces bodies and sends them byte by byte."""
    yield from _drip(place, b" " * 10_000, over, place.head("Content-Length: 10000"))


def _drip(place: Place, data: bytes, over: threading.Event, first: bytes = b"") -> Iterator[str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(place.connect(place.rest_port)) for _ in range(SLOW)]
        for one in sockets if first else ():
            one.sendall(first)
        for position in range(len(data)):
            for one in [*sockets]:
                try:
                    one.sendall(data[position : position + 1])
                except OSError:
                    sockets.remove(one)
                    yield CUT_OFF
            if not sockets or over.wait(0.2):
                break
        yield from map(_state, sockets)


def _state(connection: socket.socket) -> str:
    try:
        return HELD if connection.recv(4096, socket.MSG_DONTWAIT) else CUT_OFF
    except BlockingIOError:
        return HELD
    except OSError:
        return CUT_OFF


def two_lengths(place: Place, over: threading.Event) -> Iterator[str]:
    """Sends Content-Length and Transfer-Encoding together."""
    yield _posted(place, place.head("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n")


def leavers(place: Place, over: threading.Event) -> Iterator[str]:
    """Asks for 1,024 posts and leaves before the answer."""
    body = place.requests["rows.json"]
    with place.connect(place.rest_port) as connection:
        connection.sendall(place.head(f"Content-Length: {len(body)}") + body)
    yield "left"


def many_values(place: Place, over: threading.Event) -> Iterator[str]:
    """Sends 16 MB of JSON, of which each two bytes become a value."""
    yield _json(place, b'{"instances": [' + b"0," * (8 * 1024 * 1024 - 20) + b"0]}")


def deep(place: Place, over: threading.Event) -> Iterator[str]:
    """Sends JSON that is nested a million deep."""
    yield _json(place, b'{"instances": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}")


def fewer_values(place: Place, over: threading.Event) -> Iterator[str]:
    """Sends as many values as are allowed, which no signature wants."""
    yield _json(place, b'{"instances": [' + b"[]," * 600_000 + b"[]]}")


def _json(place: Place, body: bytes) -> str:
    return _posted(place, place.head(f"Content-Length: {len(body)}") + body)


def _posted(place: Place, data: bytes) -> str:
    try:
        with place.connect(place.rest_port) as connection:
            connection.sendall(data)
            answer = connection.recv(4096)
    except OSError:
        return CUT_OFF
    return f"HTTP {answer[9:12].decode('ascii', errors='replace')}" if answer else CUT_OFF


def bombs(place: Place, over: threading.Event) -> Iterator[str]:
    """Sends 60 kB that unpack to 60 MB."""
    yield _called(place, "bomb")


def claims(place: Place, over: threading.Event) -> Iterator[str]:
    """Sends a hundred bytes that claim to be many texts."""
    yield _called(place, "claim")


def many_rows(place: Place, over: threading.Event) -> Iterator[str]:
    """Asks for 1,024 posts."""
    yield _called(place, "rows")


def _called(place: Place, name: str) -> str:
    import grpc

    try:
        place.channel.unary_unary(PREDICT)(place.requests[name], timeout=SECONDS)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


# By name, with the number of those who do it over and over at the same time.
ATTACKS: dict[str, tuple[Attack, int]] = {
    "2,200 silent connections": (silent, 1),
    "slow heads": (slow_heads, 1),
    "slow bodies": (slow_bodies, 1),
    "two lengths": (two_lengths, 2),
    "asks for 1,024 posts and leaves": (leavers, 2),
    "16 MB of JSON": (many_values, 1),
    "JSON a million deep": (deep, 1),
    "JSON of 600,000 lists": (fewer_values, 1),
    "60 kB that unpack to 60 MB": (bombs, 4),
    "100 bytes that claim 100,000 texts": (claims, 2),
    "1,024 posts each, 16 at a time": (many_rows, 16),
}
