"""Which share of the requests the canary answers, as the servers count them.

The embedded server counts by version; TensorFlow Serving does not, so of that nothing is known. A server counts whoever
asks: a probe's own questions are taken off, and those of other checks, a few in five minutes, are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec import UNSET, UnsetType

from sentiment.client.answer import CANARY, STABLE
from sentiment.results.probe import Answered, Probe, Server, Side
from sentiment.serving.servers import metrics_page

COUNTER = "sentiment_requests_total"
_SAMPLE = re.compile(rf"^{COUNTER}{{(.*)}} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Traffic:
    """How many requests both versions answered between a term's probes, and how many of them the canary."""

    requests: int
    canary: int
    since: str  # when a server counted first

    @property
    def share(self) -> float:
        return self.canary / self.requests if self.requests else 0.0


def answered_by(address: str, model: str, labels: Mapping[str, int]) -> Answered | UnsetType:
    """Returns how many requests each labelled version has answered on a server that counts by version."""
    try:
        page = metrics_page(address)
    except OSError:  # the questions that follow say so better
        return UNSET
    if STABLE not in labels or f"# TYPE {COUNTER} " not in page:
        return UNSET
    return Answered(*(_answered(page, model, labels[label]) for label in (STABLE, CANARY)))


def _answered(page: str, model: str, version: int) -> int:
    wanted = {"model_name": model, "version": str(version), "status": "OK"}.items()
    samples = _SAMPLE.findall(page)
    return sum(int(float(value)) for labels, value in samples if wanted <= dict(_LABEL.findall(labels)).items())


def traffic(probes: Sequence[Probe]) -> Traffic | None:
    """Returns the traffic between the probes of one term, oldest first; None where no server counted it twice."""
    found = [
        counts
        for address in {address: None for probe in probes for address in probe.servers}
        for before, now in pairwise(_counted(probes, address))
        if (counts := _between(before, now))
    ]
    if not found:
        return None
    first = next(probe.at for probe in probes if any(server.answered for server in probe.servers.values()))
    return Traffic(sum(map(sum, found)), sum(canary for _, canary in found), first)


def _counted(probes: Sequence[Probe], address: str) -> list[Server]:
    return [probe.servers[address] for probe in probes if address in probe.servers and probe.servers[address].answered]


def _between(before: Server, now: Server) -> tuple[int, int] | None:
    """Returns how many requests stable and canary answered; None when the server began to count anew."""
    if not before.answered or not now.answered:
        return None
    stable = now.answered.stable - before.answered.stable - _own(before.stable)
    canary = now.answered.canary - before.answered.canary - _own(before.canary)
    return (stable, canary) if min(stable, canary) >= 0 else None


def _own(side: Side | UnsetType) -> int:
    """Returns how many of the probe's own questions a label answered."""
    return side.answers + (side.first_ms is not None) if side else 0
