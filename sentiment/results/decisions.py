"""The lines of `serving/decisions.jsonl`: what the gate decided, from which counts. They quote no posts."""

from __future__ import annotations

import msgspec

from sentiment.results.evaluation import TestSet
from sentiment.results.record import Count, Record, Share


class Judged(Record, frozen=True):
    """A test set in a decision: how many rows which model has right. What needs a model that was not there is null."""

    sha256: str  # of the rows; "" when the evaluation does not say
    rows: Count
    candidate_right: Count
    only_candidate: Count | None = None
    only_stable: Count | None = None
    only_candidate_to_reference: Count | None = None
    only_reference: Count | None = None

    @property
    def stable_right(self) -> int | None:
        """The rows that stable has right; None when there was no stable model."""
        if self.only_candidate is None or self.only_stable is None:
            return None
        return self.candidate_right - self.only_candidate + self.only_stable


class Decision(Record, frozen=True):
    """One decision, at a time (ISO 8601, UTC); `level` is the share of the year's risk that it spent."""

    at: str
    run: str
    evaluation: str  # sha256 of what was decided from: a decision that is made again is not spent again
    level: Share
    passed: bool
    overridden: bool
    verdict: str
    stable_version: int | None
    reference_version: int | None
    sets: dict[str, Judged] = msgspec.field(default_factory=dict)


def judged(found: TestSet) -> Judged:
    """Returns what a decision keeps of a test set that has rows."""
    assert found.candidate is not None
    paired, reference = found.paired, found.to_reference
    beside_stable = (paired.only_candidate, paired.only_stable) if paired else (None, None)
    beside_reference = (reference.only_candidate, reference.only_stable) if reference else (None, None)
    return Judged(
        sha256=found.sha256,
        rows=found.rows,
        candidate_right=found.candidate.correct,
        only_candidate=beside_stable[0],
        only_stable=beside_stable[1],
        only_candidate_to_reference=beside_reference[0],
        only_reference=beside_reference[1],
    )
