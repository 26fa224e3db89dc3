"""The accuracies of stable and canary as they may stand side by side: on the same rows, measured at the same moment.

A version's accuracy in the history is of the test sets of its own night. What a decision of the gate counted is of one
night's rows for both models; `sentiment refresh-tests` scores stable too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sentiment.language import tr
from sentiment.results.decisions import Decision, Judged
from sentiment.results.refreshment import Refreshment
from sentiment.serving.decisions import decisions_file, read_decisions
from sentiment.serving.refreshments import read_refreshments
from sentiment.serving.state import State, Version
from sentiment.settings import Settings
from sentiment.text.taipei import MONTHS, TAIPEI
from sentiment.text.units import points

SETS = ("frozen", "rolling")


@dataclass(frozen=True)
class Measured:
    """An accuracy, and what it is of; `rows` is None where only the history knows of it."""

    accuracy: float
    at: str = ""  # ISO 8601; "" when it is not known
    rows: int | None = None
    same: bool = False  # whether the rows are those of the other label's version
    change: float | None = None  # from stable's, of a canary on the same rows


Figures = Mapping[str, Measured]  # by test set


def figures_of(settings: Settings, state: State) -> dict[int, Figures]:
    """Returns what is shown of stable and canary, by version. Raises: InputError when a record is damaged."""
    return shown(state, read_decisions(decisions_file(settings)), read_refreshments(settings))


def shown(state: State, decisions: Sequence[Decision], refreshments: Sequence[Refreshment] = ()) -> dict[int, Figures]:
    """Returns the figures of both from the newest decision that compared them; without one, each its newest."""
    stable, canary = state.stable, state.canary
    if stable is None or canary is None:
        return {number: newest(state.versions[number], decisions, refreshments) for number in state.labels.values()}
    run = state.versions[canary].run
    both = [one for one in decisions if run and one.run == run and one.stable_version == stable and _compared(one)]
    if both:
        return dict(zip((stable, canary), _side_by_side(both[-1]), strict=True))
    return {number: newest(state.versions[number], decisions, refreshments) for number in (stable, canary)}


def published(version: Version) -> dict[str, Measured]:
    """Returns what the history says: each accuracy is of the rows of the night in which the version was made."""
    found = {name: version.metrics.get(name) for name in SETS}
    known = {name: value for name, value in found.items() if value is not None and 0 <= value <= 1}
    return {name: Measured(value, version.published_at) for name, value in known.items()}


def newest(
    version: Version, decisions: Iterable[Decision], refreshments: Iterable[Refreshment] = ()
) -> dict[str, Measured]:
    """Returns the newest measurement of a version on each set; that of its publication where there is no newer one."""
    found = published(version)
    for one in decisions:
        for name, judged in one.sets.items():
            right = _right(one, judged, version)
            if right is not None and judged.rows:
                found[name] = Measured(right / judged.rows, one.at, judged.rows)
    for refreshed in refreshments:
        for score in refreshed.scores:
            if score.version == version.number and _is_newer(refreshed.at, found.get("frozen")):
                found["frozen"] = Measured(score.frozen, refreshed.at, refreshed.frozen.rows)
    return found


def told(measured: Measured) -> str:
    """Returns the figure with what it is of: `0.815 (+2.2 points) on the same 450 rows, 27 Nov 2026`."""
    figure, at = f"{measured.accuracy:.3f}", day(measured.at)
    if measured.change is not None:
        figure = tr("{accuracy} ({change} points)", accuracy=figure, change=points(measured.change))
    if measured.rows is None:
        figure = tr("{accuracy} when published", accuracy=figure)
    elif measured.same:
        figure = tr("{accuracy} on the same {rows:,} rows", accuracy=figure, rows=measured.rows)
    else:
        figure = tr("{accuracy} on {rows:,} rows", accuracy=figure, rows=measured.rows)
    return tr("{accuracy}, {day}", accuracy=figure, day=at) if at else figure


def day(at: str) -> str:
    """Returns the day of an ISO time in Taipei, `27 Nov 2026`; "" for anything else."""
    try:
        time = datetime.fromisoformat(at)
        time = time.astimezone(TAIPEI) if time.tzinfo else time
    except (ValueError, OverflowError):
        return ""
    return tr("{day} {month} {year}", day=time.day, month=tr(MONTHS[time.month - 1]), year=time.year)


def _compared(decision: Decision) -> bool:
    return any(judged.rows and judged.stable_right is not None for judged in decision.sets.values())


def _side_by_side(decision: Decision) -> tuple[dict[str, Measured], dict[str, Measured]]:
    stable, canary = {}, {}
    for name, judged in decision.sets.items():
        if judged.rows and judged.stable_right is not None:
            was, now = judged.stable_right / judged.rows, judged.candidate_right / judged.rows
            stable[name] = Measured(was, decision.at, judged.rows, same=True)
            canary[name] = Measured(now, decision.at, judged.rows, same=True, change=now - was)
    return stable, canary


def _right(decision: Decision, judged: Judged, version: Version) -> int | None:
    """Returns how many rows the version has right, if it was one of the two that were decided about."""
    if decision.stable_version == version.number:
        return judged.stable_right
    return judged.candidate_right if version.run and decision.run == version.run else None


def _is_newer(at: str, than: Measured | None) -> bool:
    return than is None or than.rows is None or at > than.at
