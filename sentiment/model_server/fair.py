"""Who asks, and how much of what is scarce a client may hold.

Standard library only; every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from sentiment.model_server.refusal import Code, Refusal

Path = tuple[str, ...]  # a client, and its connection: the outer level is shared first


MAPPED = "::ffff:"  # what an address of IPv4 begins with where a socket is of IPv6


def client_at(peer: str) -> str:
    """Returns the address in a name that gRPC gives a connection (`ipv4:127.0.0.1:4242`), as REST writes it."""
    _, _, place = peer.partition(":")
    host = unquote(place.rpartition(":")[0]).strip("[]")
    return host.removeprefix(MAPPED) or peer


@dataclass(frozen=True)
class Caller:
    """Who asks: `path` is (address, connection); `until` is of time.monotonic, None: for ever."""

    path: Path = ("", "")
    is_there: Callable[[], bool] = lambda: True
    until: float | None = None

    @property
    def client(self) -> str:
        return self.path[0]

    def is_gone(self) -> bool:
        """Tells whether nobody wants the answer any more."""
        return not self.is_there() or (self.until is not None and time.monotonic() >= self.until)

    def require(self) -> None:
        """Raises: Refusal when nobody wants the answer any more."""
        if self.until is not None and time.monotonic() >= self.until:
            raise Refusal(Code.DEADLINE_EXCEEDED, "Timed out before the answer was there")
        if not self.is_there():
            raise Refusal(Code.CANCELLED, "The client has left")


class Share:
    """An amount that clients hold parts of. A client may hold as much as is left for others: alone, half of it all."""

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, client: str, amount: int = 1) -> bool:
        """Takes an amount for a client, if it may have so much."""
        with self._lock:
            held = self._held.get(client, 0) + amount
            free = self._free - amount
            if free < 0 or held > free:
                return False
            self._held[client], self._free = held, free
            return True

    def give_back(self, client: str, amount: int = 1) -> None:
        with self._lock:
            self._free += amount
            left = self._held.pop(client) - amount
            if left:
                self._held[client] = left

    def resize(self, total: int) -> None:
        """Makes it another amount; of a smaller one there is nothing to take until enough was given back."""
        with self._lock:
            self._free += total - self._total
            self._total = total

    @property
    def free(self) -> int:
        return self._free
