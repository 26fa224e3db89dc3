"""The figures of a load test: the older tool's and percentiles, over all requests. Pure functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Case:
    """One row of the table: a server, the client that asks it, and the number of requests at a time."""

    target: str
    client: str
    concurrency: int

    def __str__(self) -> str:
        return f"{self.target}, {self.client} × {self.concurrency}"


@dataclass(frozen=True)
class Measured:
    """One case in one round. Times are seconds; `megabytes` (10⁶) counts answers; `latencies` covers all requests.

    siege keeps no single response times: for siege, `latencies` is empty, and `response` and `longest` are its own.
    """

    requests: int
    okay: int
    failed: int
    elapsed: float
    megabytes: float
    response: float
    concurrent: float
    longest: float
    latencies: Sequence[float] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    server_processor: float | None = None  # None for a server that the load test did not start
    load_processor: float | None = None
    peak_bytes: int | None = None

    @classmethod
    def of_outcome(cls, outcome: Mapping[str, Any], **server: Any) -> Measured:
        """Returns the measurement of our own load (`load.Outcome`, as JSON)."""
        latencies, elapsed = outcome["latencies"], outcome["elapsed"]
        failed = sum(outcome["errors"].values())
        return cls(
            requests=len(latencies),
            okay=len(latencies) - failed,
            failed=failed,
            elapsed=elapsed,
            megabytes=outcome["bytes"] / 1e6,
            response=sum(latencies) / len(latencies),
            concurrent=sum(latencies) / elapsed,
            longest=max(latencies),
            latencies=latencies,
            errors=outcome["errors"],
            load_processor=outcome["processor"],
            **server,
        )

    @classmethod
    def of_siege(cls, report: Mapping[str, float], requests: int, **server: Any) -> Measured:
        """Returns the measurement that siege reported about `requests` requests."""
        okay = int(report["okay"])
        failed = int(report["answered"] + report["failed"]) - okay
        return cls(
            requests=requests,
            okay=okay,
            failed=failed,
            elapsed=report["elapsed"],
            megabytes=report["megabytes"],
            response=report["response"],
            concurrent=report["concurrent"],
            longest=report["longest"],
            errors={"siege does not say why": failed} if failed else {},
            **server,
        )

    def complaint(self, asked: int) -> str:
        """Returns why these figures cannot be right; "" when they can."""
        if self.okay + self.failed != asked:
            return f"OKAY {self.okay:,} and Failed {self.failed:,} do not add up to {asked:,} requests"
        if self.elapsed <= 0:
            return f"an elapsed time of {self.elapsed:g} s"
        if self.latencies and len(self.latencies) != asked:
            return f"{len(self.latencies):,} response times for {asked:,} requests"
        return ""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Returns the smallest value that at least `share` of the values do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def figures(rounds: Sequence[Measured], rows: int) -> dict[str, Any]:
    """Returns the figures of a case over its rounds, with `rows` posts per request. Percentiles are in ms."""
    elapsed, requests = sum(one.elapsed for one in rounds), sum(one.requests for one in rounds)
    okay = sum(one.okay for one in rounds)
    latencies = sorted(latency for one in rounds for latency in one.latencies)
    errors: Counter[str] = Counter()
    for one in rounds:
        errors.update(one.errors)
    return {
        "elapsed": elapsed,
        "megabytes": sum(one.megabytes for one in rounds),
        "response": sum(one.response * one.requests for one in rounds) / requests,
        "rate": okay / elapsed,
        "throughput": sum(one.megabytes for one in rounds) / elapsed,
        "concurrent": sum(one.concurrent * one.elapsed for one in rounds) / elapsed,
        "okay": okay,
        "failed": sum(one.failed for one in rounds),
        **{name: 1000 * percentile(latencies, share) if latencies else None for name, share in PERCENTILES.items()},
        "max": 1000 * max(one.longest for one in rounds),
        "rows_per_second": okay * rows / elapsed,
        "server_processor": _total([one.server_processor for one in rounds]),
        "load_processor": _total([one.load_processor for one in rounds]),
        "peak_bytes": max((one.peak_bytes for one in rounds if one.peak_bytes is not None), default=None),
        "rounds": len(rounds),
        "errors": dict(errors.most_common(3)),
    }


def _total(seconds: Sequence[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return sum(known) if len(known) == len(seconds) else None


def ratios(measured: Mapping[Case, Sequence[Measured]]) -> list[dict[str, Any]]:
    """Returns the speed of each server relative to the first one that was asked in the same way, by round."""
    found = []
    for case, rounds in measured.items():
        first = next(
            other for other in measured if (other.client, other.concurrency) == (case.client, case.concurrency)
        )
        if first == case:
            continue
        pairs = zip(rounds, measured[first], strict=False)  # a round that failed has no partner
        by_round = [(one.okay / one.elapsed) / (other.okay / other.elapsed) for one, other in pairs if other.okay]
        if by_round:
            spread = {"ratio": median(by_round), "lowest": min(by_round), "highest": max(by_round)}
            found.append({"case": case, "to": first, "rounds": len(by_round), **spread})
    return found
