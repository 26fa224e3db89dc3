"""The deliveries that are retracted, and the versions that may have learned from them while they counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from sentiment.data.retracted_deliveries import glanced
from sentiment.data.selection import seen_by
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.models_page.notices import Notices
from sentiment.models_page.refusals import refusal
from sentiment.models_page.wording import text, when
from sentiment.results.model_card import TrainedOn
from sentiment.serving.retractions import Retraction
from sentiment.serving.state import State
from sentiment.settings import Settings

SHOWN = 10  # the last ones


@dataclass(frozen=True)
class Row:
    """One retracted delivery; `versions` are numbers, each with its label or ""."""

    delivery: int
    file: str
    at: str
    who: str
    why: str
    versions: list[tuple[int, str]]


@dataclass(frozen=True)
class Retractions:
    """The last retractions, the newest first, and how many more there are."""

    rows: list[Row] = field(default_factory=list)
    more: int = 0


def retractions(settings: Settings, state: State, notices: Notices) -> Retractions:
    """Returns what is retracted; nothing, and adds a notice, when the ledger does not tell."""
    try:
        changes, names = glanced(settings.posts_database)
    except (sqlite3.Error, OSError, InputError) as error:
        why = refusal(error) if isinstance(error, InputError) else str(error)
        notices.add(tr("Which deliveries are retracted is not known: {why}", why=why))
        return Retractions()
    newest = {change.delivery: change for change in changes}
    found = sorted((one for one in newest.values() if not one.undone), key=lambda one: -one.number)
    data = {number: version.data for number, version in state.versions.items()}
    labels = {number: label for label, number in state.labels.items()}
    rows = [
        Row(
            one.delivery,
            text(names.get(one.delivery, ""), 200),
            when(one.at),
            text(one.who, 80),
            text(one.reason),
            [(number, labels.get(number, "")) for number in learned(data, changes, one.delivery)],
        )
        for one in found[:SHOWN]
    ]
    return Retractions(rows, max(0, len(found) - SHOWN))


def learned(data: Mapping[int, TrainedOn], changes: list[Retraction], delivery: int) -> list[int]:
    """Returns the versions whose training may have had rows of a delivery, or began from one that may.

    `data` is what the versions were trained on; `changes` are the retractions and their undoing, oldest first. It
    follows from the numbers of deliveries alone: which rows were drawn, `sentiment retract` told when it counted them.
    """
    of_it = [change for change in changes if change.delivery == delivery]
    found: list[int] = []
    for number in sorted(data):  # a version only ever starts from an earlier one
        if _took(data[number], of_it, delivery) or data[number].ancestor in found:
            found.append(number)
    return found


def _took(data: TrainedOn, changes: list[Retraction], delivery: int) -> bool:
    """Tells whether a training reached a delivery at a time when it counted."""
    slices = seen_by(data)
    last = max((item.last for item in slices), default=0)
    before = [change for change in changes if change.number <= last]
    return any(item.first <= delivery <= item.last for item in slices) and (not before or before[-1].undone)
