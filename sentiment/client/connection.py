"""One HTTP connection that keeps its deadline whatever the server does, even if it sends one byte every second."""

from __future__ import annotations

import contextlib
import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

LARGEST_ANSWER = 16 * 1024 * 1024  # bytes
CUT_SHORT = "the connection ended before the answer was whole"


class Connection:
    """A connection to one server, for one thread at a time. Raises: OSError when it cannot be opened by `until`."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        secure: ssl.SSLContext | None,
        until: float,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._headers = {"Content-Type": "application/json", **headers}
        self._http = http.client.HTTPConnection(host, port)
        self._http.sock = connect(host, port, secure=secure, until=until)

    def post(self, path: str, body: bytes, until: float) -> tuple[int, bytes]:
        """Returns status and content.

        Raises:
            TimeoutError: the answer was not complete at `until` (of time.monotonic).
            ConnectionError: the server left before its answer was whole, as one that is stopped does.
            OSError, http.client.HTTPException, ValueError: no answer came, or one that is not HTTP or is too large.
        """
        sock = self._http.sock
        sock.settimeout(left(until))
        self._http.response_class = lambda _, **more: http.client.HTTPResponse(_Source(sock, until), **more)  # type: ignore[assignment, arg-type]
        self._http.request("POST", path, body, self._headers)
        response = self._http.getresponse()
        try:
            content = response.read(LARGEST_ANSWER + 1)
        except http.client.IncompleteRead:
            raise ConnectionError(CUT_SHORT) from None
        if len(content) > LARGEST_ANSWER:
            raise ValueError(f"the answer has more than {LARGEST_ANSWER} bytes")
        if response.length or (response.length is None and not response.chunked and not content):
            raise ConnectionError(CUT_SHORT)
        return response.status, content

    @property
    def is_open(self) -> bool:
        """Whether it can be used again: nobody closed it, and it holds no data that nobody asked for."""
        return self._http.sock is not None and is_idle(self._http.sock)

    def close(self) -> None:
        self._http.close()


def is_idle(sock: socket.socket) -> bool:
    """Whether the other side neither closed it nor sent anything."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def connect(host: str, port: int, *, secure: ssl.SSLContext | None, until: float) -> socket.socket:
    """Returns a connected socket; every address of `host` gets its share of the time."""
    places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, place) in enumerate(places, 1):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(left(until) / (1 + len(places) - number))
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return secure.wrap_socket(sock, server_hostname=host) if secure else sock
        except BaseException as error:
            sock.close()
            if number == len(places) or not isinstance(error, OSError):
                raise
    raise OSError(f"{host} has no address")


def left(until: float) -> float:
    """Returns the seconds until `until`. Raises: TimeoutError when it has passed."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("time is up")
    return seconds


class _Source:
    """What an HTTPResponse reads from. A socket's own time-out restarts with every byte; this one does not."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Bounded(self._sock, self._until))


class _Bounded(io.RawIOBase):
    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(left(self._until))
        return self._file.readinto(buffer)

    def close(self) -> None:
        with contextlib.closing(self._file):
            super().close()
