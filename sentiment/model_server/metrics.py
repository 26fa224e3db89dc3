"""Metrics for Prometheus: under the real server's names where it has them, with the extra labels `version` and `label`.

What a request merely claims never becomes a label: model, version and label are those that answered, or empty when
nothing did. So what is served limits the number of series.
Source of names, units and buckets: `servables/tensorflow/util.cc`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sentiment.model_server.core import Core
from sentiment.model_server.policy import State
from sentiment.model_server.refusal import Code, refusal_of

PATH = "/metrics"
SECONDS_OF_A_PAGE = 1.0
PREFIX = ":tensorflow:serving:"
BUCKETS = [10 * 1.8**power for power in range(32)]  # microseconds, to some twenty minutes
WHO = ("model_name", "version", "label")


@dataclass
class Answered:
    """Who answers a request; filled in when that is known."""

    model: str = ""
    version: int | None = None
    label: str | None = None

    def values(self) -> tuple[str, str, str]:
        return self.model, "" if self.version is None else str(self.version), self.label or ""


class Metrics:
    """One server's metrics, in their own registry."""

    def __init__(self, core: Core[Any]) -> None:
        self._registry = CollectorRegistry()
        # It is a gauge, because prometheus_client would rename a counter to …_total, unlike the real server.
        self._count = Gauge(
            f"{PREFIX}request_count", "Predict requests.", [*WHO, "status", "entrypoint"], registry=self._registry
        )
        self._latency = Histogram(
            f"{PREFIX}request_latency",
            "Microseconds that a Predict request took.",
            [*WHO, "API", "entrypoint"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._in_flight = Gauge(
            "sentiment_requests_in_flight", "Requests running or waiting.", ["entrypoint"], registry=self._registry
        )
        self._core = core
        self._seen: set[tuple[str, str]] = set()  # (model, version) that have series
        self._lock, self._rendering = threading.Lock(), threading.Lock()
        self._page: tuple[float, bytes] | None = None  # and when it was made
        self._registry.register(_VersionMetrics(core))
        ProcessCollector(registry=self._registry)

    @contextmanager
    def predict(self, entrypoint: str) -> Iterator[Answered]:
        """Measures a Predict request; `entrypoint` is GRPC or REST."""
        answered, status, began = Answered(), Code.OK, time.monotonic()
        with self.in_flight(entrypoint):
            try:
                yield answered
            except Exception as error:
                status = refusal_of(error).code
                raise
            finally:
                self._record(answered, status, entrypoint, time.monotonic() - began)

    @contextmanager
    def in_flight(self, entrypoint: str) -> Iterator[None]:
        """Counts requests that run or wait."""
        with self._in_flight.labels(entrypoint).track_inprogress():
            yield

    def not_begun(self, code: Code, entrypoint: str) -> None:
        """Counts a request that was refused before anybody looked at it, or that was given up."""
        self._count.labels(*Answered().values(), code.name, entrypoint).inc()

    def _record(self, answered: Answered, status: Code, entrypoint: str, seconds: float) -> None:
        who = answered.values()
        if who[:2] not in self._seen:
            self._drop_the_gone(who[:2])
        self._count.labels(*who, status.name, entrypoint).inc()
        self._latency.labels(*who, "Predict", entrypoint).observe(seconds * 1e6)

    def _drop_the_gone(self, newcomer: tuple[str, str]) -> None:
        """Ends the series of versions that are no longer served: otherwise their number would grow every night."""
        served = {(name, str(version)) for name, versions in self._core.available().items() for version in versions}
        with self._lock:
            for name, version in self._seen - served - {("", "")}:
                for metric in (self._count, self._latency):
                    metric.remove_by_labels({"model_name": name, "version": version})
            self._seen = (self._seen & served) | {newcomer}

    def page(self) -> bytes:
        """Returns the page, at most a second old: it takes milliseconds, and a client may ask often."""
        with self._rendering:
            if self._page is None or time.monotonic() - self._page[0] >= SECONDS_OF_A_PAGE:
                self._page = (time.monotonic(), self.render())
            return self._page[1]

    def render(self) -> bytes:
        """Returns the page that Prometheus reads."""
        return generate_latest(self._registry)


class _VersionMetrics(Collector):
    """The state and the load time of every present version, read on demand."""

    def __init__(self, core: Core[Any]) -> None:
        self._core = core

    def collect(self) -> Iterable[Metric]:
        state = GaugeMetricFamily(
            "sentiment_version_state",
            "10 start, 20 loading, 30 available, 40 unloading; 50: could not be loaded.",
            labels=["model_name", "version"],
        )
        seconds = GaugeMetricFamily(
            "sentiment_version_load_seconds",
            "Seconds that loading and warming up took.",
            labels=["model_name", "version"],
        )
        for name, versions in self._core.all_states().items():
            for version, entry in versions.items():
                if entry.state is not State.END or entry.gave_up:
                    state.add_metric([name, str(version)], entry.state.value)
                if entry.state is State.AVAILABLE:
                    seconds.add_metric([name, str(version)], entry.load_seconds)
        return [state, seconds]
