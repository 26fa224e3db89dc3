"""How much the REST port holds at once, and for how long; and what one request holds of it."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.model_server.admission import ALL_BYTES, MAX_BYTES, Admission
from sentiment.model_server.fair import Share


@dataclass(frozen=True)
class RestLimits:
    """What the REST port holds at once; a time limit of 0 seconds is none."""

    threads: int = 16
    waiting: int = 256  # requests that wait for a thread
    seconds: float = 30.0  # for a request, from the end of its body
    seconds_for_body: float = 30.0
    seconds_for_answer: float = 30.0  # in which a client must take it
    body_bytes: int = MAX_BYTES
    all_bodies_bytes: int = ALL_BYTES  # of both ports together; one client may hold half

    @property
    def places(self) -> int:
        """How many requests may run or wait; one client may have half of them."""
        return 2 * (self.threads + self.waiting)


class Held:
    """What one request of a client holds: its body, whose bytes count, and its place."""

    __slots__ = ("_admission", "_client", "_has_place", "_places", "_size", "body", "of_thread")

    def __init__(self, admission: Admission, places: Share, client: str) -> None:
        self._admission, self._places, self._client = admission, places, client
        self._size, self._has_place = 0, False
        self.body = bytearray()
        self.of_thread = False  # whether the thread that answers gives it back, and not the event loop

    def take_bytes(self, chunk: bytes) -> bool:
        """Adds to the body, unless the client would hold too much."""
        if not self._admission.take(self._client, len(chunk)):
            return False
        self._size += len(chunk)
        self.body += chunk
        return True

    def take_place(self) -> bool:
        """Takes a place among the requests that run or wait, unless the client has too many."""
        self._has_place = self._places.take(self._client)
        return self._has_place

    def give_back(self) -> None:
        """Gives back all of it."""
        self._admission.give_back(self._client, self._size)
        if self._has_place:
            self._places.give_back(self._client)
