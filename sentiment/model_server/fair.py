"""Shares what is scarce between clients: one that asks for much waits, and the others do not wait for it.

Standard library only; every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from sentiment.model_server.refusal import Code, Refusal

SECONDS_BETWEEN_LOOKS = 1.0  # at whether a waiting client is still there
MOST_REMEMBERED = 1024  # clients without a waiting request
Path = tuple[str, ...]  # a client, and its connection: the outer level is shared first


@dataclass(frozen=True)
class Caller:
    """Who asks: `path` is (address, connection); `until` is of time.monotonic, None: for ever."""

    path: Path = ("", "")
    is_there: Callable[[], bool] = lambda: True
    until: float | None = None

    @property
    def client(self) -> str:
        return self.path[0]

    def require(self) -> None:
        """Raises: Refusal when nobody wants the answer any more."""
        if self.until is not None and time.monotonic() >= self.until:
            raise Refusal(Code.DEADLINE_EXCEEDED, "Timed out before the answer was there")
        if not self.is_there():
            raise Refusal(Code.CANCELLED, "The client has left")


class Share:
    """An amount that clients hold parts of. A client may hold as much as is left for others: alone, half of it all."""

    def __init__(self, total: int) -> None:
        self._free, self._held = total, dict[str, int]()
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

    @property
    def free(self) -> int:
        return self._free


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


@dataclass
class _Ticket:
    client: str
    cost: float
    let_in: threading.Event = field(default_factory=threading.Event)
    given_up: bool = False


class Turnstile:
    """Lets requests of up to `capacity` in all inside at once, in a fair order; a larger one is let in alone.

    With `shared`, one client may have as much inside as is left for others: alone, half of it all. Needed where what is
    inside waits for something else, since otherwise one client could fill it, and the next free place is far away.
    """

    def __init__(self, capacity: float, *, shared: bool = False) -> None:
        self._capacity, self._inside, self._shared = capacity, 0.0, shared
        self._inside_of: dict[str, float] = {}  # by client
        self._queue = FairQueue()
        self._lock = threading.Lock()

    def enter(self, caller: Caller, cost: float = 1.0) -> _Inside:
        """Returns a context that waits for its turn, and is inside as long as it lasts. Raises: as `wait` does."""
        return _Inside(self, caller, cost)

    def wait(self, caller: Caller, cost: float = 1.0) -> None:
        """Waits until it is the caller's turn, who then is inside until `leave` is called with the same cost.

        Raises: Refusal when the caller has left, or its time is up, before it is its turn.
        """
        with self._lock:
            if not self._queue and self._fits(cost) and self._may(caller.client, cost):
                self._count(caller.client, cost)
                return
            ticket = _Ticket(caller.client, cost)
            self._queue.push(caller.path, cost, ticket)
            self._let_in()  # what waits may be of clients that have enough inside
        try:
            while not ticket.let_in.wait(self._patience(caller)):
                caller.require()
            caller.require()
        except BaseException:
            self._give_up(ticket)
            raise

    def leave(self, caller: Caller, cost: float = 1.0) -> None:
        """Makes room for others."""
        with self._lock:
            self._count(caller.client, -cost)
            if self._queue:
                self._let_in()

    def _patience(self, caller: Caller) -> float:
        left = SECONDS_BETWEEN_LOOKS if caller.until is None else caller.until - time.monotonic()
        return max(0.0, min(left, SECONDS_BETWEEN_LOOKS))

    def _give_up(self, ticket: _Ticket) -> None:
        with self._lock:
            ticket.given_up = True
            if ticket.let_in.is_set():
                self._count(ticket.client, -ticket.cost)
            self._let_in()

    def _count(self, client: str, cost: float) -> None:
        self._inside += cost
        if self._shared:
            left = self._inside_of.pop(client, 0.0) + cost
            if left > 0:
                self._inside_of[client] = left

    def _fits(self, cost: float) -> bool:
        return self._inside <= 0 or self._inside + cost <= self._capacity

    def _may(self, client: str, cost: float) -> bool:
        left = self._capacity - self._inside - cost
        return not self._shared or self._inside <= 0 or self._inside_of.get(client, 0.0) + cost <= left

    def _let_in(self) -> None:
        have_enough: set[str] = set()
        while found := self._queue.peek(have_enough):
            cost, ticket = found
            if ticket.given_up:
                self._queue.pop(have_enough)
            elif not self._fits(cost):
                return
            elif not self._may(ticket.client, cost):
                have_enough.add(ticket.client)
            else:
                self._queue.pop(have_enough)
                self._count(ticket.client, cost)
                ticket.let_in.set()


class _Inside:
    __slots__ = ("_caller", "_cost", "_turnstile")

    def __init__(self, turnstile: Turnstile, caller: Caller, cost: float) -> None:
        self._turnstile, self._caller, self._cost = turnstile, caller, cost

    def __enter__(self) -> None:
        self._turnstile.wait(self._caller, self._cost)

    def __exit__(self, *_: object) -> None:
        self._turnstile.leave(self._caller, self._cost)
