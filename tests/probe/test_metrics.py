"""serving/metrics/*.prom after real probes of a real server, read by prometheus_client's parser."""

from __future__ import annotations

import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.toy_stand import Stand

from sentiment.errors import UnavailableError
from sentiment.probe.metrics import metrics_folder
from sentiment.probe.probe import probe, probing
from sentiment.probe.verify import verify
from sentiment.probe.watch import watch

Figures = dict[str, dict[tuple[tuple[str, str], ...], float]]


def figures(stand: Stand, name: str) -> Figures:
    """Returns the figures of a file: name → labels, without the server → value. Fails when the format is not right."""
    found: Figures = {}
    for family in text_string_to_metric_families((metrics_folder(stand.settings) / name).read_text(encoding="utf-8")):
        assert family.documentation.endswith(".") and family.type == "gauge" and family.name.startswith("sentiment_")
        for sample in family.samples:
            labels = tuple(sorted((key, said) for key, said in sample.labels.items() if key != "server"))
            assert labels not in found.setdefault(sample.name, {})
            found[sample.name][labels] = sample.value
    return found


def who(label: str, version: int, **more: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"label": label, "version": str(version), **more}.items()))


def only(figure: dict[Any, float]) -> float:
    [value] = figure.values()
    return value


def test_a_probe_leaves_its_figures_by_label_and_version(stand: Stand) -> None:
    stand.canary(2, "wrong")
    with probing(stand.settings):
        probe(stand.settings)
    found = figures(stand, "probe.prom")
    stable, canary = who("stable", 1), who("canary", 2)
    assert found["sentiment_probe_answers"] == {stable: 24, canary: 24}
    assert found["sentiment_probe_errors"] == {stable: 0, canary: 0}
    assert found["sentiment_probe_accuracy_ratio"][stable] == 1 > found["sentiment_probe_accuracy_ratio"][canary]
    assert only(found["sentiment_probe_disagreement_ratio"]) == pytest.approx(8 / 24)
    times = found["sentiment_probe_latency_seconds"]
    quantiles = [times[who("canary", 2, quantile=quantile)] for quantile in ("0.5", "0.95", "0.99")]
    assert 0 < quantiles[0] <= quantiles[1] <= quantiles[2] < 5
    assert time.time() - 60 < only(found["sentiment_probe_timestamp_seconds"]) <= time.time()
    assert only(found["sentiment_canary_bad"]) == only(found["sentiment_canary_bad_probes"]) == 1
    assert only(found["sentiment_canary_baked"]) == only(found["sentiment_canary_good_seconds"]) == 0
    assert only(found["sentiment_probe_judged"]) == 1


def test_a_canary_that_is_gone_leaves_no_figures(stand: Stand) -> None:
    stand.environment["SENTIMENT_CANARY_BAD_PROBES"] = "1"
    stand.canary(2, "wrong")
    assert watch(stand.settings).withdrawn
    assert figures(stand, "probe.prom") == {}
    stand.canary(3, "good")
    assert watch(stand.settings).healthy
    assert set(figures(stand, "probe.prom")["sentiment_canary_bad"]) == {(("version", "3"),)}
    stand.promote(3)
    verify(stand.settings)
    assert figures(stand, "probe.prom") == {}


def test_verify_says_what_every_server_serves_and_when_it_looked(stand: Stand) -> None:
    stand.canary(2, "good")
    verify(stand.settings)
    found = figures(stand, "served.prom")
    assert time.time() - 60 < only(found["sentiment_verify_timestamp_seconds"]) <= time.time()
    labels = {(("label", "stable"),): 1.0, (("label", "canary"),): 2.0}
    assert found["sentiment_history_label_version"] == found["sentiment_server_label_version"] == labels
    assert found["sentiment_server_version_available"] == {(("version", "1"),): 1, (("version", "2"),): 1}
    assert only(found["sentiment_server_reached"]) == only(found["sentiment_server_agrees"]) == 1


def test_a_server_that_is_gone_neither_agrees_nor_differs(stand: Stand) -> None:
    stand.canary(2, "good")
    stand.server.server.stop()
    with pytest.raises(UnavailableError):
        watch(stand.settings)
    served, probed = figures(stand, "served.prom"), figures(stand, "probe.prom")
    assert only(served["sentiment_server_reached"]) == 0 and "sentiment_server_agrees" not in served
    assert only(probed["sentiment_probe_judged"]) == only(probed["sentiment_canary_bad"]) == 0


def test_a_folder_that_cannot_be_written_is_said_and_stops_nobody(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics_folder(stand.settings).write_text("somebody's file")
    assert verify(stand.settings).agrees
    assert f"{metrics_folder(stand.settings) / 'served.prom'} could not be written: " in capsys.readouterr().err
