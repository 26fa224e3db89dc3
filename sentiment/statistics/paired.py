"""Paired statistics: how much better or worse is one model than another on the same rows?

Of n rows, only the candidate is right on b, and only the stable model on c. If these cases have the probabilities p1
and p2, the accuracy difference is d = p1 - p2, estimated by (b - c) / n. Standard library only.

Sources
- Score interval: T. Tango (1998), "Equivalence test and confidence interval for the difference in proportions for
  the paired-sample design", Statistics in Medicine 17:891-908, equations 3 and 6.
- Exact unconditional test with the score statistic as its order: H.-M. Hsueh, J.-P. Liu, J. J. Chen (2001),
  "Unconditional exact tests for equivalence or noninferiority for paired binary endpoints", Biometrics 57:478-483.
- Nuisance parameter restricted to a confidence set: R. L. Berger, D. D. Boos (1994), "P values maximized over a
  confidence set for the nuisance parameter", JASA 89:1012-1016.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

Z_95 = 1.6448536269514722  # the standard normal's 95 % point
ALPHA = 0.05
EXACT_UP_TO = 25  # discordant rows; with more, the score interval's coverage is close to nominal (see the tests)
BERGER_BOOS = 0.001  # the chance that the nuisance parameter is outside its set; it is added to the p-value
NUISANCE_POINTS = 32
PRECISION = 1e-5  # of a bound: a thousandth of a percentage point
NEGLIGIBLE = 1e-9


def lower_bound(only_candidate: int, only_stable: int, rows: int) -> float:
    """Returns the one-sided 95 % lower confidence bound of the accuracy difference, in -1..1.

    It is exact for up to 25 discordant rows, where a normal approximation cannot be trusted; beyond, it is the score
    bound. A binomial bound for the given number of discordant rows would be simpler, but it takes that number as
    fixed: then, having no discordant rows would prove equality even on ten rows.
    """
    if rows <= 0 or min(only_candidate, only_stable) < 0 or only_candidate + only_stable > rows:
        raise ValueError(f"impossible counts: {only_candidate=}, {only_stable=}, {rows=}")
    exact = only_candidate + only_stable <= EXACT_UP_TO
    return (exact_lower_bound if exact else score_lower_bound)(only_candidate, only_stable, rows)


def score_lower_bound(only_candidate: int, only_stable: int, rows: int, z: float = Z_95) -> float:
    """Returns Tango's score bound: the difference at which the score statistic is `z`, a point of the normal."""
    return _crossing(
        -1.0,
        (only_candidate - only_stable) / rows,
        lambda difference: score(only_candidate, only_stable, rows, difference) > z,
    )


def _crossing(low: float, high: float, rejected: Callable[[float], bool]) -> float:
    """Returns where `rejected` turns from true (at `low`) to false (at `high`), approached from below."""
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low


def score(only_candidate: float, only_stable: float, rows: float, difference: float) -> float:
    """Returns Tango's score statistic of `difference` (large: the true difference is larger), standard normal."""
    b, c, n = only_candidate, only_stable, rows
    linear = (2 * n - b + c) * difference - b - c
    constant = -c * difference * (1 - difference)
    p2 = (math.sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * p2 + difference * (1 - difference))
    distance = b - c - n * difference
    if variance <= 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


@lru_cache(maxsize=1024)  # it takes some 40 ms, and one decision asks for the same counts more than once
def exact_lower_bound(only_candidate: int, only_stable: int, rows: int) -> float:
    """Returns the smallest difference that the exact unconditional test does not reject at 5 %."""
    discordance = _binomial_interval(only_candidate + only_stable, rows, BERGER_BOOS)
    estimate = (only_candidate - only_stable) / rows

    def rejected(difference: float) -> bool:
        return _exact_p(only_candidate, only_stable, rows, difference, discordance) <= ALPHA

    # The score bound is close: start a little below it, and go further down only when that was not far enough.
    reach = 1.5 * (estimate - score_lower_bound(only_candidate, only_stable, rows)) + PRECISION
    low, high = max(-1.0, estimate - reach), estimate
    while low > -1.0 and not rejected(low):
        low, high, reach = max(-1.0, low - reach), low, 2 * reach
    return _crossing(low, high, rejected)


def _exact_p(
    only_candidate: int, only_stable: int, rows: int, difference: float, discordance: tuple[float, float]
) -> float:
    """Returns the largest chance, at this true difference, of a result at least as good as the one seen."""
    low, high = max(discordance[0], abs(difference)), discordance[1]
    if low > high:  # such a large difference needs more discordant rows than the data allow
        return BERGER_BOOS
    seen = score(only_candidate, only_stable, rows, difference)
    needed = [_fewest_wins(total, rows, difference, seen) for total in range(_most_discordant(rows, high) + 1)]
    step = (high - low) / (NUISANCE_POINTS - 1)
    chances = (_chance(rows, low + step * point, difference, needed) for point in range(NUISANCE_POINTS))
    return max(chances) + BERGER_BOOS


def _chance(rows: int, discordance: float, difference: float, needed: list[int]) -> float:
    """Returns the chance that the candidate wins at least `needed[total]` of the discordant rows, over all totals."""
    share = 0.5 if discordance <= 0 else min(1.0, max(0.0, (1 + difference / discordance) / 2))
    weights = ((total, wins, _binomial(total, rows, discordance)) for total, wins in enumerate(needed))
    return math.fsum(
        weight * _at_least(wins, total, share)
        for total, wins, weight in weights
        if weight > NEGLIGIBLE and wins <= total
    )


def _fewest_wins(total: int, rows: int, difference: float, seen: float) -> int:
    """Returns the fewest rows, of `total` discordant ones, that give the score `seen`; `total` + 1 when none do."""
    low, high = 0, total + 1
    while low < high:  # the score grows with the wins
        wins = (low + high) // 2
        if score(wins, total - wins, rows, difference) >= seen - 1e-9:
            high = wins
        else:
            low = wins + 1
    return low


def _most_discordant(rows: int, discordance: float) -> int:
    """Returns a number of discordant rows that is exceeded with a chance below 1e-9 or so."""
    mean = rows * discordance
    return min(rows, math.ceil(mean + 7 * math.sqrt(mean) + 12))


def _at_least(successes: int, trials: int, chance: float) -> float:
    """Returns the chance of at least `successes`; sums the shorter tail, each term from the previous one."""
    if successes <= 0:
        return 1.0
    if 2 * successes <= trials:
        return 1.0 - _at_least(trials - successes + 1, trials, 1.0 - chance)
    if chance in (0.0, 1.0):
        return chance
    odds = chance / (1 - chance)
    term = total = _binomial(successes, trials, chance)
    for number in range(successes + 1, trials + 1):
        term *= (trials - number + 1) / number * odds
        total += term
    return total


def _binomial(successes: int, trials: int, chance: float) -> float:
    if chance in (0.0, 1.0):
        return float(successes == trials * chance)
    ways = math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    return math.exp(ways + successes * math.log(chance) + (trials - successes) * math.log1p(-chance))


def _binomial_interval(successes: int, trials: int, outside: float) -> tuple[float, float]:
    """Returns Clopper and Pearson's interval of a chance; it misses the chance with at most probability `outside`."""

    def root(wanted: float, at_least: int) -> float:
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            # 1 - P(fewer): `successes` is small here, so the sum over fewer successes is short.
            chance = 1 - math.fsum(_binomial(number, trials, middle) for number in range(at_least))
            low, high = (middle, high) if chance < wanted else (low, middle)
        return high

    lower = 0.0 if successes == 0 else root(outside / 2, successes)
    upper = 1.0 if successes == trials else root(1 - outside / 2, successes + 1)
    return lower, upper


def mcnemar_p(only_candidate: int, only_stable: int) -> float:
    """Returns the exact two-sided p-value of McNemar's test: are the discordant rows a fair coin's throws?"""
    total, fewer = only_candidate + only_stable, min(only_candidate, only_stable)
    term = _binomial(fewer, total, 0.5)
    tail = 0.0
    for number in range(fewer, -1, -1):
        tail += term
        if term < tail * 1e-17:  # the rest is below the float's precision
            break
        term *= number / (total - number + 1)
    return min(1.0, 2 * tail)
