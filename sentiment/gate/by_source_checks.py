"""What the rule by source finds, as checks of the gate, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.gate import tilted_words
from sentiment.gate.by_source import BOTH, JudgedGroup, judged, refused_by_one
from sentiment.gate.counts import Counts
from sentiment.gate.tilted_words import named
from sentiment.gate.wording import NOT_RULED_OUT, points
from sentiment.results.decision import GateCheck
from sentiment.results.evaluation import LARGE, SourceRows

ELSEWHERE, WITHOUT_ONE, REFUSED_BY_ONE = "elsewhere", "without_one_source", "refused_by_one_source"
NAMES = (ELSEWHERE, WITHOUT_ONE, REFUSED_BY_ONE, tilted_words.NAME)


def checks(
    sources: Sequence[SourceRows], labels: Sequence[str], margin: float, refused: Sequence[str] = ()
) -> list[GateCheck]:
    """Returns the checks by source, none when no row is of another source than the new ones.

    `labels` are their names, `refused` are the sets on which the candidate is not as good. Of the groups without one
    source, the check is about the one that refuses, or else the one that is nearest to it.
    """
    found = judged(sources, margin)
    singles = sorted((one for one in found if one.without is not None), key=_severity)
    groups = [*(one for one in found if one.without is None), *singles[:1]]
    sets: list[Sequence[str]] = [[name] for name in refused]
    if not sets and any(map(_refuses, found)):
        sets = [BOTH]
    by_one = [check for names in sets if (check := _refused_by_one(sources, names, margin))]
    return [*(_check(one, margin) for one in groups), *tilted_words.checks(sources, labels), *by_one]


def _refuses(one: JudgedGroup) -> bool:
    return one.decides and not one.passed


def _severity(one: JudgedGroup) -> tuple[bool, bool, float]:
    """Sorts what refuses to the front, and of that what is shown to be worse."""
    return not _refuses(one), not one.shown_worse, one.bound


def _check(one: JudgedGroup, margin: float) -> GateCheck:
    name = ELSEWHERE if one.without is None else WITHOUT_ONE
    return GateCheck(name, one.passed, one.decides, one.bound, -margin, _told(one, margin))


def _told(one: JudgedGroup, margin: float) -> str:
    where = (
        f"On the test rows of sources that gave less than {LARGE:.0%} of the new rows"
        if one.without is None
        else f"Without the test rows of {named(one.without)}, which gave {one.share:.0%} of the new rows"
    )
    change = one.kept.difference
    bound, limit = points(one.bound, margin)
    rows = f"{one.kept.rows:,} rows"
    if one.shown_worse:
        rest = f" on {rows}, which chance does not explain{_paid(one)}"
    elif one.bound > 0:
        rest = f" on {rows}; the rise is at least {bound} points"
    elif one.as_good:
        rest = f" on {rows}; at worst it fell by {bound} points, the limit is {limit}"
    else:
        rest = f", but on {rows} a fall of {bound} points {NOT_RULED_OUT}, the limit is {limit}"
    aside = "" if one.decides else f" (does not decide: {one.missing:,} more rows are needed)"
    return f"{where}, accuracy {moved(one.kept, change)}{rest}{aside}."


def _paid(one: JudgedGroup) -> str:
    if one.gained_there <= 0:
        return ""
    whose = "those sources" if one.without is None else named(one.without)
    return f"; on the rows of {whose} it has {one.gained_there:,} more right"


def moved(counts: Counts, change: float) -> str:
    """Returns the change of the accuracy in words."""
    before = counts.stable_right / counts.rows
    if not change:
        return f"stayed the same ({before:.3f})"
    by = points(change, 0.0)[0]
    return f"{'fell' if change < 0 else 'rose'} by {by} percentage points ({before:.3f} → {before + change:.3f})"


def _refused_by_one(sources: Sequence[SourceRows], sets: Sequence[str], margin: float) -> GateCheck | None:
    found = refused_by_one(sources, sets, margin)
    if found is None:
        return None
    source, its, rest = found
    bound, limit = points(rest.bound, margin)
    told = f"the {sets[0]} set" if len(sets) == 1 else "both test sets"
    sentence = (
        f"One source alone refuses this candidate: of the {its.rows:,} rows of {named(source.name)} in {told} "
        f"it has {-its.gained:,} fewer right than stable, and on the other {rest.rows:,} rows it is as good "
        f"({'a rise of at least' if rest.bound > 0 else 'at worst a fall of'} {bound} points, the limit is {limit}). "
        "Look at the labels of that source's test rows"
    )
    return GateCheck(REFUSED_BY_ONE, False, False, rest.bound, -margin, f"{sentence}.")
