"""What `evaluate` leaves: candidate and stable, on the same rows of both test sets."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.results.cost import Costs
from sentiment.results.estimate import Confidence
from sentiment.results.must_hold import MustHold
from sentiment.results.record import Count, Record, Share, StepResult
from sentiment.results.training import Metrics

LARGE = 0.02  # share of the new rows from which a source is one of those that the candidate was trained on


class Flip(Record, frozen=True):
    """A row of which exactly one of the two models is right; labels by id."""

    text: str
    title: str
    true: int
    stable: int
    candidate: int
    confidence: Share  # of the candidate in its answer


class Paired(Record, frozen=True):
    """Rows by which of the two models is right."""

    both_right: Count
    only_candidate: Count
    only_stable: Count
    both_wrong: Count


class SetConfidence(Record, frozen=True):
    """Whether a model is right as often as it says, on one set; all are shares."""

    expected_calibration_error: Share
    mean_confidence: Share  # in its answers
    by_chance: Share  # the largest error, in 95 of 100 such sets, of a model that is exactly as right as it says
    spread: Share  # the standard error of the calibration error, at most


NO_ROWS = Paired(both_right=0, only_candidate=0, only_stable=0, both_wrong=0)


class TiltedWord(Record, frozen=True):
    """The word that a source labels most unlike others (see `sentiment.evaluation.tilted`); rows are counted."""

    word: str
    label: Count  # the id of the label that the source gives it
    new: Count  # new rows of the source that hold the word
    new_of_label: Count
    others: Count  # rows of others, new or tested, that hold it
    others_of_label: Count
    tested: Paired  # test rows of others that hold it and have another label; right is who does not give the source's


class SourceRows(Record, frozen=True):
    """The rows of one source; `name` is "" for rows without a source, and null for all that are not listed."""

    name: str | None
    new: Count = 0  # training rows that the candidate is the first to see
    frozen: Paired = NO_ROWS
    rolling: Paired = NO_ROWS
    word: TiltedWord | None = None  # of a source with a large part of the new rows


class TestSet(Record, frozen=True):
    """One test set. Without rows there are no figures; without a stable model `stable` and `paired` are null."""

    __test__: ClassVar[bool] = False  # not a test case, whatever pytest thinks of the name

    rows: Count
    candidate: Metrics | None
    stable: Metrics | None
    paired: Paired | None
    regressions: list[Flip]  # right in stable, wrong in the candidate; the surest first
    improvements: list[Flip]
    sha256: str = ""  # of the rows; "" in an evaluation that is older than this field
    reference: Metrics | None = None  # null also where the reference is the stable model
    to_reference: Paired | None = None  # its `only_stable` are the rows that only the reference has right
    candidate_confidence: SetConfidence | UnsetType = UNSET  # left out by an earlier version, and without rows
    stable_confidence: SetConfidence | UnsetType = UNSET
    changed: Count | UnsetType = UNSET  # rows that the candidate answers otherwise than stable; left out without one


class TestSets(Record, frozen=True):
    """The test set that never changes, and the one of recent posts."""

    __test__: ClassVar[bool] = False

    frozen: TestSet
    rolling: TestSet | None = None


class Evaluation(StepResult, frozen=True):
    """The models' figures. `stable` is null before the first model, `stable_version` also when files are compared.

    `reference` is the best stable version so far, which the gate compares with as well; it may be the stable one.
    """

    STEP: ClassVar[str] = "evaluate"

    candidate: str  # its model folder
    stable: str | None
    stable_version: Count | None
    labels: list[str]
    sets: TestSets
    reference: str | None = None
    reference_version: Count | None = None
    must_hold: MustHold | UnsetType = UNSET  # where the home has such cases
    confidence: Confidence | None = None  # what live quality is estimated from; an older evaluation has none
    # The sources with the most new rows first; empty without a stable model.
    by_source: list[SourceRows] = msgspec.field(default_factory=list)
    costs: Costs | None = None  # an older evaluation has none
