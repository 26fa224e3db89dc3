"""The first page: stable and canary, accuracy over versions, the newest versions, the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sentiment.estimation.record import estimates_file, read_nights
from sentiment.models_page import experiments
from sentiment.models_page.cards import Card, card, costs_of, measured_of
from sentiment.models_page.estimates import Estimates, estimates
from sentiment.models_page.frozen_set import FrozenSet, frozen_set
from sentiment.models_page.history import Filters, HistoryPage, history_page
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.plot import Plot, accuracy_plot
from sentiment.models_page.refused import Refused, refused_runs
from sentiment.models_page.retracted import Retractions, retractions
from sentiment.models_page.version_page import condition_of, role_of
from sentiment.models_page.wording import count, megabytes, share, when
from sentiment.probe.record import probes_file, read_probes
from sentiment.serving.succession import successors
from sentiment.settings import Settings

LISTED = 10  # newest versions
WIDE, NARROW = (860, 280), (360, 240)  # the same plot for a screen and for a phone, with letters of the same size


@dataclass(frozen=True)
class Listed:
    """One version as a row."""

    number: int
    role: str
    condition: str
    published: str
    frozen: str
    rolling: str
    rows: str
    size: str


@dataclass(frozen=True)
class Overview:
    cards: list[Card]
    missing: list[str]  # labels that no version has
    plots: list[Plot]
    estimates: Estimates | None  # None before the first night with new labelled posts
    versions: list[Listed]
    published: int
    frozen: FrozenSet
    refused: list[Refused]
    retracted: Retractions
    experiments: list[experiments.Listed]
    history: HistoryPage


def overview(ledger: Ledger, settings: Settings, query: Mapping[str, str], notices: Notices) -> Overview:
    """Returns the first page; `query` holds its parameters, which filter the history."""
    state, followed = ledger.state, successors(ledger.events)
    probes = read_probes(probes_file(settings))
    frozen = frozen_set(ledger, settings, notices)
    measured, costs = measured_of(ledger, settings), costs_of(ledger, settings, notices)
    return Overview(
        [
            card(label, ledger, settings, probes, measured[number], costs[number], notices)
            for label, number in state.labels.items()
        ],
        [label for label in ("stable", "canary") if label not in state.labels],
        [plot for plot in (accuracy_plot(state, *size, frozen.breaks) for size in (WIDE, NARROW)) if plot],
        estimates(read_nights(estimates_file(settings)), (WIDE, NARROW)),
        [_listed(ledger, number, followed) for number in sorted(state.versions, reverse=True)[:LISTED]],
        len(state.versions),
        frozen,
        refused_runs(settings, state, notices),
        retractions(settings, state, notices),
        experiments.listed(settings, notices),
        history_page(ledger.events, Filters.asked(query)),
    )


def _listed(ledger: Ledger, number: int, followed: Mapping[int, int]) -> Listed:
    version = ledger.state.versions[number]
    return Listed(
        number,
        role_of(ledger, number),
        condition_of(version, followed),
        when(version.published_at),
        share(version.metrics.get("frozen")),
        share(version.metrics.get("rolling")),
        count(version.data.rows),
        megabytes(version.size),
    )
