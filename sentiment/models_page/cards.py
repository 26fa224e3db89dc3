"""Stable and canary side by side: one card each, with the same lines in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.gate.rows import label_name
from sentiment.models_page.history import why_of
from sentiment.models_page.ledger import Event, Ledger
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


def card(label: str, ledger: Ledger, settings: Settings, probes: Sequence[Mapping[str, Any]], notices: Notices) -> Card:
    """Returns the card of the version that has `label`, `stable` or `canary`; there must be one."""
    version = ledger.state.versions[ledger.state.labels[label]]
    files = RunFiles(settings, version, notices)
    made = event_that_labelled(label, version.number, ledger.events)
    name = f"The recall of version {version.number}"
    return Card(
        label,
        version.number,
        when(made.get("at")),
        text(made.get("who"), 80),
        why_of(made),
        text(version.run),
        [*figures_of(version), *serving_figures(files.read("validate"), notices, version.number)],
        notices.guarded(name, lambda: recalls(files.read("gate"))) or [],
        notices.guarded(f"The probe of version {version.number}", lambda: last_probe(label, version.number, probes))
        or [],
    )


def event_that_labelled(label: str, version: int, events: Sequence[Event]) -> Event:
    """Returns the event that gave `version` the label it has; {} when there is none."""
    verbs = ("promoted", "rolled_back") if label == "stable" else ("canary",)
    for event in reversed(events):
        if event.get("event") in verbs and event.get("version") == version:
            return event
        before = event.get("from")
        had_it = isinstance(before, Mapping) and before.get(label) == version
        if event.get("event") == "adopted" and event.get(label) == version and not had_it:
            return event
    return {}


def figures_of(version: Version) -> list[Line]:
    """Returns what the history itself says about a version."""
    return [
        ("Accuracy, frozen set", share(version.metrics.get("frozen"))),
        ("Accuracy, rolling set", share(version.metrics.get("rolling"))),
        ("Trained on", f"{count(version.data.get('rows'))} rows"),
        ("Size", megabytes(version.size)),
    ]


def serving_figures(validation: Mapping[str, Any] | None, notices: Notices, number: int) -> list[Line]:
    """Returns what `validate` measured: the slowest 95th percentile for one post, peak memory, time to load."""

    if validation is None:
        return []

    def read() -> list[Line]:
        times = [
            found["p95_ms"] for found in validation["latency"] if found["batch"] == 1 and is_number(found["p95_ms"])
        ]
        seconds = validation.get("load_seconds")
        return [
            ("One post takes (p95)", milliseconds(max(times, default=None))),
            ("Memory", megabytes(validation.get("peak_memory_bytes"))),
            ("Loads in", f"{seconds:.1f} s" if is_number(seconds) else NONE),
        ]

    return notices.guarded(f"The measurements of version {number}", read) or []


def recalls(gate: Mapping[str, Any] | None) -> list[Line]:
    """Returns recall by class on the frozen set."""
    found = gate["sets"]["frozen"]["candidate_recall"] if gate else []
    return [(text(label_name(gate or {}, label), 40), share(value)) for label, value in enumerate(found)]


def last_probe(label: str, version: int, probes: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Returns the newest probe of `version` with that label, one line for each server; [] when there was none."""
    found = next((probe for probe in reversed(probes) if probe.get(label) == version), None)
    if found is None:
        return []
    lines = [("Last probe", f"{when(found['at'])}: {text(found['outcome'], 40)}")]
    return lines + [(text(address), _probed(server, label)) for address, server in found["servers"].items()]


def _probed(server: Mapping[str, Any], label: str) -> str:
    if server.get("unreachable"):
        return f"unreachable: {text(server['unreachable'], 200)}"
    side = server[label]
    if side is None:
        return NONE
    return (
        f"accuracy {share(side['accuracy'])}, p95 {milliseconds(side['p95_ms'])}, "
        f"{count(side['errors'])} of {count(server['asked'])} failed"
    )
