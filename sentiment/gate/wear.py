"""How worn the frozen test set is: what was decided on it, and by how much its score of stable is too good for that.

A set stays the same set, in spite of another sha256, when `forget` takes a row out or somebody corrects one: only a
refreshment (`sentiment refresh-tests`) begins a new one. Its rows that chose stable before bring their luck along.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence

from sentiment.gate.luck import NORMAL, Outcome, luck, standard_error
from sentiment.gate.year import YearRule
from sentiment.language import tr, tr_many
from sentiment.results.decisions import Decision
from sentiment.results.events import Adopted, AnyEvent, Promoted, Published, RolledBack
from sentiment.results.refreshment import Refreshment, Worn
from sentiment.serving.decisions import decisions_file, read_decisions
from sentiment.serving.history import read_events
from sentiment.serving.refreshments import read_refreshments
from sentiment.serving.rules import with_stable
from sentiment.settings import Settings

FROZEN = "frozen"


def wear_of(settings: Settings, events: Iterable[AnyEvent] | None = None) -> Worn:
    """Returns the wear of the home's frozen set; `events` are those of the history, where they are known.

    Raises: InputError when a file that it follows from is damaged.
    """
    return worn(
        read_decisions(decisions_file(settings)),
        read_refreshments(settings),
        promoted_runs(read_events(settings.history) if events is None else events),
        YearRule.of(settings.gate_margin, settings.gate_risk, settings.gate_nights).harm,
        settings.gate_minimum_rolling,
    )


def promoted_runs(events: Iterable[AnyEvent]) -> set[str]:
    """Returns the runs whose versions became stable, each after the other; what was rolled back is not among them."""
    runs: dict[int, str] = {}
    stables: tuple[int, ...] = ()
    for event in events:
        if isinstance(event, Published):
            runs[event.version] = event.run
        elif isinstance(event, Promoted | RolledBack):
            stables, _ = with_stable(stables, event.version)
        elif isinstance(event, Adopted):
            stables, _ = with_stable(stables, event.stable)
    return {runs[number] for number in stables if runs.get(number)}


def worn(
    decisions: Iterable[Decision],
    refreshments: Sequence[Refreshment],
    promoted: Collection[str],
    harm: float,
    minimum_rolling: int,
) -> Worn:
    """Returns what was decided since the last refreshment; `promoted` are the runs whose versions became stable.

    `harm` is how much worse, as a share, the gate lets a candidate be; a rolling set decides from `minimum_rolling`
    rows on.
    """
    last = refreshments[-1] if refreshments else None
    found = list(_of_the_present_set(decisions, refreshments))
    final = {one.run: number for number, one in enumerate(found)}  # a run that is decided again is promoted once
    outcomes = [
        _outcome(one, final[one.run] == number and one.passed and one.run in promoted, harm, minimum_rolling)
        for number, one in enumerate(found)
    ]
    # A new row that chose stable before, as one of the rolling set, did so no more often than an old one.
    carried = last.worn.optimism * (last.overlap + last.touched) / last.frozen.rows if last else 0.0
    return Worn(
        decisions=len(outcomes),
        promotions=sum(outcome.promoted for outcome in outcomes),
        since=found[0].at if found else "",
        until=found[-1].at if found else "",
        optimism=luck(outcomes, carried),
    )


def _of_the_present_set(decisions: Iterable[Decision], refreshments: Sequence[Refreshment]) -> Iterator[Decision]:
    """Yields the decisions between a candidate and stable on the present frozen set, each once, in order.

    A run that was prepared before a refreshment is decided on the retired set, also afterwards.
    """
    retired = {one.retired.sha256 for one in refreshments} - {""}  # "": of a decision that does not say
    began = refreshments[-1].at if refreshments else ""
    latest = {(one.run, one.evaluation): one for one in decisions}
    for one in latest.values():
        frozen = one.sets.get(FROZEN)
        compares = frozen and frozen.rows and None not in (frozen.only_candidate, frozen.only_stable)
        if frozen and compares and frozen.sha256 not in retired and one.at >= began:
            yield one


def _outcome(decision: Decision, promoted: bool, harm: float, minimum_rolling: int) -> Outcome:
    frozen = decision.sets[FROZEN]
    decided = [one for name, one in decision.sets.items() if name == FROZEN or one.rows >= minimum_rolling]
    pooled = (
        sum(one.rows for one in decided),
        sum(one.only_candidate or 0 for one in decided),
        sum(one.only_stable or 0 for one in decided),
    )
    asked = decision.level > 0 and not decision.overridden
    error = standard_error(pooled[1], pooled[2], pooled[0])
    return Outcome(
        frozen.rows,
        frozen.only_candidate or 0,
        frozen.only_stable or 0,
        frozen.stable_right or 0,
        *pooled,
        threshold=NORMAL.inv_cdf(1 - decision.level) * error - harm if asked else -math.inf,
        promoted=promoted,
    )


def is_worn(found: Worn, limit: float) -> bool:
    """Tells whether the set should be refreshed; `limit` is a share."""
    return found.promotions > 0 and found.optimism >= limit


def told(found: Worn, limit: float) -> str:
    """Returns the wear as a sentence, with the advice when there is one; "" when nothing was decided yet."""
    if not found.decisions and not found.optimism:
        return ""
    so_far = _so_far(found)
    if round(found.optimism * 100, 1) <= 0:
        return tr("{so_far}; that hardly flatters the stable version.", so_far=so_far)
    points, most = f"{found.optimism * 100:.1f}", f"{limit * 100:.1f}"
    if not is_worn(found, limit):
        return tr(
            "{so_far}: the stable version's accuracy on it is probably about {points} percentage points too high.",
            so_far=so_far,
            points=points,
        )
    return tr(
        "{so_far}: the stable version's accuracy on it is probably about {points} percentage points too high. The "
        "limit is {limit}: replace the set with `sentiment refresh-tests`.",
        so_far=so_far,
        points=points,
        limit=most,
    )


def _so_far(found: Worn) -> str:
    if not found.decisions:
        return tr("The frozen test set has served no decision since it was replaced, but some of its rows have")
    decisions = tr_many("{number:,} decision", "{number:,} decisions", found.decisions)
    if not found.promotions:
        return tr(
            "The frozen test set has served {decisions}, none of which made a version stable that was not rolled back",
            decisions=decisions,
        )
    return tr(
        "The frozen test set has served {decisions}, {promotions:,} of which made a version stable",
        decisions=decisions,
        promotions=found.promotions,
    )
