"""What a type cannot say of an evaluation: that its numbers belong together. One that does not hold is no pass."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.errors import InputError
from sentiment.gate.counts import Counts
from sentiment.results.evaluation import NO_ROWS, Evaluation, Paired, TestSet
from sentiment.results.training import Metrics

ROUNDING = 1e-3  # how far a reported share may be from the counts beside it
AGAIN = "Run `sentiment evaluate` again."
NAME = "the evaluation"


@dataclass(frozen=True)
class Evidence:
    """One test set that has rows, its numbers sound."""

    name: str
    found: TestSet
    candidate: Metrics
    stable: Metrics | None  # None without a stable model: then no row is right in one alone
    only_candidate: int = 0
    only_stable: int = 0

    @property
    def rows(self) -> int:
        return self.found.rows

    @property
    def candidate_accuracy(self) -> float:
        return self.candidate.correct / self.rows

    @property
    def stable_accuracy(self) -> float | None:
        return self.stable.correct / self.rows if self.stable else None

    def recall(self, of: Metrics) -> list[float | None]:
        """Returns the recall by label id, None where the set has no row of that label."""
        return [share if rows else None for share, rows in zip(of.recall, self.candidate.support, strict=True)]


def sound_sets(evaluation: Evaluation) -> list[Evidence]:
    """Returns the sets to decide from: the frozen one, and the rolling one if it has rows.

    Raises: InputError when a number contradicts another, with the field that does.
    """
    labels, has_stable = len(evaluation.labels), evaluation.stable is not None
    if labels < 2:
        raise _contradicted("labels", "at least two label names", str(evaluation.labels))
    frozen = _sound("frozen", evaluation.sets.frozen, labels, has_stable)
    if frozen is None:
        raise _contradicted("sets.frozen.rows", "at least one row", "0")
    rolling = evaluation.sets.rolling and _sound("rolling", evaluation.sets.rolling, labels, has_stable)
    _require_sources(evaluation)
    return [frozen, rolling] if rolling else [frozen]


def _sound(name: str, found: TestSet, labels: int, has_stable: bool) -> Evidence | None:
    where = f"sets.{name}"
    if not found.rows:
        return None
    if found.candidate is None:
        raise _contradicted(f"{where}.candidate", "there", "null")
    _require_scores(found.candidate, f"{where}.candidate", found.rows, labels)
    if not has_stable:
        if found.stable is not None or found.paired is not None:
            raise _contradicted(f"{where}.stable", "null, as the evaluation names no stable model", "scores")
        return Evidence(name, found, found.candidate, None)
    if found.stable is None or found.paired is None:
        missing = "stable" if found.stable is None else "paired"
        raise _contradicted(f"{where}.{missing}", "there, as the evaluation names a stable model", "null")
    _require_scores(found.stable, f"{where}.stable", found.rows, labels, found.candidate.support)
    _require_pairs(found.paired, f"{where}.paired", found.rows, found.candidate.correct, found.stable.correct)
    _require_reference(found, where, labels)
    paired = (found.paired.only_candidate, found.paired.only_stable)
    return Evidence(name, found, found.candidate, found.stable, *paired)


def _require_reference(found: TestSet, where: str, labels: int) -> None:
    """Raises: InputError unless the reference's numbers, where another model than stable was scored, are sound."""
    reference, pairs = found.reference, found.to_reference
    if reference is None and pairs is None:
        return
    if reference is None or pairs is None:
        missing, there = ("reference", "to_reference") if reference is None else ("to_reference", "reference")
        raise _contradicted(f"{where}.{missing}", f"there, as {there} is", "null")
    assert found.candidate is not None
    _require_scores(reference, f"{where}.reference", found.rows, labels, found.candidate.support)
    _require_pairs(pairs, f"{where}.to_reference", found.rows, found.candidate.correct, reference.correct)


def _require_scores(found: Metrics, where: str, rows: int, labels: int, support: list[int] | None = None) -> None:
    """Raises: InputError unless the numbers agree with the rows, and the support with that of the other model."""
    if found.correct > rows or not abs(found.accuracy - found.correct / rows) <= ROUNDING:
        raise _contradicted(f"{where}.accuracy", f"correct / rows = {found.correct} / {rows}", str(found.accuracy))
    if len(found.recall) != labels:
        raise _contradicted(f"{where}.recall", f"a list of {labels} shares", str(found.recall))
    if len(found.support) != labels or sum(found.support) != rows or found.support != (support or found.support):
        raise _contradicted(f"{where}.support", f"{labels} counts that add up to {rows} rows", str(found.support))


def _require_pairs(paired: Paired, where: str, rows: int, candidate: int, other: int) -> None:
    """Raises: InputError unless the pairs add up to the rows, and to what either model has right."""
    total = paired.both_right + paired.only_candidate + paired.only_stable + paired.both_wrong
    right = (paired.both_right + paired.only_candidate, paired.both_right + paired.only_stable)
    if total != rows or right != (candidate, other):
        wanted = f"counts that add up to {rows} rows, {candidate} and {other} right"
        raise _contradicted(where, wanted, f"{total} rows, {right[0]} and {right[1]} right")


def _require_sources(evaluation: Evaluation) -> None:
    """Raises: InputError unless the counts by source, where there are any, are those of all rows; each name once."""
    names = [source.name for source in evaluation.by_source]
    if len(set(names)) != len(names):
        raise _contradicted("by_source", "one entry for each source", f"{len(names)} for {len(set(names))} sources")
    for name, found in (("frozen", evaluation.sets.frozen), ("rolling", evaluation.sets.rolling)):
        wanted = Counts.of(found.paired if found and found.paired else NO_ROWS)
        together = sum((Counts.of(getattr(source, name)) for source in evaluation.by_source), Counts())
        if evaluation.by_source and together != wanted:
            raise _contradicted(f"by_source[].{name}", f"counts that add up to {wanted}", str(together))


def _contradicted(field: str, wanted: str, found: str) -> InputError:
    return InputError(f"{NAME}'s {field} must be {wanted}", found=found[:120], do=AGAIN)
