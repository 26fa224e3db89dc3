"""What `gate` leaves: the decision on a candidate, with all that it was decided from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.results.cost import Costs
from sentiment.results.evaluation import Flip, SourceRows
from sentiment.results.must_hold import MustHold
from sentiment.results.record import Count, Record, Share, StepResult

ENDS = (".", "!", "?", "。", "！", "？")


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


class LooserLimit(Record, frozen=True):
    """A limit of the gate that is easier to meet than configured."""

    name: str
    asked: float
    configured: float


class Loosened(Record, frozen=True):
    """Who loosened the gate for a run, and why; both are empty in a trial, from which nothing can be published."""

    who: str
    reason: str
    limits: list[LooserLimit]

    @property
    def changes(self) -> str:
        """The limits in words: `margin 0.2 instead of 0.01`."""
        told = (
            f"{one.name.replace('_', ' ')} {_figure(one.asked)} instead of {_figure(one.configured)}"
            for one in self.limits
        )
        return ", ".join(told)

    @property
    def told(self) -> str:
        """All of it in words, for those who decide about the candidate."""
        by = f" by {self.who}" if self.who else ""
        why = f" Reason: {self.reason}{'' if self.reason.endswith(ENDS) else '.'}" if self.reason else ""
        return f"The gate was loosened{by}: {self.changes}.{why}"


class GateThresholds(Record, frozen=True):
    """What a candidate had to meet: shares, and the rows from which the rolling set decides."""

    floor: Share
    margin: Share
    recall_drop: Share
    minimum_rolling: int


class YearPair(Record, frozen=True):
    """The candidate beside another version on all rows that decide."""

    version: int | None  # null when files are compared
    difference: float  # of the accuracies, a share
    lower_bound: float  # of the difference, at the night's level
    chance_worse: Share  # that the candidate is worse at all
    chance_harmful: Share  # that it is worse by more than `harm`


class Year(Record, frozen=True):
    """The decision's place in its year (see `sentiment.gate.year`). Shares, and counts of the 365 days before it."""

    harm: Share
    risk: Share
    nights: Count
    level: Share  # that this decision spends
    spent: Share  # by those before it
    decisions: Count
    promotions: Count
    rows: Count
    rows_needed: Count | None  # from which on an equally good candidate passes every second time; null: never
    stable: YearPair
    reference: YearPair | None  # null when it is the stable version, or was not scored

    @property
    def pairs(self) -> list[YearPair]:
        """The versions that the candidate is compared with."""
        return [self.stable, self.reference] if self.reference else [self.stable]


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
    loosened: Loosened | None = None  # looser limits than configured
    year: Year | None = None  # null without a stable model, and in a decision that is older than this field
    wear: str = ""  # how worn the frozen set was before this decision, in a sentence
    pins: bool = False  # whether the candidate is the reference of later ones, once it is promoted
    must_hold: MustHold | UnsetType = UNSET  # as in the evaluation
    # The sources with the most new rows first; empty without a stable model.
    by_source: list[SourceRows] = msgspec.field(default_factory=list)
    costs: Costs | None = None  # as in the evaluation; they decide nothing

    @property
    def exceptions(self) -> list[str]:
        """What people allowed this candidate, in sentences: looser limits, or passing in spite of failed checks."""
        found = [self.loosened.told] if self.loosened else []
        over = self.overridden
        return [*found, f"gate overridden by {over.who}: {over.reason}"] if over else found


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
