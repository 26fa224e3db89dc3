"""Stops asking a failing canary for a while, so that its share of the requests does not wait for every failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row; then lets one request per `seconds` through, until one succeeds."""

    def __init__(self, failures: int = 5, seconds: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._seconds, self._clock = failures, seconds, clock
        self._failures, self._shut_until = 0, 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Tells whether this request may be tried."""
        with self._lock:
            if self._failures < self._limit:
                return True
            now = self._clock()
            if now < self._shut_until:
                return False
            self._shut_until = now + self._seconds  # the next caller waits for this one's outcome
            return True

    def note(self, *, went_well: bool) -> None:
        """Counts how an allowed request ended."""
        with self._lock:
            self._failures = 0 if went_well else self._failures + 1
            if self._failures == self._limit:
                self._shut_until = self._clock() + self._seconds
