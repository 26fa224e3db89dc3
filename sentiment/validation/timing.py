"""Measures how long answers take, by signature, batch size and length."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict

import numpy as np

from sentiment.results.validation import Latency
from sentiment.validation.questions import Shape

REQUESTS = 20  # per shape, one after the other; with so few the 99th percentile is the slowest
SECONDS = 1.0  # per shape, at most, so that a large model takes minutes and not hours
FEWEST = 5  # requests, however long they take


def measure(shape: Shape, send: Callable[[], object]) -> Latency:
    """Times `send`, which sends one request of that shape, after a first one that does not count."""
    send()
    taken: list[float] = []
    while len(taken) < FEWEST or (len(taken) < REQUESTS and sum(taken) < SECONDS):
        taken.append(seconds_of(send))
    p50, p95, p99 = (round(float(value) * 1000, 3) for value in np.percentile(taken, [50, 95, 99]))
    return Latency(**asdict(shape), requests=len(taken), p50_ms=p50, p95_ms=p95, p99_ms=p99)


def seconds_of(send: Callable[[], object]) -> float:
    """Returns how long one call takes."""
    begin = time.perf_counter()
    send()
    return time.perf_counter() - begin


def slowest_of_one(latencies: Iterable[Latency]) -> Latency:
    """Returns the latency of a single post with the slowest 95th percentile."""
    return max((latency for latency in latencies if latency.batch == 1), key=lambda latency: latency.p95_ms)
