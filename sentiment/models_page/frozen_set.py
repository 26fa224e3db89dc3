"""The frozen test set on the first page: how worn it is, and where it was replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sentiment.errors import InputError
from sentiment.gate.wear import told, wear_of
from sentiment.language import tr
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.refusals import refusal
from sentiment.models_page.wording import count, labelled, share, text, when
from sentiment.results.refreshment import Refreshment, Rescored
from sentiment.serving.refreshments import read_refreshments
from sentiment.settings import Settings

SHOWN = 10  # newest refreshments


@dataclass(frozen=True)
class Refreshed:
    """One refreshment as a row; `step` is what the same models score on the set before and on the new one."""

    at: str
    who: str
    rows: str
    decided: str
    step: list[str]


@dataclass(frozen=True)
class FrozenSet:
    """`wear` is a sentence, "" before the first decision; `breaks` are versions after which the set was replaced."""

    wear: str = ""
    refreshed: list[Refreshed] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)


def frozen_set(ledger: Ledger, settings: Settings, notices: Notices) -> FrozenSet:
    """Returns what the page says of the frozen set; what cannot be read is a notice."""
    try:
        done = read_refreshments(settings)
        wear = told(wear_of(settings, ledger.events), settings.gate_wear)
    except InputError as error:
        told_why = refusal(error).replace(f"{settings.home}/", "")
        notices.add(tr("The wear of the frozen test set is not known: {refusal}", refusal=told_why))
        return FrozenSet()
    return FrozenSet(text(wear), [_row(one) for one in done[: -SHOWN - 1 : -1]], [one.newest_version for one in done])


def _row(one: Refreshment) -> Refreshed:
    worn = one.worn
    return Refreshed(
        when(one.at),
        text(one.who, 80),
        tr("{rows}, {old} of them old", rows=count(one.frozen.rows), old=count(one.overlap)),
        tr(
            "{decisions} decisions, {promotions} promotions",
            decisions=count(worn.decisions),
            promotions=count(worn.promotions),
        ),
        _steps(one.scores),
    )


def _steps(scores: Sequence[Rescored]) -> list[str]:
    return [
        f"{labelled(text(score.role, 20))} {score.version}: {share(score.retired)} → {share(score.frozen)}"
        for score in scores
    ]
