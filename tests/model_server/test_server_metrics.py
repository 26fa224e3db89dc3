"""The page that Prometheus reads: who answered what, how long it took, and never more series than versions."""

from __future__ import annotations

import re
import urllib.request
from typing import Any

import grpc
import pytest

COUNT, LATENCY = ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency"
OWN_COUNT, OWN_LATENCY = "sentiment_requests_total", "sentiment_request_seconds"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is a new one, so that a test sees what it has just done."""
    monkeypatch.setattr("sentiment.model_server.metrics.SECONDS_OF_A_PAGE", 0.0)


def page_of(client: Any, path: str = "/metrics") -> str:
    with urllib.request.urlopen(client.server.rest_url + path, timeout=20) as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        return str(response.read().decode())


def samples(page: str, name: str) -> dict[frozenset[str], float]:
    """Returns labels, as `name="value"`, → value."""
    found = re.findall(rf"^{re.escape(name)}\{{(.*)\}} (\S+)$", page, re.MULTILINE)
    return {frozenset(labels.split(",")): float(value) for labels, value in found}


def value(page: str, name: str, **labels: str) -> float:
    wanted = {f'{key}="{text}"' for key, text in labels.items()}
    return sum(number for given, number in samples(page, name).items() if wanted <= given)


def test_answers_are_counted_by_version_label_and_entrance(client: Any) -> None:
    client.ask("好", where="/labels/stable")
    client.ask("好", where="/labels/stable")
    client.predict({"text": ["好"]}, "text")
    page = page_of(client)
    stable = {"model_name": "sentiment", "version": "1", "label": "stable", "status": "OK", "entrypoint": "REST"}
    assert value(page, OWN_COUNT, **stable) == 2
    assert value(page, OWN_COUNT, label="", version="1", entrypoint="GRPC", status="OK") == 1
    assert value(page, f"{OWN_LATENCY}_count", label="stable") == 2
    assert 0 < value(page, f"{OWN_LATENCY}_sum", label="stable") < 20
    assert value(page, "sentiment_requests_in_flight") == 0
    assert value(page, "sentiment_version_state", version="1") == 30
    assert value(page, "sentiment_version_load_seconds", version="1") > 0
    assert "process_resident_memory_bytes" in page


def test_the_real_server_s_series_have_its_labels_and_no_others(client: Any) -> None:
    client.ask("好", where="/labels/stable")
    client.predict({"text": ["好"]}, "text")
    assert client.http("/v1/models/sentiment/versions/1")[0] == 200
    assert client.http("/v1/models/sentiment:predict", b"{}")[0] == 400
    assert client.http("/v1/models/sentiment:predict?x=1", b"{}")[0] == 400
    page = page_of(client)
    assert samples(page, COUNT) == {
        frozenset({'model_name="sentiment"', 'status="OK"'}): 3,
        frozenset({'model_name="sentiment"', 'status="INVALID_ARGUMENT"'}): 1,
        frozenset({'model_name=""', 'status="INVALID_ARGUMENT"'}): 1,
    }
    assert samples(page, f"{LATENCY}_count") == {
        frozenset({'model_name="sentiment"', f'API="{api}"', f'entrypoint="{port}"'}): 1
        for api, port in (("predict", "REST"), ("Predict", "GRPC"), ("", "REST"))
    }
    assert 0 < value(page, f"{LATENCY}_sum", API="predict") < 20e6


def test_what_a_request_claims_makes_no_series(client: Any) -> None:
    client.http("/v1/models/sentiment:predict", {"signature_name": "text", "instances": [1]})
    before = len(page_of(client).splitlines())
    for number in range(20):
        client.http(f"/v1/models/model{number}:predict", {"instances": [1]})
        client.http(f"/v1/models/model{number}")
        client.http(f"/v1/models/sentiment/versions/{number + 5}:predict", {"instances": [1]})
        client.http(f"/v1/models/sentiment/labels/label{number}:predict", {"instances": [1]})
        client.http("/v1/models/sentiment:predict", {"signature_name": f"signature{number}", "instances": [1]})
        with pytest.raises(grpc.RpcError):
            client.predict({"text": ["好"]}, f"signature{number}", model=f"model{number}")
    after = page_of(client)
    assert not re.search("(model|label|signature)1", after)
    assert len(after.splitlines()) - before < 150, "two entrances and a few statuses, nothing by name"
    assert value(after, OWN_COUNT, model_name="", status="NOT_FOUND", entrypoint="REST") == 40
    assert value(after, COUNT, model_name="", status="NOT_FOUND") == 60, "of models that were never configured"
    assert value(after, COUNT, model_name="sentiment", status="NOT_FOUND") == 20


def test_the_series_of_a_version_end_with_it(site: Any, client: Any) -> None:
    site.add(2)
    site.configure(1, 2, stable=1)
    client.wait_until(2, "AVAILABLE")
    client.ask("好", where="/versions/2")
    assert value(page_of(client), OWN_COUNT, version="2") == 1
    site.add(3)
    site.configure(1, 3, stable=1)
    client.wait_until(3, "AVAILABLE")
    client.wait_until(2, "END")
    client.ask("好", where="/versions/3")
    page = page_of(client)
    assert 'version="2"' not in page
    assert value(page, OWN_COUNT, version="3") == 1


def test_the_page_is_also_where_the_monitoring_configuration_wants_it(site: Any, start: Any) -> None:
    client = start(site, metrics_path="/monitoring/prometheus/metrics")
    assert "sentiment_version_state" in page_of(client, "/monitoring/prometheus/metrics")
