"""How the work is done: what an engine is told, whichever it is."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from sentiment.errors import UnavailableError

LOCAL, RAY = "local", "ray"
SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class Engine:
    """How the work is done. `actors`, `gpus` and `address` are Ray's; `threads` are those of a copy of the model."""

    name: str
    batch_size: int
    threads: int | None = None
    actors: int | None = None
    gpus: float = 0
    address: str = ""


def require_listening(address: str) -> None:
    """Raises: UnavailableError when nobody listens at `host:port` or `ray://host:port`: Ray would ask for minutes.

    A name such as `auto` is Ray's to find.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise unreachable(address, str(error)) from None


def unreachable(address: str, reason: str) -> UnavailableError:
    return UnavailableError(
        f"the Ray cluster at {address} must answer",
        found=" ".join(reason.split())[:200],
        do="Check --address, and `ray status` there; --engine local needs no cluster.",
    )
