"""How the work is done: what an engine is told, whichever it is."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from sentiment.errors import InputError, UnavailableError
from sentiment.text.harmless import visible

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


def require_answering(address: str) -> None:
    """Raises: UnavailableError when no cluster answers at `host:port`, InputError when it is an address of Ray Client.

    Ray itself would ask for minutes, and end the process instead of raising. A name such as `auto` is Ray's to find.
    """
    if "://" in address:
        raise InputError(
            "--address must be host:port, or auto", found=visible(address),
            do="Run it on a node of the cluster, with --address auto: Ray Data does not work through Ray Client.",
        )  # fmt: skip
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise unreachable(address, str(error)) from None
    if not _speaks_grpc(address):
        reason = f"somebody who listens there and does not answer within {SECONDS_TO_ANSWER} seconds"
        raise unreachable(address, reason)


def _speaks_grpc(server: str) -> bool:
    """Tells whether it speaks gRPC, as both of a cluster's ports do."""
    import grpc

    with grpc.insecure_channel(server, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(SECONDS_TO_ANSWER)
        except grpc.FutureTimeoutError:
            return False
    return True


def unreachable(address: str, reason: str) -> UnavailableError:
    return UnavailableError(
        f"the Ray cluster at {address} must answer",
        found=" ".join(reason.split())[:200],
        do="Check --address, and `ray status` on this machine, which must be a node of it; --engine local needs none.",
    )
