"""What `probe` and `watch` found: how stable and canary answered the same labelled posts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import UNSET, UnsetType

from sentiment.results.record import Count, Record, Share
from sentiment.results.served import Served


class Side(Record, frozen=True):
    """One label's answers. Times are in ms, of answers; without any answer there are none. `error` is the first one."""

    answers: Count
    accuracy: Share | None
    interval: tuple[float, float] | None  # of the accuracy, 95 %: from, to
    errors: Count
    error: str
    first_ms: float | None  # the first answer on a new connection
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Pairs(Record, frozen=True):
    """Counts of the posts that both labels answered."""

    rows: Count
    only_stable_right: Count
    only_canary_right: Count
    disagreements: Count


class Answered(Record, frozen=True):
    """How many requests each version had answered since the server loaded it, whoever asked."""

    stable: Count
    canary: Count


class Server(Record, frozen=True):
    """One server's figures, or why it was not asked. `stable` is left out while no version is stable."""

    unreachable: str | UnsetType = UNSET
    asked: Count | UnsetType = UNSET  # posts
    stable: Side | UnsetType = UNSET
    canary: Side | UnsetType = UNSET
    pairs: Pairs | UnsetType | None = UNSET
    answered: Answered | UnsetType = UNSET  # before the probe's own questions, where the server counts by version

    @property
    def sides(self) -> Iterator[tuple[str, Side]]:
        """The labels that were asked, with their figures."""
        yield from ((label, side) for label, side in (("stable", self.stable), ("canary", self.canary)) if side)


class Term(Record, frozen=True):
    """Which canary there is, since which event (its time), beside which stable version."""

    canary: int
    stable: int | None
    since: str


class Probe(Record, frozen=True, kw_only=True):
    """One line of serving/probes.jsonl; no post is quoted in it."""

    at: str  # ISO 8601, UTC
    canary: int
    stable: int | None
    since: str  # when that version became canary
    outcome: Literal["good", "bad", "unreachable"]
    reasons: list[str]
    set: str  # the test set that the posts are of
    note: str  # about the posts
    seconds: float
    servers: dict[str, Server]  # by address

    @property
    def term(self) -> Term:
        return Term(canary=self.canary, stable=self.stable, since=self.since)


class Example(Record, frozen=True):
    """A post on which the two disagree; labels by id."""

    text: str
    true: int
    stable: int
    canary: int
    confidence: Share  # of the canary in its answer


class Standing(Record, frozen=True):
    """How the canary stands after the probes so far."""

    bad_in_a_row: Count
    good_minutes: float
    baked: bool
    sentence: str


class Probed(Probe, frozen=True, kw_only=True):
    """Printed by `probe`: the probe, what follows from it, and where the two disagree, the worst first."""

    bad_in_a_row: Count
    good_minutes: float
    baked: bool
    sentence: str
    examples: list[Example] | UnsetType = UNSET


class NotProbed(Record, frozen=True):
    """Printed by `probe` when there is no canary."""

    canary: None
    sentence: str


class Watch(Record, frozen=True, kw_only=True):
    """Printed by `watch`; what comes after `probe` is there only when the canary was withdrawn."""

    canary: int | None  # after it
    healthy: bool
    withdrawn: bool
    sentence: str
    probe: Probed | None
    version: int | UnsetType = UNSET  # that was withdrawn
    stable: int | UnsetType | None = UNSET
    why: str | UnsetType = UNSET
    bad_probes: list[Probe] | UnsetType = UNSET  # that decided, the oldest first
    served: Served | UnsetType = UNSET  # whether what answers is what the history says
