"""The answers over gRPC that are not out yet: they count as their client's, and those that nobody takes are ended.

gRPC keeps what it cannot send: an answer for which the client opens no window, a refusal for which its socket has no
room. A call ends for gRPC when the operating system has taken all of its answer.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from sentiment.model_server.admission import Admission
from sentiment.model_server.fair import Share

SECONDS_FOR_ANSWER = 30.0  # that a client has to take one
MOST_SMALL = 4096  # refusals and health checks; one client may have half of them: some 16 MB


class Unsent:
    """The answers of one gRPC port. Every method may be called from any thread."""

    def __init__(self, admission: Admission) -> None:
        self._admission, self._small = admission, Share(MOST_SMALL)
        self._since: dict[Any, float] = {}  # calls whose answer is not out → since when
        self._lock = threading.Lock()

    def hold(self, context: Any, client: str, size: int) -> None:
        """Counts an answer of `size` bytes until it is out. Raises: Refusal when the client has too much."""
        counted = self._admission.take_answer(client, size)
        self._watch(context, functools.partial(self._admission.give_back, client, counted))

    def hold_small(self, context: Any, client: str) -> None:
        """Counts a small answer, one of those that need no place; a client that has too many gets none."""
        if self._small.take(client):
            self._watch(context, functools.partial(self._small.give_back, client))
        else:
            context.cancel()

    def _watch(self, context: Any, give_back: Callable[[], None]) -> None:
        with self._lock:
            self._since[context] = time.monotonic()

        def out() -> None:
            with self._lock:
                self._since.pop(context, None)
            give_back()

        if not context.add_callback(out):
            out()

    def end_late(self) -> None:
        """Ends the calls whose answer nobody takes."""
        begun = time.monotonic() - SECONDS_FOR_ANSWER
        with self._lock:
            late = [context for context, since in self._since.items() if since < begun]
        for context in late:
            context.cancel()

    def __len__(self) -> int:
        return len(self._since)


class Twice:
    """Does something when it is called the second time: when a call's thread is done, and its answer is out."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action, self._first = action, threading.Lock()

    def __call__(self) -> None:
        if not self._first.acquire(blocking=False):
            self._action()
