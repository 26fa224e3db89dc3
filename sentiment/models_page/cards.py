"""Stable and canary side by side: one card each, with the same lines in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.errors import InputError
from sentiment.gate import same_rows
from sentiment.gate.rows import label_name
from sentiment.gate.same_rows import Figures, told
from sentiment.language import marked, tr
from sentiment.models_page.costs import Known, side_by_side
from sentiment.models_page.history import who_of, why_of
from sentiment.models_page.last_probe import last_probe
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import RunFiles
from sentiment.models_page.wording import (
    NONE,
    Line,
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
from sentiment.results.probe import Probe
from sentiment.results.validation import EMBEDDED, Validation
from sentiment.serving.state import Version
from sentiment.settings import Settings

ACCURACIES = {"frozen": marked("Accuracy, frozen set"), "rolling": marked("Accuracy, rolling set")}


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

    @property
    def told(self) -> str:
        """Since when it has the label, by whom, and why."""
        if self.who and self.why:
            return tr("Since {at}, by {who}: “{why}”", at=self.since, who=self.who, why=self.why)
        if self.why:
            return tr("Since {at}: “{why}”", at=self.since, why=self.why)
        return tr("Since {at}, by {who}", at=self.since, who=self.who) if self.who else tr("Since {at}", at=self.since)


def card(
    label: str,
    ledger: Ledger,
    settings: Settings,
    probes: Sequence[Probe],
    measured: Figures,
    costs: Sequence[Line],
    notices: Notices,
) -> Card:
    """Returns the card of the version that has `label`, `stable` or `canary`; there must be one.

    `measured` are its accuracies as they may stand beside the other label's, `costs` what it costs.
    """
    version = ledger.state.versions[ledger.state.labels[label]]
    files = RunFiles(settings, version, notices)
    made = event_that_labelled(label, version.number, ledger.events)
    return Card(
        label,
        version.number,
        when(made.at if made else None),
        who_of(made) if made else "",
        why_of(made) if made else "",
        text(version.run),
        [*figures_of(version, measured), *costs, *serving_figures(files.read(Validation))],
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


def measured_of(ledger: Ledger, settings: Settings) -> dict[int, Figures]:
    """Returns the accuracies of stable and canary, by version; as they were published when no newer one is known."""
    try:
        return same_rows.figures_of(settings, ledger.state)
    except InputError:  # which is a notice already: the wear of the frozen set follows from the same files
        return {number: same_rows.published(ledger.state.versions[number]) for number in ledger.state.labels.values()}


def costs_of(ledger: Ledger, settings: Settings, notices: Notices) -> dict[int, list[Line]]:
    """Returns what stable and canary cost, by version: of the same step, where the canary was compared with stable."""
    versions = [ledger.state.versions[number] for number in ledger.state.labels.values()]
    known = [Known(one.number, RunFiles(settings, one, notices).read(Gate)) for one in versions]
    return dict(zip(ledger.state.labels.values(), side_by_side(known), strict=True))


def figures_of(version: Version, measured: Figures) -> list[Line]:
    """Returns its accuracies, each with what it is of, and what the history says about a version."""
    accuracies = {name: told(one) for name, one in measured.items()}
    return [
        *((tr(ACCURACIES[name]), accuracies.get(name, NONE)) for name in same_rows.SETS),
        (tr("Trained on"), tr("{rows} rows", rows=count(version.data.rows))),
        (tr("Size"), megabytes(version.size)),
    ]


def serving_figures(validation: Validation | None) -> list[Line]:
    """Returns what `validate` measured: the slowest 95th percentile for one post, memory, time to load; and how."""
    if validation is None:
        return []
    times = [found.p95_ms for found in validation.latency if found.batch == 1 and is_number(found.p95_ms)]
    seconds = validation.load_seconds
    return [
        (tr("One post takes (p95)"), milliseconds(max(times, default=None))),
        (tr("Memory"), megabytes(validation.peak_memory_bytes)),
        (tr("Loads in"), tr("{seconds} s", seconds=f"{seconds:.1f}") if is_number(seconds) else NONE),
        (tr("Times and memory"), _measured_how(validation)),
    ]


def _measured_how(validation: Validation) -> str:
    at = when(validation.at) if validation.at else ""
    if validation.server == EMBEDDED:
        if not at:
            return tr(
                "measured by validate, before publication: alone in the embedded server, one request after the other"
            )
        return tr("measured by validate on {at}: alone in the embedded server, one request after the other", at=at)
    if not at:
        return tr("measured by validate, before publication: alone in TensorFlow Serving, one request after the other")
    return tr("measured by validate on {at}: alone in TensorFlow Serving, one request after the other", at=at)


def recalls(gate: Gate | None) -> list[Line]:
    """Returns recall by class on the frozen set."""
    if gate is None:
        return []
    found = enumerate(gate.sets.frozen.candidate_recall)
    return [(text(label_name(gate, label), 40), share(value)) for label, value in found]
