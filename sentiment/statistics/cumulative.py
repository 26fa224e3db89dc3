"""A change of a share that is too small for any single night, found over many: a self-starting CUSUM.

D. M. Hawkins (1987), "Self-starting CUSUM charts for location and scale", The Statistician 36:299-316. Of night t, with
the mean m and the standard deviation s of the t-1 nights before it,

    T = sqrt((t - 1) / t) * (x - m) / s,    U = Phi^-1(F(T)),    F: Student's t with t - 2 degrees of freedom.

While nothing changes, the U are independent standard normal numbers: no norm has to be set, and how much honest nights
differ is learnt from them. Both sides are summed, S+ = max(0, S+ + U - 0.5) and S- = max(0, S- - U - 0.5). One above 7
is an alarm; the change began after the sum's last zero. Then all starts anew, with a new norm. A night that is far off
is learnt in part only: else the first bad night would make the next ones normal.

x is asin(sqrt((k + 3/8) / (n + 3/4))) for k of n rows: F. J. Anscombe (1948), Biometrika 35:246-254. Its standard
deviation is at least 1 / (2 sqrt(n)), what chance alone gives; s is never taken for less.

Without a change, a side raises an alarm once in some 7,000 nights (D. Siegmund, "Sequential analysis", 1985: the mean
run length is (exp(2kb) - 2kb - 1) / (2k^2) with k = 0.5 and b = 7 + 1.166). For a share whose rise and fall both count,
that is 0.07 false alarms a year of 250 nights. Simulated, it is 0.04 where chance alone moves the share, and up to 0.1
where nights differ much more than by chance (see the tests).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SLACK = 0.5  # k: half of the shift, in standard deviations, that is found soonest
LIMIT = 7.0  # h
FEWEST = 7  # nights that tell the norm, before a night is compared with them
ODD = 3.0  # a night that is further from the norm, in standard deviations, is learnt as if it were so far
CERTAIN = 1e-15  # the smallest chance that a float tells from 0 and 1


class Alarm(NamedTuple):
    """A change of series `series` that was noticed on night `night`, and began on night `first`; numbers from 0.

    `before` and `since` are the shares of all rows from the last start to `first`, and from then to `night`.
    """

    series: int
    first: int
    night: int
    before: float
    since: float


def alarms(hits: Array, rows: Array) -> list[Alarm]:
    """Returns the changes of shares, in the order of the nights.

    `hits` and `rows` are float64 [series, nights]: so many of the rows. Every night must have rows.
    """
    watched = _Watched(hits, rows)
    return [alarm for night in range(hits.shape[1]) for alarm in watched.see(night)]


class _Watched:
    """Several series as they stand: since when, their norms, and the sums of both sides."""

    def __init__(self, hits: Array, rows: Array) -> None:
        self._hits, self._rows = hits, rows
        self._values = np.arcsin(np.sqrt((hits + 3 / 8) / (rows + 3 / 4)))
        number = len(hits)
        self._began = np.zeros(number, np.int64)  # the first night of the norm
        self._mean, self._squares = np.zeros(number), np.zeros(number)
        self._sums = np.zeros((2, number))
        self._zero = np.zeros((2, number), np.int64)  # the night after a sum's last zero

    def see(self, night: int) -> Iterator[Alarm]:
        """Takes the next night in; yields the alarms that it raises."""
        scores = self._scores(night)
        for side, sign in enumerate((1.0, -1.0)):
            self._sums[side] = np.maximum(0.0, self._sums[side] + sign * scores - SLACK)
            self._zero[side] = np.where(self._sums[side] > 0, self._zero[side], night + 1)
        self._learn(night)
        rings = self._sums.max(0) > LIMIT
        for series in np.flatnonzero(rings).tolist():
            yield self._alarm(series, night)
        self._start_anew(rings, night + 1)

    def _spread(self, night: int) -> Array:
        """Returns s."""
        known = np.maximum(night - self._began, 2)
        return np.maximum(np.sqrt(self._squares / (known - 1)), 0.5 / np.sqrt(self._rows[:, night]))

    def _scores(self, night: int) -> Array:
        """Returns U; 0 while too few nights are known."""
        from scipy.special import ndtri, stdtr

        known = (night - self._began).astype(float)
        distance = (self._values[:, night] - self._mean) / self._spread(night)
        chance = stdtr(np.maximum(known - 1, 1), np.sqrt(known / (known + 1)) * distance)
        return np.where(known >= FEWEST, ndtri(np.clip(chance, CERTAIN, 1 - CERTAIN)), 0.0)

    def _learn(self, night: int) -> None:
        """Updates mean and sum of squares (B. P. Welford (1962), Technometrics 4:419-420)."""
        known = night - self._began
        most = np.where(known >= FEWEST, ODD * self._spread(night), np.inf)
        distance = np.clip(self._values[:, night] - self._mean, -most, most)
        self._mean = self._mean + distance / (known + 1)
        self._squares = self._squares + distance**2 * known / (known + 1)

    def _alarm(self, series: int, night: int) -> Alarm:
        first = int(self._zero[self._sums[:, series].argmax(), series])
        began = int(self._began[series])
        return Alarm(series, first, night, self._share(series, began, first), self._share(series, first, night + 1))

    def _share(self, series: int, first: int, last: int) -> float:
        return float(self._hits[series, first:last].sum() / self._rows[series, first:last].sum())

    def _start_anew(self, which: NDArray[np.bool_], night: int) -> None:
        self._began[which] = night
        for state in (self._mean, self._squares, self._sums, self._zero):
            state[..., which] = 0
        self._zero[:, which] = night
