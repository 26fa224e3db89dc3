"""The figures of a load test add up, whatever was measured."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.bench.load.figures import Case, Measured, figures, percentile, ratios


def outcome(latencies: list[float], elapsed: float, failed: int = 0) -> Measured:
    errors = {"UNAVAILABLE: full": failed} if failed else {}
    found = {"latencies": latencies, "elapsed": elapsed, "bytes": 1_000_000, "errors": errors, "processor": 0.1}
    return Measured.of_outcome(found, server_processor=0.5, peak_bytes=1 << 20)


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 50.0), (0.9, 90.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0), (0.001, 1.0)]
)
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(1, 101)], share) == value


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert {percentile([7.0], share) for share in (0.0, 0.5, 0.99, 1.0)} == {7.0}


@given(st.lists(st.floats(1e-4, 10.0), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_at_least_the_share_is_as_quick_as_its_percentile_says(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


@given(
    st.lists(
        st.tuples(st.lists(st.floats(1e-3, 2.0), min_size=1, max_size=40), st.floats(0.01, 60.0), st.integers(0, 40)),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 64),
)
def test_what_is_reported_is_what_was_asked(rounds: list[tuple[list[float], float, int]], rows: int) -> None:
    measured = [outcome(latencies, elapsed, min(failed, len(latencies))) for latencies, elapsed, failed in rounds]
    found = figures(measured, rows)
    requests = sum(len(latencies) for latencies, _, _ in rounds)
    assert found["okay"] + found["failed"] == requests
    assert found["rate"] * found["elapsed"] == pytest.approx(found["okay"])
    assert found["rows_per_second"] == pytest.approx(found["rate"] * rows)
    assert found["throughput"] * found["elapsed"] == pytest.approx(found["megabytes"])
    assert found["response"] * requests == pytest.approx(sum(sum(latencies) for latencies, _, _ in rounds))
    assert found["concurrent"] * found["elapsed"] == pytest.approx(sum(sum(latencies) for latencies, _, _ in rounds))
    assert found["p50"] <= found["p90"] <= found["p95"] <= found["p99"] <= found["max"]
    assert found["max"] == pytest.approx(1000 * max(max(latencies) for latencies, _, _ in rounds))
    assert found["server_processor"] == pytest.approx(0.5 * len(rounds))


def test_percentiles_are_those_of_all_rounds_together_not_a_mean_of_theirs() -> None:
    found = figures([outcome([0.001] * 99, 1.0), outcome([1.0], 1.0)], 1)
    assert (found["p50"], found["p99"], found["max"]) == (1.0, 1.0, 1000.0)


def test_a_server_that_was_not_started_here_has_no_processor_and_no_memory() -> None:
    one = {"latencies": [0.1], "elapsed": 0.1, "bytes": 10, "errors": {}, "processor": 0.0}
    found = figures([Measured.of_outcome(one)], 1)
    assert (found["server_processor"], found["peak_bytes"]) == (None, None)


REPORT = {
    **{"answered": 100.0, "okay": 50.0, "failed": 0.0, "elapsed": 0.34, "megabytes": 0.01, "response": 0.01},
    **{"rate": 294.12, "throughput": 0.03, "concurrent": 1.82, "longest": 0.02},
}


def test_what_siege_calls_neither_successful_nor_failed_has_failed() -> None:
    measured = Measured.of_siege(REPORT, 100)
    assert (measured.okay, measured.failed, measured.complaint(100)) == (50, 50, "")
    found = figures([measured], 1)
    assert found["rate"] == pytest.approx(50 / 0.34), "not siege's own rate, which counts answers that are errors"
    assert [found[name] for name in ("p50", "p99", "max")] == [None, None, 20.0]


@pytest.mark.parametrize(
    ("measured", "asked", "complaint"),
    [
        (outcome([0.1] * 10, 1.0, 3), 10, ""),
        (outcome([0.1] * 9, 1.0), 10, "OKAY 9 and Failed 0 do not add up to 10 requests"),
        (
            Measured.of_siege({**REPORT, "answered": 60.0}, 100),
            100,
            "OKAY 50 and Failed 10 do not add up to 100 requests",
        ),
        (Measured.of_siege({**REPORT, "elapsed": 0.0}, 100), 100, "an elapsed time of 0 s"),
    ],
)
def test_figures_that_do_not_add_up_are_refused(measured: Measured, asked: int, complaint: str) -> None:
    assert measured.complaint(asked) == complaint


def test_ratios_are_taken_within_a_round_against_the_first_server_asked_alike() -> None:
    chance = random.Random(1)
    busy = [chance.uniform(1, 20) for _ in range(5)]  # how slow the machine was in each round
    plain = [outcome([0.1] * 10, 1.0 * slow) for slow in busy]
    quick = [outcome([0.1] * 10, 0.5 * slow) for slow in busy]
    cases = {Case("plain", "grpc", 2): plain, Case("quick", "grpc", 2): quick, Case("quick", "rest", 2): quick}
    (found,) = ratios(cases)
    assert (found["case"].target, found["to"].target, found["rounds"]) == ("quick", "plain", 5)
    assert [found[name] for name in ("ratio", "lowest", "highest")] == pytest.approx([2.0, 2.0, 2.0])
