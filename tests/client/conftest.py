"""The embedded server and the toys of tests/serving, and servers that misbehave."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import toy_servers

start, site = toy_servers.start, toy_servers.site
both, standing_both = toy_servers.both, toy_servers.standing_both


Behaviour = Callable[[bytes, socket.socket], None]  # is given the request's bytes and the connection


class Odd:
    """A server on a free port that does with every request what it is told to; `asked` holds their bytes."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour, self.asked, self.connections = behaviour, list[bytes](), 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while request := read_request(connection):
                self.asked.append(request)
                self.behaviour(request, connection)
        except OSError:
            return  # the client left

    def stop(self) -> None:
        with contextlib.suppress(OSError):  # stopped already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()


def read_request(connection: socket.socket) -> bytes:
    """Returns one request, head and body; empty at the end."""
    request = b""
    while b"\r\n\r\n" not in request:
        if not (chunk := connection.recv(65536)):
            return b""
        request += chunk
    head, _, body = request.partition(b"\r\n\r\n")
    size = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < size:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http_answer(content: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


def says(content: bytes, status: str = "200 OK") -> Behaviour:
    return lambda _, connection: connection.sendall(http_answer(content, status))


def good_answer(texts: int = 1, label_id: int = 0) -> bytes:
    probabilities = [0.1, 0.1, 0.1]
    probabilities[label_id] = 0.8
    outputs = {"label": ["正面", "負面", "中立"][label_id], "label_id": label_id, "probabilities": probabilities}
    return json.dumps({"outputs": {name: [value] * texts for name, value in outputs.items()}}).encode()


def drips(_: bytes, connection: socket.socket) -> None:
    """Sends a byte now and then, for ever: no single wait is long."""
    for byte in http_answer(good_answer()) * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.fixture
def odd() -> Iterator[Callable[[Behaviour], Odd]]:
    """A function that starts a server that behaves as told."""
    started: list[Odd] = []

    def start_odd(behaviour: Behaviour) -> Odd:
        started.append(Odd(behaviour))
        return started[-1]

    yield start_odd
    for server in started:
        server.stop()


@pytest.fixture
def odd_answers() -> dict[str, Any]:
    """The behaviours above, for tests (a conftest cannot be imported)."""
    return {"says": says, "good": good_answer, "http": http_answer, "drips": drips}
