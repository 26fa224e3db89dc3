"""The canary on trial, as of now: how long it has answered well, and what the last probes found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sentiment.language import marked, recorded, tr
from sentiment.models_page.wording import NONE, count, milliseconds, share, text, when
from sentiment.probe.decision import good_minutes, of_last_term
from sentiment.probe.standing import reasons_told, trial_told
from sentiment.probe.traffic import traffic
from sentiment.results.probe import Probe, Server, Side
from sentiment.settings import Settings
from sentiment.text.units import percent

MOST_PROBES = 5
OUTCOMES = {"good": marked("good"), "bad": marked("bad"), "unreachable": marked("unreachable")}


@dataclass(frozen=True)
class Row:
    """One probe on one server. Accuracies and times are the canary's and, after a slash, stable's."""

    at: str
    outcome: str
    told: str  # the outcome, as a reader is told it
    server: str
    accuracy: str
    p95: str
    failed: str
    why: str


@dataclass(frozen=True)
class Trial:
    """How far the trial is, in whole minutes, and the last probes, newest first."""

    sentence: str
    minutes: int
    wanted: float
    rows: list[Row]
    traffic: str = ""  # which share the canary has, where a server counts it


def trial(version: int, probes: Sequence[Probe], settings: Settings, now: datetime | None = None) -> Trial:
    """Returns the trial of `version` as the canary; `probes` are all that are known, oldest first."""
    wanted, about = settings.canary_bake_minutes, [probe for probe in probes if probe.canary == version]
    term = of_last_term(probes, version)
    minutes = int(min(good_minutes(term), wanted))
    sentence = text(trial_told(minutes, wanted, about[-1].at if about else None, now))
    last = [probe for probe in about if about and probe.since == about[-1].since][-MOST_PROBES:]
    rows = [row for probe in reversed(last) for row in _rows(probe)]
    return Trial(sentence, minutes, wanted, rows, _traffic([one for one in about if one.term == about[-1].term]))


def _traffic(probes: Sequence[Probe]) -> str:
    found = traffic(probes)
    if found is None:
        return ""
    return tr(
        "Of {requests:,} requests that the model servers counted since {time}, the canary answered {share}; the "
        "system's own checks are among them, but not the probes.",
        requests=found.requests,
        time=when(found.since),
        share=percent(found.share),
    )


def _rows(probe: Probe) -> Iterator[Row]:
    why = text(reasons_told(probe.reasons), 400)
    for address, server in probe.servers.items():
        yield _row(probe, text(address), server, why)


def _row(probe: Probe, address: str, server: Server, why: str) -> Row:
    at, told = when(probe.at), tr(OUTCOMES[probe.outcome])
    if server.unreachable:
        return Row(at, probe.outcome, told, address, NONE, NONE, NONE, text(recorded(server.unreachable), 200))
    canary, stable = server.canary or None, server.stable or None
    failed = tr("{failed} of {asked}", failed=count(canary.errors), asked=count(server.asked)) if canary else NONE
    return Row(
        at,
        probe.outcome,
        told,
        address,
        _both(share(_of(canary, "accuracy")), share(_of(stable, "accuracy"))),
        _both(milliseconds(_of(canary, "p95_ms")), milliseconds(_of(stable, "p95_ms"))),
        failed,
        why,
    )


def _of(side: Side | None, figure: str) -> object:
    return getattr(side, figure) if side else None


def _both(canary: str, stable: str) -> str:
    return f"{canary} / {stable}"
