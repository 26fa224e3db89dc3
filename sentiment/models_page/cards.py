"""Stable and canary side by side: one card each, with the same lines in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.gate.rows import label_name
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import RunFiles
from sentiment.models_page.wording import (
    NONE,
    count,
    is_number,
    megabytes,
    milliseconds,
    share,
    text,
    when,
)
from sentiment.results.decision import Gate
from sentiment.results.events import Adopted, AnyEvent, Canary, Promoted, RolledBack
from sentiment.results.probe import Probe, Server
from sentiment.results.validation import Validation
from sentiment.serving.state import Version
from sentiment.settings import Settings

Line = tuple[str, str]


@dataclass(frozen=True)
class Card:
    """What is known about the version with that label; figures are (name, value)."""

    label: str
    version: int
    since: str
    who: str
    why: str
    run: str
    figures: list[Line]
    recalls: list[Line]
    probe: list[Line]


def card(label: str, ledger: Ledger, settings: Settings, probes: Sequence[Probe], notices: Notices) -> Card:
    """Returns the card of the version that has `label`, `stable` or `canary`; there must be one."""
    version = ledger.state.versions[ledger.state.labels[label]]
    files = RunFiles(settings, version, notices)
    made = event_that_labelled(label, version.number, ledger.events)
    return Card(
        label,
        version.number,
        when(made.at if made else None),
        text(made.who, 80) if made else "",
        text(made.told) if made else "",
        text(version.run),
        [*figures_of(version), *serving_figures(files.read(Validation))],
        recalls(files.read(Gate)),
        last_probe(label, version.number, probes),
    )


def event_that_labelled(label: str, version: int, events: Sequence[AnyEvent]) -> AnyEvent | None:
    """Returns the event that gave `version` the label it has; None when there is none."""
    kinds = (Promoted, RolledBack) if label == "stable" else (Canary,)
    for event in reversed(events):
        if isinstance(event, kinds) and event.version == version:
            return event
        if isinstance(event, Adopted):
            before, after = (getattr(labels, label) for labels in (event.from_, event))
            if after == version != before:
                return event
    return None


def figures_of(version: Version) -> list[Line]:
    """Returns what the history itself says about a version."""
    return [
        ("Accuracy, frozen set", share(version.metrics.get("frozen"))),
        ("Accuracy, rolling set", share(version.metrics.get("rolling"))),
        ("Trained on", f"{count(version.data.rows)} rows"),
        ("Size", megabytes(version.size)),
    ]


def serving_figures(validation: Validation | None) -> list[Line]:
    """Returns what `validate` measured: the slowest 95th percentile for one post, peak memory, time to load."""
    if validation is None:
        return []
    times = [found.p95_ms for found in validation.latency if found.batch == 1 and is_number(found.p95_ms)]
    seconds = validation.load_seconds
    return [
        ("One post takes (p95)", milliseconds(max(times, default=None))),
        ("Memory", megabytes(validation.peak_memory_bytes)),
        ("Loads in", f"{seconds:.1f} s" if is_number(seconds) else NONE),
    ]


def recalls(gate: Gate | None) -> list[Line]:
    """Returns recall by class on the frozen set."""
    if gate is None:
        return []
    found = enumerate(gate.sets.frozen.candidate_recall)
    return [(text(label_name(gate, label), 40), share(value)) for label, value in found]


def last_probe(label: str, version: int, probes: Sequence[Probe]) -> list[Line]:
    """Returns the newest probe of `version` with that label, one line for each server; [] when there was none."""
    found = next((probe for probe in reversed(probes) if getattr(probe, label) == version), None)
    if found is None:
        return []
    lines = [("Last probe", f"{when(found.at)}: {found.outcome}")]
    return lines + [(text(address), _probed(server, label)) for address, server in found.servers.items()]


def _probed(server: Server, label: str) -> str:
    if server.unreachable:
        return f"unreachable: {text(server.unreachable, 200)}"
    side = dict(server.sides).get(label)
    if side is None:
        return NONE
    return (
        f"accuracy {share(side.accuracy)}, p95 {milliseconds(side.p95_ms)}, "
        f"{count(side.errors)} of {count(server.asked)} failed"
    )
