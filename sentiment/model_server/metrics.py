"""Metrics for Prometheus: the real server's, and beside them, as `sentiment_…`, what it does not tell.

`request_count` and `request_latency` have the real server's names, labels, units and buckets, so that a dashboard shows
both servers: REST's API is in small letters, and empty for a GET; latency is that of answers that succeeded.
Which version and label answered is told by this server's own series.
What a request merely claims never becomes a label: a model is one that is or was configured, version and label are
those that answered, or empty. So what is served limits the number of series.
Sources: `servables/tensorflow/util.cc`, `http_server.cc:ProcessRequest`, `prediction_service_impl.cc:Predict`.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
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
    """What a request asks for, and who answers it; filled in when that is known."""

    entrypoint: str
    api: str = ""
    asked: str = ""  # the model that it names, which need not exist
    answers: tuple[str, str, str] = ("", "", "")  # WHO
    began: float = field(default_factory=time.monotonic)

    def by(self, version: int, label: str | None) -> None:
        """Notes who answers; the model that was asked for exists."""
        self.answers = (self.asked, str(version), label or "")


class Metrics:
    """One server's metrics, in their own registry."""

    def __init__(self, core: Core[Any]) -> None:
        self._registry = CollectorRegistry()
        # It is a gauge, because prometheus_client would rename a counter to …_total, unlike the real server.
        self._count = Gauge(f"{PREFIX}request_count", "Requests.", ["model_name", "status"], registry=self._registry)
        self._latency = Histogram(
            f"{PREFIX}request_latency",
            "Microseconds that a request took which succeeded.",
            ["model_name", "API", "entrypoint"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._own_count = Counter(
            "sentiment_requests", "Predict requests.", [*WHO, "status", "entrypoint"], registry=self._registry
        )
        self._own_latency = Histogram(
            "sentiment_request_seconds",
            "Seconds that a Predict request took which succeeded.",
            [*WHO, "entrypoint"],
            buckets=[bound / 1e6 for bound in BUCKETS],
            registry=self._registry,
        )
        self._in_flight = Gauge(
            "sentiment_requests_in_flight", "Requests running or waiting.", ["entrypoint"], registry=self._registry
        )
        # Of the real server's series none ever ends, so each is looked up once.
        self._count_of, self._latency_of = functools.cache(self._count.labels), functools.cache(self._latency.labels)
        self._core = core
        self._seen: set[tuple[str, str]] = set()  # (model, version) that have series
        self._lock, self._rendering = threading.Lock(), threading.Lock()
        self._page: tuple[float, bytes] | None = None  # and when it was made
        self._registry.register(_VersionMetrics(core))
        ProcessCollector(registry=self._registry)

    @contextmanager
    def request(self, entrypoint: str, api: str = "") -> Iterator[Answered]:
        """Counts a request, and measures it when it succeeds; `entrypoint` is GRPC or REST."""
        answered = Answered(entrypoint, api)
        try:
            yield answered
        except Exception as error:
            self._record(answered, refusal_of(error).code)
            raise
        self._record(answered, Code.OK)

    @contextmanager
    def in_flight(self, entrypoint: str) -> Iterator[None]:
        """Counts requests that run or wait."""
        with self._in_flight.labels(entrypoint).track_inprogress():
            yield

    def not_begun(self, code: Code, entrypoint: str) -> None:
        """Counts a request that was refused before anybody looked at it."""
        self._record(Answered(entrypoint, "predict"), code)

    def _record(self, answered: Answered, status: Code) -> None:
        entrypoint, who, seconds = answered.entrypoint, answered.answers, time.monotonic() - answered.began
        model = answered.asked if status is Code.OK else self._known(answered)
        self._count_of(model, status.name).inc()
        if status is Code.OK:
            self._latency_of(model, answered.api, entrypoint).observe(seconds * 1e6)
        if answered.api.lower() == "predict":
            if who[:2] not in self._seen:
                self._drop_the_gone(who[:2])
            self._own_count.labels(*who, status.name, entrypoint).inc()
            if status is Code.OK:
                self._own_latency.labels(*who, entrypoint).observe(seconds)

    def _known(self, answered: Answered) -> str:
        """Returns the model that was asked for, if it is or was ever configured."""
        if answered.answers[0] or not answered.asked:
            return answered.answers[0]
        return answered.asked if answered.asked in self._core.all_states() else ""

    def _drop_the_gone(self, newcomer: tuple[str, str]) -> None:
        """Ends the series of versions that are no longer served: otherwise their number would grow every night."""
        served = {(name, str(version)) for name, versions in self._core.available().items() for version in versions}
        with self._lock:
            for name, version in self._seen - served - {("", "")}:
                for metric in (self._own_count, self._own_latency):
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
