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
from typing import NamedTuple

from sentiment.gate.evidence import Evidence
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

    @property
    def left(self) -> float:
        """The share of the year's risk that is left after this decision."""
        return max(0.0, 1 - (self.spent + self.level) / self.rule.risk)


class Pairs(NamedTuple):
    """The candidate beside another model on all rows: on how many it alone is right, on how many the other alone."""

    only_candidate: int
    only_other: int
    rows: int

    @property
    def difference(self) -> float:
        """The accuracy of the candidate less that of the other."""
        return (self.only_candidate - self.only_other) / self.rows

    def lower_bound(self, z: float) -> float:
        """Returns the least difference that the rows allow at the level of `z`."""
        return -1.0 if math.isinf(z) else score_lower_bound(*self, z)

    def chance_below(self, difference: float) -> float:
        """Returns the chance that the true difference is below `difference`.

        It is the posterior under a flat prior, in the normal approximation of the score test: before these rows, better
        and worse were equally likely.
        """
        return NORMAL.cdf(-score(*self, difference))

    def shows_better(self) -> bool:
        """Tells whether the candidate is shown to be better than the other."""
        return score(*self, 0.0) > BETTER


def beside_stable(sets: Sequence[Evidence]) -> Pairs:
    """Returns the candidate beside stable, on the rows of all `sets`."""
    return Pairs(
        sum(found.only_candidate for found in sets),
        sum(found.only_stable for found in sets),
        sum(found.rows for found in sets),
    )


def beside_reference(sets: Sequence[Evidence]) -> Pairs | None:
    """Returns the candidate beside the reference; None unless every set was scored by one of its own."""
    if any(found.reference is None for found in sets):
        return None
    pairs = [found.reference for found in sets if found.reference]
    return Pairs(sum(a for a, _ in pairs), sum(b for _, b in pairs), sum(found.rows for found in sets))


def rows_needed(pairs: Pairs, night: Night, gain: float = 0.0) -> int | None:
    """Returns from how many rows on a candidate that is better by `gain` passes every second time; None: never.

    It changes as many answers as this one, as a share of the rows.
    """
    changed = max((pairs.only_candidate + pairs.only_other) / pairs.rows, abs(gain), 1 / pairs.rows)
    won, lost = (changed + gain) / 2, (changed - gain) / 2
    low, high = 1, MOST_ROWS
    if math.isinf(night.z) or score(won * high, lost * high, high, -night.rule.harm) <= night.z:
        return None
    while low < high:
        middle = (low + high) // 2
        enough = score(won * middle, lost * middle, middle, -night.rule.harm) > night.z
        low, high = (low, middle) if enough else (middle + 1, high)
    return low
