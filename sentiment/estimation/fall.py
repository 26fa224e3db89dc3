"""Has stable become worse since it was published? Decided on its risk, not on how other the posts look.

A single night has few labelled rows, so the newest nights are taken together, until they have 500 rows. The alarm is
for a fall that is larger than allowed even at best: by the upper end of the difference's 95 % interval. `sentiment
bench alarms` says how often that happens in a year without a fall, and how soon after a real one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from sentiment.results.estimate import Estimate, Fall, Night
from sentiment.statistics.intervals import at_least_above, wilson

ENOUGH = 500  # rows: fewer cannot tell 5 points, and more would blur when it began


def newest(counts: Sequence[tuple[int, int]], enough: int = ENOUGH) -> tuple[int, int]:
    """Returns the rows and the right ones of the newest nights together; `counts` has a pair a night, oldest first."""
    rows = correct = 0
    for night_rows, night_correct in reversed(counts):
        if rows >= enough:
            break
        rows, correct = rows + night_rows, correct + night_correct
    return rows, correct


def fall(counts: Sequence[tuple[int, int]], was: tuple[int, int], limit: float) -> Fall | None:
    """Returns how stable compares with what it `was` (rows, right ones); None without rows since."""
    rows, correct = newest(counts)
    if not rows:
        return None
    at_best = -at_least_above(was[1], was[0], correct, rows)  # the upper end of correct / rows - was
    return Fall(rows=rows, correct=correct, was_rows=was[0], was_correct=was[1], at_best=at_best, limit=limit)


def counts_of(nights: Iterable[Night]) -> list[tuple[int, int]]:
    """Returns rows and right ones, by night."""
    return [(night.estimate.rows, night.estimate.correct or 0) for night in nights]


def is_below(estimate: Estimate, was: tuple[int, int], limit: float) -> bool:
    """Tells whether an accuracy that is only estimated is too far below what it `was`, even at best."""
    interval = wilson(was[1], was[0])
    assert interval is not None  # a set that was evaluated has rows
    share = was[1] / was[0]
    at_best = estimate.accuracy - share + math.hypot(estimate.high - estimate.accuracy, share - interval[0])
    return at_best < -limit
