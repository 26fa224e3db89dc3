"""The rule for a year of nights: what a single night's test cannot promise, because it is made again every night.

A candidate passes when it is shown that it is not more than `harm` below the stable model, and not more than `harm`
below the reference, on all rows of the sets that decide. The reference is the best stable version so far. It moves only
to a version that is shown to be better than it, so that small losses cannot add up. `harm` is half of the margin.

"Shown" is Tango's score test (see `sentiment.statistics.paired`) at the night's level. Each decision spends its level,
and the levels of any 365 days add up to no more than `risk`. A promotion of something that is more than `harm` worse
than the reference is a wrong decision on its own, whose chance is at most the night's level; the chance of any in a
year is at most the sum (Boole's inequality; C. E. Bonferroni, 1936). That the candidates of later nights follow from
what passed before is more than this covers: `sentiment bench gate` simulates it, beside the rules of others.

    level = min(risk / nights, what is left of the risk / 10)

so that after `nights` decisions there still is a next one, with a tenth of what is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from sentiment.gate.counts import Counts
from sentiment.gate.evidence import Evidence
from sentiment.results.evaluation import Paired
from sentiment.statistics.paired import score, score_lower_bound

NORMAL = NormalDist()
BETTER = NORMAL.inv_cdf(0.975)  # from here on the candidate is shown to be better than the reference
OF_WHAT_IS_LEFT = 10
OF_THE_MARGIN = 0.5
MOST_ROWS = 10**9


@dataclass(frozen=True)
class YearRule:
    """What is promised: a promotion more than `harm` (a share of accuracy) below the best has chance `risk` a year."""

    harm: float
    risk: float
    nights: int

    @classmethod
    def of(cls, margin: float, risk: float, nights: int) -> YearRule:
        """Returns the rule that goes with the gate's margin: one limit says how much worse is too much."""
        return cls(margin * OF_THE_MARGIN, risk, nights)

    def level(self, spent: float) -> float:
        """Returns the level of the next decision when those of the past 365 days have spent `spent`."""
        return max(0.0, min(self.risk / self.nights, (self.risk - spent) / OF_WHAT_IS_LEFT))


@dataclass(frozen=True)
class Night:
    """The place of a decision in its year: its level, and the decisions and promotions of the 365 days before it."""

    rule: YearRule
    level: float
    spent: float = 0.0
    decisions: int = 0
    promotions: int = 0

    @property
    def z(self) -> float:
        """The normal's point that the score must exceed; infinite when nothing is left to spend."""
        return NORMAL.inv_cdf(1 - self.level) if self.level > 0 else math.inf


def lower_bound(counts: Counts, z: float) -> float:
    """Returns the least difference of accuracy that the rows allow at the level of `z`."""
    if math.isinf(z):
        return -1.0
    return score_lower_bound(counts.only_candidate, counts.only_stable, counts.rows, z)


def chance_below(counts: Counts, difference: float) -> float:
    """Returns the chance that the true difference is below `difference`.

    It is the posterior under a flat prior, in the normal approximation of the score test: before these rows, better
    and worse were equally likely.
    """
    return NORMAL.cdf(-counts.score(difference))


def shows_better(counts: Counts) -> bool:
    """Tells whether the candidate is shown to be better than the other model."""
    return counts.score(0.0) > BETTER


def beside_stable(sets: Sequence[Evidence]) -> Counts:
    """Returns the candidate beside stable, on the rows of all `sets`."""
    return _together([found.found.paired for found in sets])


def beside_reference(sets: Sequence[Evidence]) -> Counts | None:
    """Returns the candidate beside the reference; None unless every set was scored by one of its own."""
    pairs = [found.found.to_reference for found in sets]
    return None if None in pairs else _together(pairs)


def _together(pairs: Sequence[Paired | None]) -> Counts:
    return sum((Counts.of(one) for one in pairs if one), Counts())


def rows_needed(counts: Counts, night: Night, gain: float = 0.0) -> int | None:
    """Returns from how many rows on a candidate that is better by `gain` passes every second time; None: never.

    It changes as many answers as this one, as a share of the rows.
    """
    changed = max((counts.only_candidate + counts.only_stable) / counts.rows, abs(gain), 1 / counts.rows)
    won, lost = (changed + gain) / 2, (changed - gain) / 2
    low, high = 1, MOST_ROWS
    if math.isinf(night.z) or score(won * high, lost * high, high, -night.rule.harm) <= night.z:
        return None
    while low < high:
        middle = (low + high) // 2
        enough = score(won * middle, lost * middle, middle, -night.rule.harm) > night.z
        low, high = (low, middle) if enough else (middle + 1, high)
    return low
