"""What clients count for Prometheus: requests, texts and response times, by label and version.

TensorFlow Serving's own metrics name neither. The client opens no port: the program that uses it hands these out, with
the rest of its own metrics or as text.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from sentiment.text.exposition import Family, number, rendered

if TYPE_CHECKING:
    from prometheus_client import Metric

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
MOST = 16  # labels with a version: a client that lives for years meets a new version every night


class _Who(NamedTuple):
    label: str
    version: str  # "" over REST, whose answer does not name it


class _Answered:
    """The answered requests of one label and version."""

    def __init__(self) -> None:
        self.texts, self.seconds, self.by_bucket = 0, 0.0, [0] * (len(BUCKETS) + 1)


class ClientMetrics:
    """Counts for one client, or for several that were given the same. Safe to share between threads.

    Where prometheus_client is installed, register it there: `prometheus_client.REGISTRY.register(metrics)`.
    """

    def __init__(self) -> None:
        self._answered: dict[_Who, _Answered] = {}
        self._unanswered: Counter[tuple[str, str]] = Counter()  # (label, outcome)
        self._lock = threading.Lock()

    def answered(self, label: str, version: int | None, texts: int, seconds: float) -> None:
        """Counts a request that `label` answered after `seconds`, with every try."""
        who = _Who(label, "" if version is None else str(version))
        with self._lock:
            if who not in self._answered and len(self._answered) >= MOST:
                del self._answered[next(iter(self._answered))]
            counts = self._answered.setdefault(who, _Answered())
            counts.texts += texts
            counts.seconds += seconds
            counts.by_bucket[bisect_left(BUCKETS, seconds)] += 1

    def unanswered(self, label: str, outcome: str) -> None:
        """Counts a request that `label` did not answer: it `failed`, or was `left out` as it had failed too often."""
        with self._lock:
            self._unanswered[label, outcome] += 1

    def text(self) -> str:
        """Returns the figures as the text that Prometheus reads."""
        return rendered(self._families())

    def collect(self) -> Iterator[Metric]:
        """Yields the figures to prometheus_client, which calls this."""
        from prometheus_client import Metric  # only who calls this has it

        for family in self._families():
            metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
            for sample in family.samples:
                metric.add_sample(*sample)
            yield metric

    def _families(self) -> list[Family]:
        requests = Family("sentiment_client_requests_total", "counter", "Requests, by what became of them.")
        texts = Family("sentiment_client_texts_total", "counter", "Texts that were answered.")
        seconds = Family("sentiment_client_request_seconds", "histogram", "Seconds to an answer, with every try.")
        with self._lock:
            for who, counts in self._answered.items():
                requests.add(sum(counts.by_bucket), **who._asdict(), outcome="answered")
                texts.add(counts.texts, **who._asdict())
                _histogram(seconds, who, counts)
            for (label, outcome), count in sorted(self._unanswered.items()):
                requests.add(count, label=label, version="", outcome=outcome)
        return [requests, texts, seconds]


def _histogram(family: Family, who: _Who, counts: _Answered) -> None:
    so_far = 0
    for bound, count in zip((*BUCKETS, float("inf")), counts.by_bucket, strict=True):
        so_far += count
        family.add(so_far, suffix="_bucket", **who._asdict(), le=number(bound))
    family.add(counts.seconds, suffix="_sum", **who._asdict())
    family.add(so_far, suffix="_count", **who._asdict())
