"""The book of a port's connections, when a client takes the same port of its own again at once."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from sentiment.model_server.connections import Listener
from sentiment.model_server.ports import listen


@pytest.fixture
def listener() -> Iterator[Listener]:
    with contextlib.closing(listen("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


def connect(listener: Listener, port: int = 0) -> socket.socket:
    """Connects from a port, and ends without a trace in the kernel."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.bind(("127.0.0.1", port))
    client.connect(listener.getsockname())
    return client


def test_a_connection_from_the_port_of_one_whose_end_was_not_seen_yet_is_counted_once(listener: Listener) -> None:
    book = listener.book
    first = connect(listener)
    port = first.getsockname()[1]
    accepted, address = listener.accept()
    first.close()  # by RST, which the event loop has not seen yet
    with connect(listener, port) as second:
        again, same = listener.accept()
        assert same == address and second.getsockname()[1] == port
        assert (len(book), book._of_client["127.0.0.1"]) == (1, 1)
        accepted.close()
        assert len(book) == 1 and book.has(address), "the end of the first one is not that of the second"
        again.close()
    assert (len(book), dict(book._of_client)) == (0, {})
