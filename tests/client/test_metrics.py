"""What clients count, read by prometheus_client's own parser, and through its registry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sentiment.client import ClientError, ClientMetrics, SentimentClient
from sentiment.client.metrics import BUCKETS, MOST

NEUTRAL = "請問在哪裡"


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Returns the figures: name and the values of its labels, in the order of their names → value."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(sample.name, *(said for _, said in sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def test_requests_texts_and_times_are_counted_by_label_and_version(standing_both: Any) -> None:
    metrics = ClientMetrics()
    for address in (standing_both.server.rest_url, f"grpc://{standing_both.server.grpc_address}"):
        with SentimentClient(address, canary_share=1, batch=2, metrics=metrics) as client:
            client.classify([NEUTRAL] * 3)
            client.canary_share = 0
            client.classify([NEUTRAL])
    found = figures(metrics.text())
    for label, version, requests, texts in (("stable", "1", 1, 1), ("canary", "2", 2, 3)):
        for known in ("", version):  # REST's answers do not name it
            assert found["sentiment_client_requests_total", label, "answered", known] == requests
            assert found["sentiment_client_texts_total", label, known] == texts
            assert found["sentiment_client_request_seconds_count", label, known] == requests
            assert 0 < found["sentiment_client_request_seconds_sum", label, known] < 10
            assert found["sentiment_client_request_seconds_bucket", label, "+Inf", known] == requests
    assert "failed" not in metrics.text()


def test_a_canary_that_fails_is_counted_and_then_left_out(odd: Callable[..., Any], odd_answers: dict[str, Any]) -> None:
    good, bad = odd_answers["says"](odd_answers["good"]()), odd_answers["says"](b"{}", "404 Not Found")
    server = odd(lambda request, to: (bad if b"/labels/canary:" in request else good)(request, to))
    with SentimentClient(server.address, canary_share=1) as client:
        for _ in range(7):
            assert client.classify([NEUTRAL])[0].fell_back
    found = figures(client.metrics.text())
    assert found["sentiment_client_requests_total", "canary", "failed", ""] == 5
    assert found["sentiment_client_requests_total", "canary", "left out", ""] == 2
    assert found["sentiment_client_requests_total", "stable", "answered", ""] == 7


def test_an_error_of_the_caller_is_counted_as_stables() -> None:
    with SentimentClient("http://127.0.0.1:9", tries=1) as client, pytest.raises(ClientError):
        client.classify([NEUTRAL])
    assert figures(client.metrics.text()) == {("sentiment_client_requests_total", "stable", "failed", ""): 1}


def test_a_registry_tells_the_same_as_the_text() -> None:
    metrics, registry = ClientMetrics(), CollectorRegistry(auto_describe=True)
    registry.register(metrics)
    for seconds in (0.001, BUCKETS[3], 99.0):
        metrics.answered("stable", 7, 2, seconds)
    metrics.unanswered("canary", "failed")
    found = figures(metrics.text())
    assert figures(generate_latest(registry).decode()) == found
    buckets = [found["sentiment_client_request_seconds_bucket", "stable", f"{bound:g}", "7"] for bound in BUCKETS]
    assert buckets == [1, 1, 1, *[2] * (len(BUCKETS) - 3)]


def test_a_client_that_lives_for_years_forgets_the_oldest_versions() -> None:
    metrics = ClientMetrics()
    for version in range(100):
        metrics.answered("stable", version, 1, 0.01)
    found = figures(metrics.text())
    versions = {int(key[-1]) for key in found if key[0] == "sentiment_client_texts_total"}
    assert versions == set(range(100 - MOST, 100))


def test_who_does_not_register_needs_no_prometheus_client() -> None:
    program = "import sys; from sentiment.client import ClientMetrics as Counts; "
    program += "print(Counts().text() == '', 'prometheus_client' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "False"]
