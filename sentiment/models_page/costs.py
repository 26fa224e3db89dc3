"""What versions cost, side by side only where they were timed in the same step; otherwise each with its own moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sentiment.language import tr
from sentiment.models_page.wording import NONE, Line, text
from sentiment.results.cost import Costs, ModelCost
from sentiment.results.decision import Gate
from sentiment.results.evaluation import Evaluation
from sentiment.text.costs import machine_told, millions, took
from sentiment.text.taipei import taipei_moment


class Known(NamedTuple):
    """A version, and its own run's evaluation, or the decision on it; None where there is none."""

    version: int
    found: Evaluation | Gate | None


class Measured(NamedTuple):
    """What a version costs, and in which measurement that was found; `together`: so was the other version's."""

    cost: ModelCost
    by: Costs
    together: bool = False


def measured(one: Known, two: Known) -> tuple[Measured | None, Measured | None]:
    """Returns what each of two versions costs, from the same step where there is one."""
    if both := _beside(two, one):
        return both[1], both[0]
    return _beside(one, two) or (_own(one), _own(two))


def side_by_side(known: Sequence[Known]) -> list[list[Line]]:
    """Returns the lines of each of one or two versions, (name, value), with the same names; none where none is known.

    For anything but two versions, each is told by itself.
    """
    found = measured(*known) if len(known) == 2 else [_own(one) for one in known]
    return [_lines(one) for one in found] if any(found) else [[] for _ in found]


def _lines(found: Measured | None) -> list[Line]:
    names = (tr("Parameters"), tr("One post, in batches"))
    values = (millions(found.cost.parameters), _told(found)) if found else (NONE, NONE)
    return list(zip(names, values, strict=True))


def _beside(candidate: Known, stable: Known) -> tuple[Measured, Measured] | None:
    """Returns both from the candidate's evaluation; None when it was not made beside that stable version."""
    found = candidate.found
    if found is None or found.costs is None or found.costs.stable is None or found.stable_version != stable.version:
        return None
    costs, other = found.costs, found.costs.stable
    return Measured(costs.candidate, costs, together=True), Measured(other, costs, together=True)


def _own(one: Known) -> Measured | None:
    costs = one.found.costs if one.found else None
    return Measured(costs.candidate, costs) if costs else None


def _told(found: Measured) -> str:
    if found.cost.pace is None:
        return NONE
    parts = {
        "took": took(found.cost.pace),
        "moment": text(taipei_moment(found.by.at), 40),
        "machine": text(machine_told(found.by.machine), 120),
    }
    if found.together:
        return tr("{took}, both versions in turn, {moment}; {machine}", **parts)
    return tr("{took}, {moment}; {machine}", **parts)
