"""What the rule by source finds, as checks of the gate."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.gate import tilted_words
from sentiment.gate.by_source import BOTH, JudgedGroup, judged, refused_by_one
from sentiment.gate.by_source_wording import told, told_by_one
from sentiment.gate.tilted_words import named
from sentiment.gate.wording import TEST_SETS, points
from sentiment.language import tr
from sentiment.results.decision import GateCheck
from sentiment.results.evaluation import SourceRows

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
    return GateCheck(name, one.passed, one.decides, one.bound, -margin, told(one, margin))


def _refused_by_one(sources: Sequence[SourceRows], sets: Sequence[str], margin: float) -> GateCheck | None:
    found = refused_by_one(sources, sets, margin)
    if found is None:
        return None
    source, its, rest = found
    bound, limit = points(rest.bound, margin)
    parts = {
        "set": tr(TEST_SETS[sets[0]]) if len(sets) == 1 else tr("both test sets"),
        "source": named(source.name),
        "rows": its.rows,
        "fewer": -its.gained,
        "others": rest.rows,
        "bound": bound,
        "limit": limit,
    }
    return GateCheck(REFUSED_BY_ONE, False, False, rest.bound, -margin, told_by_one(rest.bound > 0, parts))
