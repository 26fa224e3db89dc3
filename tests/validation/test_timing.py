from __future__ import annotations

import time
from functools import partial

import pytest

from sentiment.validation.questions import Shape
from sentiment.validation.timing import FEWEST, REQUESTS, measure, slowest_of_one


def test_a_fixed_number_of_requests_is_timed_after_one_that_is_not() -> None:
    calls: list[int] = []
    latency = measure(Shape("text", 1, 16), lambda: calls.append(1))
    assert (len(calls), latency.requests) == (REQUESTS + 1, REQUESTS)
    assert 0 <= latency.p50_ms <= latency.p95_ms <= latency.p99_ms


def test_slow_answers_end_it_earlier() -> None:
    latency = measure(Shape("text", 1, 16), lambda: time.sleep(0.25))
    assert latency.requests == FEWEST
    assert latency.p50_ms == pytest.approx(250, rel=0.2)


def test_the_slowest_single_post_counts() -> None:
    fast, slow = (measure(Shape("text", 1, length), partial(time.sleep, length / 1e4)) for length in (10, 200))
    batch = measure(Shape("text", 32, 16), lambda: time.sleep(0.03))
    assert slowest_of_one([fast, slow, batch]) == slow
