"""By how much a year of decisions on the same rows flatters the stable model: simulated, and as the gate corrects it.

The gate knows only counts (`sentiment.gate.luck`); the simulation knows the truth. Both are told of the same years.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sentiment.bench.years.policies import NIGHTS, Evidence, Policy, Verdict
from sentiment.bench.years.rows import Array, Counts
from sentiment.bench.years.simulate import Simulation, Sizes
from sentiment.bench.years.world import World
from sentiment.gate.luck import Outcome, luck, standard_error

Threshold = Callable[[float], float]  # of a rule: from the standard error to the least difference that passes


class Optimism(NamedTuple):
    """Means over the years, in shares of accuracy; `error` is the standard error of `simulated`."""

    promotions: float
    simulated: float
    error: float
    corrected: float


def optimism(
    policy: Policy, threshold: Threshold, world: World, sizes: Sizes, years: int, seed: int = 0, nights: int = NIGHTS
) -> Optimism:
    """Returns how flattered stable is after years of nights under a rule that looks at all rows of both sets."""
    simulation = Simulation(world, sizes, years, seed)
    found: list[list[Outcome]] = [[] for _ in range(years)]

    def noting(evidence: Evidence) -> Verdict:
        verdict = policy(evidence)
        for year in range(years):
            outcome = _outcome(evidence, year, simulation.frozen_right, threshold)
            found[year].append(outcome._replace(promoted=bool(verdict.promotes[year])))
        return verdict

    for number in range(nights):
        simulation.night(number, Policy(policy.name, noting))
    seen = simulation.optimism
    return Optimism(
        promotions=float(simulation.years.promotions.mean()),
        simulated=float(seen.mean()),
        error=float(seen.std() / np.sqrt(years)),
        corrected=float(np.mean([luck(outcomes) for outcomes in found])),
    )


def _outcome(evidence: Evidence, year: int, right: Array, threshold: Threshold) -> Outcome:
    frozen, pooled = _counts(evidence.frozen, year), _counts(evidence.every_row, year)
    error = standard_error(pooled[1], pooled[2], pooled[0])
    return Outcome(*frozen, int(right[year]), *pooled, threshold(error), promoted=False)


def _counts(counts: Counts, year: int) -> tuple[int, int, int]:
    rows = np.broadcast_to(counts.rows, counts.only_candidate.shape)
    return int(rows[year]), int(counts.only_candidate[year]), int(counts.only_other[year])
