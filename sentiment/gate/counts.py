"""Counts of test rows on which a candidate and another model are compared, to add and to take away."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.results.evaluation import Paired
from sentiment.statistics import paired


@dataclass(frozen=True)
class Counts:
    """Rows of a group: all, those that one of the two models alone has right, and those that stable has right.

    The other model is the stable one, or stands in its place.
    """

    rows: int = 0
    only_candidate: int = 0
    only_stable: int = 0
    stable_right: int = 0

    @classmethod
    def of(cls, found: Paired) -> Counts:
        rows = found.both_right + found.only_candidate + found.only_stable + found.both_wrong
        return cls(rows, found.only_candidate, found.only_stable, found.both_right + found.only_stable)

    def __str__(self) -> str:
        return f"{self.rows} rows, {self.only_candidate} and {self.only_stable} of them right in one model alone"

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.rows + other.rows,
            self.only_candidate + other.only_candidate,
            self.only_stable + other.only_stable,
            self.stable_right + other.stable_right,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.rows - other.rows,
            self.only_candidate - other.only_candidate,
            self.only_stable - other.only_stable,
            self.stable_right - other.stable_right,
        )

    @property
    def gained(self) -> int:
        return self.only_candidate - self.only_stable

    @property
    def difference(self) -> float:
        """The accuracy of the candidate less that of the other, on these rows."""
        return self.gained / self.rows

    def score(self, difference: float) -> float:
        """Returns the score statistic of a true `difference` (see `sentiment.statistics.paired`)."""
        return paired.score(self.only_candidate, self.only_stable, self.rows, difference)

    @property
    def bound(self) -> float:
        """The one-sided 95 % lower bound of the accuracy difference."""
        return paired.lower_bound(self.only_candidate, self.only_stable, self.rows)

    @property
    def chance_of_so_few(self) -> float:
        """The chance that a model that is as good wins no more of the rows on which they differ: exact, one-sided."""
        if self.gained >= 0:
            return 1.0
        return paired.mcnemar_p(self.only_candidate, self.only_stable) / 2
