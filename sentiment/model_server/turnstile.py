"""Lets requests in, in a fair order, as long as what is inside fits."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from sentiment.model_server.fair import Caller
from sentiment.model_server.fair_queue import FairQueue

SECONDS_BETWEEN_LOOKS = 1.0  # at whether a waiting client is still there


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

    What is inside for a caller that has left is waited for as for any other, but `passed` of them at a time, who count
    no longer once somebody waits.
    """

    def __init__(self, capacity: float, *, shared: bool = False, passed: int = 0) -> None:
        self._capacity, self._inside, self._shared = capacity, 0.0, shared
        self._may_pass, self._passed = passed, set[_Inside]()
        self._present: set[_Inside] = set()  # those inside who could be passed
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
                self._pass_by()
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

    def _pass_by(self) -> None:
        with self._lock:
            for one in list(self._present):
                if len(self._passed) < self._may_pass and one.caller.is_gone():
                    self._present.remove(one)
                    self._passed.add(one)
                    self._count(one.caller.client, -one.cost)
            self._let_in()

    def _came(self, one: _Inside) -> None:
        if self._may_pass:
            with self._lock:
                self._present.add(one)

    def _left(self, one: _Inside) -> None:
        if self._may_pass:
            with self._lock:
                if one in self._passed:
                    self._passed.remove(one)
                    return
                self._present.discard(one)
        self.leave(one.caller, one.cost)

    @property
    def waiting(self) -> bool:
        """Whether anybody waits."""
        return bool(self._queue)

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
            elif self._fits(cost) and self._may(ticket.client, cost):
                self._queue.pop(have_enough)
                self._count(ticket.client, cost)
                ticket.let_in.set()
            elif self._inside_of.get(ticket.client):
                have_enough.add(ticket.client)  # until something of its own leaves
            else:
                return  # nobody goes before it while what it needs becomes free


class _Inside:
    __slots__ = ("_turnstile", "caller", "cost")

    def __init__(self, turnstile: Turnstile, caller: Caller, cost: float) -> None:
        self._turnstile, self.caller, self.cost = turnstile, caller, cost

    def __enter__(self) -> None:
        self._turnstile.wait(self.caller, self.cost)
        self._turnstile._came(self)

    def __exit__(self, *_: object) -> None:
        self._turnstile._left(self)
