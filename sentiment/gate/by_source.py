"""The gate's rule by source: a candidate that gains only where its new rows came from, and loses elsewhere, is refused.

Who delivers wrong labels is in the training rows and, with its share, in the rolling test set: there, a poisoned
candidate looks better. So the decision must also hold on the test rows of others. Those that it must hold on are

- elsewhere: the rows of all sources that gave less than 2 % of the new rows;
- without S, for each source S that gave 2 % of the new rows or more: all rows but those of S.

Each joins the rows of both sets. A frozen row without a source is nobody's delivery: it always stays. A group that
leaves no row out, or keeps nothing but the frozen set, is decided by the other rules already.

For a group with n rows, of which the candidate alone has b right and stable alone c, with k groups in all:

- it is shown to be worse if P(X <= b) <= 0.05 / k, for X binomial with b + c throws of a fair coin (an exact McNemar
  test). Then the candidate is refused. By the division by k (Bonferroni), a candidate that is as good as stable on
  every group is refused so in 5 % of the nights at most.
- it is as good if the lower 95 % bound of (b - c) / n is above minus the margin, as in the rule for both sets. The
  candidate must be as good on every group; for this no level has to be divided, because a candidate that is not as
  good on one of them passes that one in 5 % of the nights at most (an intersection-union test). It decides only on
  enough rows: those on which k groups refuse a candidate that differs from stable on as many rows, but is as good, in
  10 % of the nights at most: n >= d * ((1.645 + z) / margin)^2, with d = (b + c + 1) / n, the share of rows on which
  the models differ, and z the normal quantile of 1 - 0.1 / k. With fewer rows, the figure is for information.

The other way round, one source can refuse a candidate that all others find as good, by test rows that only a worse
model has right. It stays refused, and the decision says so: see `refused_by_one`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from statistics import NormalDist

from sentiment.gate.counts import Counts
from sentiment.results.evaluation import LARGE, SourceRows
from sentiment.statistics import paired

RISK = 0.05  # of calling a candidate worse that is as good
MISSED = 0.10  # how often, on enough rows, a candidate that is as good may be refused
BOTH = ("frozen", "rolling")  # the sets


@dataclass(frozen=True)
class JudgedGroup:
    """A group of rows without those of one source (`without`), or of all sources with a large part of the new rows.

    `share` is the part of the new rows that came from what is left out, `gained_there` what the candidate gains on
    its rows. `missing` rows are too few for deciding whether the candidate is as good.
    """

    without: str | None
    share: float
    kept: Counts
    gained_there: int
    bound: float
    shown_worse: bool
    as_good: bool
    missing: int

    @property
    def passed(self) -> bool:
        return self.as_good and not self.shown_worse

    @property
    def decides(self) -> bool:
        return self.shown_worse or not self.missing


def judged(sources: Sequence[SourceRows], margin: float) -> list[JudgedGroup]:
    """Returns what is found on each group of rows: elsewhere first, then without each source, the largest first."""
    groups = _groups(sources)
    return [_judge(sources, without, out, margin, len(groups)) for without, out in groups]


def large(sources: Sequence[SourceRows]) -> list[str | None]:
    """Returns the sources that gave a large part of the new rows, the largest first; None: all that are not listed."""
    total = sum(source.new for source in sources)
    found = [source for source in sources if source.new and source.new >= LARGE * total]
    return [source.name for source in sorted(found, key=lambda source: -source.new)]


def _groups(sources: Sequence[SourceRows]) -> list[tuple[str | None, frozenset[str | None]]]:
    """Returns which sources to leave out: all large ones together (named None), then each by itself."""
    names, everything = large(sources), sum(map(_rows_in, sources), Counts())
    frozen = sum((Counts.of(source.frozen) for source in sources), Counts())
    wanted = [(None, frozenset(names)), *((name, frozenset([name])) for name in names if name is not None)]
    found: dict[frozenset[str | None], str | None] = {}
    for name, out in reversed(wanted):  # where one source is all that there is, it is named
        left = frozenset(each.name for each in sources if each.name in out and _delivered(each).rows)
        kept = everything - _sum_left_out(sources, out)
        if left and kept.rows and kept != frozen and left not in found:
            found[left] = name
    return [(name, out) for out, name in reversed(found.items())]


def _judge(
    sources: Sequence[SourceRows], without: str | None, out: Set[str | None], margin: float, groups: int
) -> JudgedGroup:
    gone = _sum_left_out(sources, out)
    kept = sum(map(_rows_in, sources), Counts()) - gone
    bound = kept.bound
    return JudgedGroup(
        without=without,
        share=sum(source.new for source in sources if source.name in out) / sum(source.new for source in sources),
        kept=kept,
        gained_there=gone.gained,
        bound=bound,
        shown_worse=kept.chance_of_so_few <= RISK / groups,
        as_good=bound > -margin,
        missing=max(0, needed(kept, margin, groups) - kept.rows),
    )


def needed(counts: Counts, margin: float, groups: int) -> int:
    """Returns the rows from which a group decides whether a candidate is as good (see above); 0 without a margin."""
    if margin <= 0:
        return 0
    quantile = NormalDist().inv_cdf(1 - MISSED / groups)
    differing = (counts.only_candidate + counts.only_stable + 1) / counts.rows
    return math.ceil(differing * ((paired.Z_95 + quantile) / margin) ** 2)


def refused_by_one(
    sources: Sequence[SourceRows], sets: Sequence[str], margin: float
) -> tuple[SourceRows, Counts, Counts] | None:
    """Returns the source whose rows alone make a candidate fail on `sets` together, its rows there, and the others.

    It is the one that loses most; without it the rest is as good, and on its own rows the candidate is shown to be
    worse, at 5 % divided by the number of sources. None when there is no such source.
    """
    found = [(source, _delivered(source, sets)) for source in sources]
    found = [(source, counts) for source, counts in found if counts.rows]
    worst = min(found, key=lambda item: item[1].gained, default=None)
    if worst is None or worst[1].chance_of_so_few > RISK / len(found):
        return None
    rest = sum((_rows_in(source, sets) for source in sources), Counts()) - worst[1]
    return (*worst, rest) if rest.rows and rest.bound > -margin else None


def _rows_in(source: SourceRows, sets: Sequence[str] = BOTH) -> Counts:
    return sum((Counts.of(getattr(source, name)) for name in sets), Counts())


def _delivered(source: SourceRows, sets: Sequence[str] = BOTH) -> Counts:
    """Returns the rows that go when a source is left out: not those frozen ones that nobody delivered."""
    return _rows_in(source, [name for name in sets if source.name != "" or name != "frozen"])


def _sum_left_out(sources: Sequence[SourceRows], out: Set[str | None]) -> Counts:
    return sum((_delivered(source) for source in sources if source.name in out), Counts())
