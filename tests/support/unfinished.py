"""Clients that never end their gRPC messages, or never take an answer, in bare HTTP/2 frames.

gRPC's own clients cannot do that.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator, Mapping

ANNOUNCED = 16 * 1024 * 1024 - 16  # bytes of each message; one fewer is sent
_DATA, _HEADERS, _SETTINGS, _WINDOW, _CONTINUATION = 0, 1, 4, 8, 9
_ACK = 1  # the flag of a SETTINGS frame that confirms the server's


def send_unfinished(port: int, path: str, streams: int, seconds: float) -> int:
    """Sends as much of `streams` messages as the server takes within `seconds`; returns how many bytes that were."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, b""))
        numbers = range(1, 2 * streams, 2)
        for number in numbers:
            begun = b"\0" + struct.pack(">I", ANNOUNCED)
            connection.sendall(_frame(_HEADERS, number, _head(path), 4) + _frame(_DATA, number, begun))
        # By stream, 0: the connection. HTTP/2 begins with 65,535 bytes; the server adds to it by frames.
        window = dict.fromkeys(numbers, 65_535 - 5) | {0: 65_535 - 5 * streams}
        left = dict.fromkeys(numbers, ANNOUNCED - 1)
        connection.settimeout(0.01)
        received, until = b"", time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):  # the server has nothing to say: more is sent, if it may be
                received += connection.recv(1 << 20)
            while len(received) >= 9 and len(received) >= (end := 9 + int.from_bytes(received[:3], "big")):
                kind, number, payload = received[3], int.from_bytes(received[5:9], "big"), received[9:end]
                if kind == _WINDOW and number in window:
                    window[number] += int.from_bytes(payload, "big")
                received = received[end:]
            _send(connection, window, left)
        return (ANNOUNCED - 1) * streams - sum(left.values())


@contextlib.contextmanager
def calls_without_a_window(port: int, path: str, message: bytes, calls: int) -> Iterator[socket.socket]:
    """Sends whole calls, over one connection, whose answers the server may not send; yields the connection, unread."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        initial_window = struct.pack(">HI", 4, 0)
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, initial_window))
        whole = b"\0" + struct.pack(">I", len(message)) + message
        for number in range(1, 2 * calls, 2):
            connection.sendall(_frame(_HEADERS, number, _head(path), 4) + _frame(_DATA, number, whole, 1))
        yield connection


@contextlib.contextmanager
def greeted(connection: socket.socket, confirms: bool) -> Iterator[socket.socket]:
    """Begins HTTP/2; with `confirms`, confirms the server's settings, as every gRPC client does at once."""
    with connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, b""))
        if confirms:
            connection.recv(1 << 16)
            connection.sendall(_frame(_SETTINGS, 0, b"", _ACK))
        yield connection


def send_headers(connection: socket.socket, path: str, seconds: float, *, confirms: bool) -> bool:
    """Sends requests of 320,000 headers each, of one byte; tells whether the server ended the connection."""
    with greeted(connection, confirms):
        number, until = 1, time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                more = _frame(_CONTINUATION, number, b"\x90" * 16_000) * 20 + _frame(_CONTINUATION, number, b"\x90", 4)
                connection.settimeout(20)
                connection.sendall(_frame(_HEADERS, number, _head(path), 1) + more)
                number += 2
                connection.settimeout(0.001)
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(1 << 16):
                        return True
        except (ConnectionError, ssl.SSLError):
            return True
    return False


def send_call(connection: socket.socket, path: str, more: Mapping[str, bytes]) -> None:
    """Sends a call without a message, with `more` headers."""
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, b""))
    connection.recv(1 << 16)  # its settings
    added = b"".join(b"\0" + _text(name.encode()) + _text(value) for name, value in more.items())
    connection.sendall(_frame(_SETTINGS, 0, b"", _ACK) + _frame(_HEADERS, 1, _head(path) + added, 5))


def _text(value: bytes) -> bytes:
    """Returns a string of HPACK: its length, in seven bits and as many bytes as it needs, and itself."""
    length, left = b"", len(value) - 127
    if left < 0:
        return bytes([len(value)]) + value
    while left >= 128:
        length, left = length + bytes([left % 128 + 128]), left // 128
    return b"\x7f" + length + bytes([left]) + value


def _send(connection: socket.socket, window: dict[int, int], left: dict[int, int]) -> None:
    connection.settimeout(20)
    for number in left:
        while (size := min(16_384, left[number], window[number], window[0])) > 0:
            connection.sendall(_frame(_DATA, number, bytes(size)))
            left[number] -= size
            window[number] -= size
            window[0] -= size
    connection.settimeout(0.01)


def _head(path: str) -> bytes:
    fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "x", "te": "trailers"}
    pairs = [*fields.items(), ("content-type", "application/grpc")]
    return b"".join(
        b"\0" + bytes([len(key)]) + key.encode() + bytes([len(value)]) + value.encode() for key, value in pairs
    )


def _frame(kind: int, stream: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
