"""On paper: how long archives of many posts take by a rate that was measured, and on how many such machines.

The rate is taken to grow with the machines, since a shard needs nothing of another; reading and writing by the store is
taken to keep up. Neither was measured on many machines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HOUR = 3600.0
ARCHIVES = (100_000_000, 10_000_000_000)  # posts
DEADLINE = 24.0  # hours in which an archive should be scored again
# What a company published that does this: 95 million paragraphs in 96 hours, on a cluster.
PUBLISHED_POSTS, PUBLISHED_HOURS = 95_000_000, 96.0
PUBLISHED_RATE = PUBLISHED_POSTS / (PUBLISHED_HOURS * HOUR)


@dataclass(frozen=True)
class Estimate:
    """An archive of so many posts by one model: hours on one machine, and machines for it within the deadline."""

    model: str
    posts: int
    hours: float
    machines: int
    hours_on_them: float


def estimates(model: str, rows_per_second: float) -> list[Estimate]:
    """Returns an estimate for each archive. The rate is that of one machine."""
    return [_estimate(model, rows_per_second, posts) for posts in ARCHIVES]


def _estimate(model: str, rows_per_second: float, posts: int) -> Estimate:
    hours = posts / rows_per_second / HOUR
    machines = max(1, math.ceil(hours / DEADLINE))
    return Estimate(model, posts, round(hours, 1), machines, round(hours / machines, 1))


def machines_like_published(rows_per_second: float) -> int:
    """Returns how many of these machines score as many posts a second as the published cluster does."""
    return math.ceil(PUBLISHED_RATE / rows_per_second)


def told(model: str, rows_per_second: float) -> list[str]:
    """Returns the sentences about one model."""
    lines = [
        f"on paper, {one.model} at {rows_per_second:,.0f} rows/s: {one.posts / 1e6:,.0f} million posts take "
        f"{one.hours:,.1f} hours on one such machine, or {one.hours_on_them:,.1f} hours on {one.machines:,}"
        for one in estimates(model, rows_per_second)
    ]
    published = machines_like_published(rows_per_second)
    lines.append(
        f"on paper, {model}: {published:,} such {'machine is' if published == 1 else 'machines are'} as fast as the "
        f"published cluster, {PUBLISHED_POSTS / 1e6:.0f} million paragraphs in {PUBLISHED_HOURS:.0f} hours "
        f"({PUBLISHED_RATE:.0f} a second), whose model and machines are others"
    )
    return lines
