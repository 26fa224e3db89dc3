"""What `gate` leaves: the decision on a candidate, with all that it was decided from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.results.evaluation import Flip
from sentiment.results.record import Count, Record, Share, StepResult


class GateCheck(msgspec.Struct, frozen=True):
    """One check: what was found, what is allowed, and both in a sentence. Only a check that `decides` can refuse."""

    name: str
    passed: bool
    decides: bool
    value: float
    threshold: float
    sentence: str


class Compared(Record, frozen=True):
    """One test set; what compares two models is null without a stable one. Recall is null of a label without rows."""

    rows: Count
    candidate_accuracy: Share
    stable_accuracy: Share | None
    difference: float | None  # of the accuracies, a share
    lower_bound: float | None  # of the difference: one-sided, 95 %
    mcnemar_p: float | None
    only_candidate: Count | None  # rows that only the candidate has right
    only_stable: Count | None
    support: list[Count]  # rows of each label
    candidate_recall: list[Share | None]
    stable_recall: list[Share | None] | None
    decides: bool


class ComparedSets(Record, frozen=True):
    """The frozen set, and the rolling one if it has rows."""

    frozen: Compared
    rolling: Compared | UnsetType | None = UNSET

    def items(self) -> Iterator[tuple[str, Compared]]:
        """Yields the sets that have rows, with their names."""
        yield "frozen", self.frozen
        if self.rolling:
            yield "rolling", self.rolling


class SetFlip(Flip, frozen=True):
    """A flipped row, and the test set that it is of."""

    set: str


class Overridden(Record, frozen=True):
    """Who let a candidate pass in spite of failed checks, and why."""

    who: str
    reason: str


class GateThresholds(Record, frozen=True):
    """What a candidate had to meet: shares, and the rows from which the rolling set decides."""

    floor: Share
    margin: Share
    recall_drop: Share
    minimum_rolling: int


class Gate(StepResult, frozen=True):
    """The decision. `reasons` are the sentences of the checks that refuse, worst first."""

    STEP: ClassVar[str] = "gate"

    passed: bool
    verdict: Literal["first", "better", "equivalent", "worse"]
    sentence: str
    checks: list[GateCheck]
    reasons: list[str]
    sets: ComparedSets
    labels: list[str]
    stable_version: int | None
    regressions: list[SetFlip]  # the surest first
    improvements: list[SetFlip]
    overridden: Overridden | None
    thresholds: GateThresholds
