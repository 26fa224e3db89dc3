"""Whose request is next: who asks for little does not wait for all of one that asks for much."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Any

from sentiment.model_server.fair import Path

MOST_REMEMBERED = 1024  # clients without a waiting request


class FairQueue:
    """Weighted fair queueing, one level for each part of a path: who has had least of late, for its cost, is next.

    Source: Demers, Keshav, Shenker, "Analysis and simulation of a fair queueing algorithm" (1989).
    """

    def __init__(self) -> None:
        self._clock = 0.0  # what each client that waits has had since the queue was empty
        self._begin: dict[str, float] = {}  # where on the clock a client's next request begins
        self._ended: dict[str, float] = {}  # of clients that wait for nothing at the moment
        self._flows: dict[str, Any] = {}

    def push(self, path: Path, cost: float, item: object) -> None:
        """Adds a request of a client."""
        key, *rest = path
        if key not in self._flows:
            self._flows[key] = FairQueue() if rest else deque()
            self._begin[key] = max(self._clock, self._ended.pop(key, 0.0))
        if rest:
            self._flows[key].push(tuple(rest), cost, item)
        else:
            self._flows[key].append((cost, item))

    def __len__(self) -> int:
        return len(self._flows)

    def peek(self, but: Collection[str] = ()) -> tuple[float, Any] | None:
        """Returns cost and item of the next request of all clients `but` some; None: there is none."""
        if (key := self._next(but)) is None:
            return None
        flow = self._flows[key]
        found: tuple[float, Any] | None = flow.peek() if isinstance(flow, FairQueue) else flow[0]
        return found

    def pop(self, but: Collection[str] = ()) -> tuple[float, Any]:
        """Removes and returns the next request. Raises: IndexError when there is none."""
        if (key := self._next(but)) is None:
            raise IndexError("nobody waits")
        flow = self._flows[key]
        cost, item = flow.pop() if isinstance(flow, FairQueue) else flow.popleft()
        self._clock += cost / len(self._flows)
        self._begin[key] += cost
        if not flow:
            del self._flows[key]
            self._ended[key] = self._begin.pop(key)
            if len(self._ended) > MOST_REMEMBERED:
                self._ended = {name: end for name, end in self._ended.items() if end > self._clock}
        return cost, item

    def _next(self, but: Collection[str]) -> str | None:
        def end(key: str) -> float:
            flow = self._flows[key]
            head: Any = flow.peek() if isinstance(flow, FairQueue) else flow[0]  # a flow is never empty
            return self._begin[key] + float(head[0])

        keys = [key for key in self._flows if key not in but] if but else self._flows
        return next(iter(keys), None) if len(keys) < 2 else min(keys, key=end)
