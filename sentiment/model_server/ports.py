"""Ports: taken by one server only, and said so in one line when they are in use."""

from __future__ import annotations

import socket

from sentiment.errors import InputError


def listen(host: str, port: int) -> socket.socket:
    """Returns a listening socket; port 0 takes any free one. InputError names a port that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With TCP named, asyncio switches Nagle's algorithm off: it costs each answer on a kept connection 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port whose last server just left is free
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise port_is_taken(host, port) from None
    return listener


def require_free(host: str, port: int) -> None:
    """Raises InputError when `port` is in use: known before the seconds that loading takes."""
    listen(host, port).close()


def port_is_taken(host: str, port: int) -> InputError:
    """Returns the error that names the port."""
    return InputError(
        "the server's ports must be free on its host",
        found=f"that {host}:{port} cannot be listened on",
        do="Stop what uses it, or choose another with --port and --rest-api-port.",
    )
