"""What a rule did in many years, in figures: how often, how bad, how late; each with what chance leaves open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sentiment.bench.years.rows import Array
from sentiment.bench.years.simulate import Sizes, Years
from sentiment.statistics.intervals import wilson


@dataclass(frozen=True)
class Summary:
    """The years of one rule in one world, with test sets of one size.

    `promotions`, `bad` and `refused_good` are means of a year. `any_bad`: share of the years with a bad promotion, with
    its 95 % interval. `lost`: points of accuracy below the best model there was, mean of a night. `live`: the night of
    the first promotion, by which half and 95 % of the years had one; None when they had not.
    """

    frozen: int
    rolling: int
    world: str
    policy: str
    years: int
    promotions: float
    bad: float
    any_bad: float
    any_bad_interval: tuple[float, float]
    lost: float
    refused_good: float
    live: tuple[int | None, int | None]


def summary(policy: str, world: str, sizes: Sizes, years: Years, nights: int) -> Summary:
    """Returns the figures of these years, which had so many nights each."""
    number = len(years.promotions)
    bad_years = int(np.count_nonzero(years.bad))
    return Summary(
        sizes.frozen,
        sizes.rolling,
        world,
        policy,
        number,
        promotions=float(years.promotions.mean()),
        bad=float(years.bad.mean()),
        any_bad=bad_years / number,
        any_bad_interval=wilson(bad_years, number) or (0.0, 1.0),
        lost=100 * float(years.lost.mean()) / nights,
        refused_good=float(years.refused_good.mean()),
        live=(_quantile(years.live, 0.5), _quantile(years.live, 0.95)),
    )


def _quantile(nights: Array, share: float) -> int | None:
    """Returns the night by which that share of the years had their first promotion; None when fewer had one."""
    night = np.sort(nights)[math.ceil(share * len(nights)) - 1]
    return int(night) if np.isfinite(night) else None


def worst(found: Sequence[Summary]) -> Summary:
    """Returns the world in which most years had a bad promotion; of equal ones, that with the larger loss."""
    return max(found, key=lambda one: (one.any_bad, one.lost))
