"""Rules that decide a night's candidate: this project's, and those of others. Each gets the same evidence.

Sources
- McNemar: Q. McNemar (1947), Psychometrika 12:153-157; here one-sided at 5 %.
- Ladder: A. Blum, M. Hardt (2015), "The Ladder: a reliable leaderboard for machine learning competitions", ICML; the
  parameter-free form: a step of one standard error.
- ease.ml/ci: C. Renggli et al. (2019), "Continuous integration of machine learning models with ease.ml/ci", SysML: the
  condition `n - o > -0.005` with probability 0.95 over all of the year's decisions, by Bennett's inequality.
- e-LOND: Z. Xu, A. Ramdas (2024), "Online multiple testing with e-values", AISTATS; the e-value is a bet on each row,
  I. Waudby-Smith, A. Ramdas (2024), "Estimating means of bounded random variables by betting", JRSS B 86:1-27.
- Alpha spending: K. K. G. Lan, D. L. DeMets (1983), Biometrika 70:659-663, O'Brien and Fleming's form, over the fresh
  rows that come in after a promotion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentiment.bench.years.rows import Array, Counts
from sentiment.bench.years.world import BAD

Mask = NDArray[np.bool_]
NIGHTS = 250
RISK = 0.05  # a year
NORMAL = NormalDist()
Z_95 = NORMAL.inv_cdf(0.95)


class Evidence(NamedTuple):
    """What a night's decision may know, in every year: the candidate's counts on each set.

    `fresh` are the rows that came in after the last promotion; `nights` says how many nights those are.
    """

    night: int
    frozen: Counts
    rolling: Counts
    fresh: Counts
    frozen_to_reference: Counts
    rolling_to_reference: Counts
    promotions: Array
    nights: Array

    @property
    def every_row(self) -> Counts:
        """All rows, beside stable."""
        return self.frozen + self.rolling

    @property
    def every_row_to_reference(self) -> Counts:
        """All rows, beside the pinned reference."""
        return self.frozen_to_reference + self.rolling_to_reference


class Verdict(NamedTuple):
    """Which years promote, and which of them take the new stable for their reference."""

    promotes: Mask
    pins: Mask


@dataclass(frozen=True)
class Policy:
    """A rule: its name in the table, and how it decides."""

    name: str
    decide: Callable[[Evidence], Mask | Verdict]

    def __call__(self, evidence: Evidence) -> Verdict:
        found = self.decide(evidence)
        return found if isinstance(found, Verdict) else Verdict(found, np.zeros_like(found))


def score(counts: Counts, difference: float) -> Array:
    """Returns Tango's score statistic of a true `difference` (see `sentiment.statistics.paired`), by year."""
    b, c, n = counts
    linear = (2 * n - b + c) * difference - b - c
    constant = -c * difference * (1 - difference)
    p2 = (np.sqrt(np.maximum(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * p2 + difference * (1 - difference))
    distance = b - c - n * difference
    certain = np.where(distance == 0, 0.0, np.copysign(np.inf, distance))  # nothing is left to chance
    return np.divide(distance, np.sqrt(variance.clip(0)), out=certain, where=variance > 0)


def difference(counts: Counts) -> Array:
    """Returns the accuracy of the candidate less that of the other, by year."""
    return (counts.only_candidate - counts.only_other) / counts.rows


def at_least_stable(evidence: Evidence) -> Mask:
    """Promotes what is not below stable on all rows."""
    return np.asarray(difference(evidence.every_row) >= 0)


def mcnemar(evidence: Evidence) -> Mask:
    """Promotes what is shown to be better than stable."""
    return score(evidence.every_row, 0.0) > Z_95


def fixed_margin(evidence: Evidence, margin: float = 0.01) -> Mask:
    """Promotes what is shown, on each set, to be no more than `margin` worse: the rule for a single night."""
    return (score(evidence.frozen, -margin) > Z_95) & (score(evidence.rolling, -margin) > Z_95)


def ladder(evidence: Evidence) -> Mask:
    """Promotes what is better by more than a standard error on all rows."""
    b, c, n = evidence.every_row
    return np.asarray(difference(evidence.every_row) > np.sqrt(b + c + 1) / n)


def ease_ml(evidence: Evidence) -> Mask:
    """Promotes what is above -0.5 points by Bennett's bound, whose risk is shared by the nights of a year."""
    b, c, n = evidence.every_row
    wanted = math.log(NIGHTS / RISK)
    variance = (b + c) / n
    low, high = np.zeros_like(variance), np.ones_like(variance)
    for _ in range(30):  # the least distance whose tail is small enough
        middle = (low + high) / 2
        u = middle / variance.clip(1e-9)
        small = n * variance * ((1 + u) * np.log1p(u) - u) >= wanted
        low, high = np.where(small, low, middle), np.where(small, middle, high)
    return np.asarray(difference(evidence.every_row) - high > -BAD)


def e_lond(evidence: Evidence) -> Mask:
    """Promotes when the night's e-value against "0.5 points worse" exceeds its share of the false-discovery budget."""
    b, c, n = evidence.every_row
    bets = np.array([0.1, 0.2, 0.35, 0.6])[:, None]
    won, lost, same = (np.log1p(bets * (step + BAD)) for step in (1, -1, 0))
    logs = b * won + c * lost + (n - b - c) * same
    e_value = np.logaddexp.reduce(logs, axis=0) - math.log(len(bets))
    share = 0.4 * (evidence.night + 1) ** -1.6  # sums to less than one
    level = RISK * share * (evidence.promotions + 1)
    return np.asarray(e_value >= -np.log(level))


def spending(evidence: Evidence) -> Mask:
    """Promotes by the fresh rows alone, those that no decision since the last promotion was made on before them."""
    share = np.clip(evidence.nights / NIGHTS, 1 / NIGHTS, 1.0)
    spent = 2 * (1 - _normal(NORMAL.inv_cdf(1 - RISK / 2) / np.sqrt(share)))
    return score(evidence.fresh, -BAD) > _quantiles(1 - spent)


def year(evidence: Evidence) -> Verdict:
    """This project's rule for a year (see docs/guide/gate.md)."""
    z = NORMAL.inv_cdf(1 - RISK / NIGHTS)
    promotes = fixed_margin(evidence)
    for counts in (evidence.every_row, evidence.every_row_to_reference):
        promotes &= score(counts, -BAD) > z
    return Verdict(promotes, score(evidence.every_row_to_reference, 0.0) > NORMAL.inv_cdf(0.975))


def _normal(values: Array) -> Array:
    return np.array([NORMAL.cdf(value) for value in values])


def _quantiles(shares: Array) -> Array:
    return np.array([NORMAL.inv_cdf(min(share, 1 - 1e-15)) for share in shares])


POLICIES = (
    Policy("candidate ≥ stable", at_least_stable),
    Policy("McNemar", mcnemar),
    Policy("fixed margin", fixed_margin),
    Policy("Ladder", ladder),
    Policy("ease.ml/ci", ease_ml),
    Policy("e-LOND", e_lond),
    Policy("alpha spending", spending),
    Policy("year", year),
)
