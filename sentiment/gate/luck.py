"""How lucky the stable model is on rows that chose it: by how much its score on them is too good, in expectation.

On the same rows, a candidate's accuracy less stable's is d = (b - c) / n, with the standard error s = sqrt(b + c -
(b - c)^2 / n) / n. It is the true difference, plus chance. A promotion takes place only when d is above a threshold t,
so chance has helped. When the true differences of candidates are normal with mean m and standard deviation u, then

    E[chance | d > t] = s^2 / v * phi(a) / Phi(-a),    v^2 = s^2 + u^2,    a = (t - E[d]) / v

which for u = 0 is the mean of a truncated normal, s * phi(a) / Phi(-a).

Luck is lost again, too. A candidate answers a part of the rows otherwise: it turns the share c / right of stable's
right answers wrong, and b / wrong of its wrong ones right. Luck L of stable is therefore seen in the candidate's d as
-r * L, with r = c / right + b / wrong, and after a promotion (1 - r) * L of it is left. So, with E[d] = m - r * L,

    L after = (1 - r) * L + E[chance | d > t]

m and u are taken from the decisions themselves, the refused ones included: the median of their d + r * L, and their
spread (the quartiles', which a few poisoned nights do not move) less what chance explains. As few decisions say little,
m = 0 and u = 0.4 points count as ten more of them.

Several sets may decide together. Then d, s and t are those of all rows, and with the same variance a row the expected
chance on one of the sets is that on all of them. Luck on the set shows in d by its share of the rows.

Sources
- Truncated normal: N. L. Johnson, S. Kotz, N. Balakrishnan (1994), "Continuous univariate distributions" 1, 2nd
  edition, section 10.1. As the correction of what was selected for its size ("winner's curse"): S. Zöllner, J. K.
  Pritchard (2007), "Overcoming the winner's curse", American Journal of Human Genetics 80:605-615.
- Mean and spread from the parallel decisions: C. N. Morris (1983), "Parametric empirical Bayes inference", JASA
  78:47-55; why it holds after a selection: B. Efron (2011), "Tweedie's formula and selection bias", JASA 106:1602-1614.
- `tests/bench/years/test_optimism.py` holds it against simulated years, in which the truth is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist, median, quantiles
from typing import NamedTuple

NORMAL = NormalDist()
SPREAD = 0.004  # of candidates' true differences, as a share of accuracy, before any decision says otherwise
WEIGHT = 10  # decisions that the first guess counts for
QUARTILES_APART = 2 * NORMAL.inv_cdf(0.75)  # of a standard normal
FAR = 20.0  # standard errors, from which on the tail's quotient is nearly its own limit


class Outcome(NamedTuple):
    """A decision on a set of `rows`: a candidate beside the stable model of then.

    `pooled_rows` and the counts beside them are those of all sets that decided together. `threshold` is the least
    difference of accuracy (a share) with which it would have passed; minus infinity when nobody asked for one, as in an
    override. `promoted` says whether the candidate became stable.
    """

    rows: int
    only_candidate: int
    only_stable: int
    stable_right: int
    pooled_rows: int
    pooled_only_candidate: int
    pooled_only_stable: int
    threshold: float
    promoted: bool

    @property
    def difference(self) -> float:
        return (self.pooled_only_candidate - self.pooled_only_stable) / self.pooled_rows

    @property
    def error(self) -> float:
        return standard_error(self.pooled_only_candidate, self.pooled_only_stable, self.pooled_rows)

    @property
    def turned(self) -> float:
        """The share of its luck that stable's successor loses: r."""
        wrong = self.rows - self.stable_right
        parts = ((self.only_stable, self.stable_right), (self.only_candidate, wrong))
        return min(1.0, sum(part / whole for part, whole in parts if whole))

    @property
    def share(self) -> float:
        """The set's share of the rows that decided."""
        return self.rows / self.pooled_rows


def standard_error(only_candidate: int, only_stable: int, rows: int) -> float:
    """Returns the standard error of the difference of accuracy; with no row that differs, that of a single one."""
    changed = only_candidate + only_stable - (only_candidate - only_stable) ** 2 / rows
    return math.sqrt(max(1.0, changed)) / rows


def luck(outcomes: Iterable[Outcome], before: float = 0.0) -> float:
    """Returns by how much, as a share, the score of stable after these decisions is too good; `before` it was that."""
    found, differences, variances = before, list[float](), list[float]()
    for outcome in outcomes:
        seen = found * outcome.turned * outcome.share
        differences.append(outcome.difference + seen)
        variances.append(outcome.error**2)
        if outcome.promoted:
            mean, spread = candidates(differences, variances)
            gained = chance_that_helped(outcome.error, spread, outcome.threshold - mean + seen)
            found = found * (1 - outcome.turned) + gained
    return found


def candidates(differences: Sequence[float], variances: Sequence[float]) -> tuple[float, float]:
    """Returns the mean and the standard deviation of the true differences of the candidates so far."""
    number = len(differences)
    mean = median(differences) * number / (number + WEIGHT)
    if number < 2:
        return mean, SPREAD
    low, _, high = quantiles(differences, n=4, method="inclusive")
    # Of a few numbers the quartiles are too close together, as is their standard deviation without the correction.
    beyond = ((high - low) / QUARTILES_APART) ** 2 * number / (number - 1) - sum(variances) / number
    known = (WEIGHT * SPREAD**2 + (number - 1) * beyond) / (WEIGHT + number - 1)
    return mean, math.sqrt(max(0.0, known))


def chance_that_helped(error: float, spread: float, distance: float) -> float:
    """Returns E[chance | d > t], where `distance` is t - E[d]."""
    width = math.hypot(error, spread)
    a = distance / width
    return error**2 / width * (a + 1 / a if a > FAR else NORMAL.pdf(a) / _tail(a))


def _tail(a: float) -> float:
    """Returns Phi(-a), with all digits also where it is small."""
    return math.erfc(a / math.sqrt(2)) / 2
