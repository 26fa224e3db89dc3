"""Years of nights under a rule that mails when stable has become worse: how often in vain, and how soon when it has.

In each year a version is published every so many nights, with an accuracy that was measured on test rows; each night
then brings new labelled rows. A mail is in vain unless stable is truly further below what it was than is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiment.estimation.fall import fall, newest
from sentiment.mail.fall import QUIET

Count = tuple[int, int]  # rows, right ones
Rule = Callable[[Sequence[Count], Count, float], bool]
START = 0.85  # the true accuracy of every version when it is published
WAS_ROWS = 1000  # on which it is tested before
FALL_AT = 100  # the night from which a fall is there


def last_night(counts: Sequence[Count], was: Count, limit: float) -> bool:
    """Mails when last night's accuracy is further below than allowed."""
    rows, right = counts[-1]
    return right / rows < was[1] / was[0] - limit


def newest_rows(counts: Sequence[Count], was: Count, limit: float) -> bool:
    """Mails when the accuracy on the newest nights together is further below than allowed."""
    return last_night([newest(counts)], was, limit)


def at_best(counts: Sequence[Count], was: Count, limit: float) -> bool:
    """Mails when it is so even at best: this project's rule."""
    found = fall(counts, was, limit)
    return found is not None and found.below


RULES: dict[str, Rule] = {"last night": last_night, "newest 500 rows": newest_rows, "at best": at_best}


@dataclass(frozen=True)
class World:
    """What the nights bring.

    `rows` a night; `uneven`: the standard deviation of a night's true accuracy; `fall`: how far the accuracy of
    whatever is stable is lower from night 100 on; `best_of`: each version is the one that did best on the test rows, of
    so many that are equally good, so that its accuracy there is too high; `stays`: nights until another is published.
    """

    name: str
    about: str
    rows: int = 84
    uneven: float = 0.0
    fall: float = 0.0
    best_of: int = 1
    stays: int = 30


WORLDS = (
    World("steady", "nothing changes"),
    World("long", "nothing changes, one version all year", stays=10_000),
    World("few", "20 labelled rows a night", rows=20),
    World("uneven", "nights differ by chance (3 points)", uneven=0.03),
    World("lucky", "each version was the best of 20 equal ones", best_of=20),
    World("slight", "3 points lower, which is allowed", fall=0.03, stays=10_000),
    World("fall of 10", "10 points lower", fall=0.1, stays=10_000),
    World("fall of 15", "15 points lower", fall=0.15, stays=10_000),
)


@dataclass(frozen=True)
class Year:
    """Mails in vain, and how many nights after a fall that is not allowed the first mail came; None: none came."""

    in_vain: int
    nights_to_mail: int | None = None


def simulate(rule: Rule, world: World, years: int, nights: int, limit: float, seed: int) -> list[Year]:
    """Returns what happened in that many years; the same seed gives the same years."""
    draw = np.random.default_rng(seed)
    return [_year(rule, world, nights, limit, draw) for _ in range(years)]


def _year(rule: Rule, world: World, nights: int, limit: float, draw: np.random.Generator) -> Year:
    is_real = world.fall > limit
    counts: list[Count] = []
    was, mailed, in_vain = (WAS_ROWS, 0), -QUIET.days, 0
    for number, right in enumerate(_right(world, nights, draw)):
        if number % world.stays == 0:
            counts, mailed = [], -QUIET.days  # another version is another cause
            was = (WAS_ROWS, int(draw.binomial(WAS_ROWS, START, world.best_of).max()))
        counts.append((world.rows, int(right)))
        if number - mailed < QUIET.days or not rule(counts, was, limit):
            continue
        if is_real and number >= FALL_AT:
            return Year(in_vain, number - FALL_AT + 1)
        mailed, in_vain = number, in_vain + 1
    return Year(in_vain)


def _right(world: World, nights: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """Returns the right rows of each night."""
    true = np.where(np.arange(nights) < FALL_AT, START, START - world.fall)
    uneven = draw.normal(0.0, world.uneven, nights) if world.uneven else 0.0
    return draw.binomial(world.rows, np.clip(true + uneven, 0.0, 1.0))
