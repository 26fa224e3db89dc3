"""An evaluation, read so strictly that a missing or impossible number cannot become a pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from sentiment.errors import InputError

ROUNDING = 1e-3  # how far a reported share may be from the counts beside it


@dataclass(frozen=True)
class Scores:
    """One model on one set. `recall` is by label id; None where the set has no row of that label."""

    correct: int
    recall: tuple[float | None, ...]


@dataclass(frozen=True)
class TestSet:
    """Candidate and stable on the same `rows` rows; without a stable model `stable` is None and both counts are 0."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    name: str
    rows: int
    candidate: Scores
    stable: Scores | None
    support: tuple[int, ...]
    only_candidate: int
    only_stable: int
    regressions: list[dict[str, Any]]
    improvements: list[dict[str, Any]]

    @property
    def candidate_accuracy(self) -> float:
        return self.candidate.correct / self.rows

    @property
    def stable_accuracy(self) -> float | None:
        return self.stable.correct / self.rows if self.stable else None


@dataclass(frozen=True)
class Evidence:
    """All that the gate decides from. `rolling` is None when that set has no row."""

    labels: tuple[str, ...]
    has_stable: bool
    stable_version: int | None
    frozen: TestSet
    rolling: TestSet | None


def read_evidence(evaluation: Mapping[str, Any]) -> Evidence:
    """Returns the evidence in `evaluation` (what `sentiment evaluate` leaves). InputError when any of it is amiss."""
    labels = evaluation.get("labels")
    if not _is_list(labels) or len(labels) < 2 or not all(isinstance(label, str) for label in labels):
        raise _amiss("labels", "a list of label names", labels)
    has_stable = evaluation.get("stable") is not None
    sets = _mapping(evaluation, "sets", "sets")
    frozen = _read_set("frozen", _mapping(sets, "frozen", "sets.frozen"), len(labels), has_stable)
    if frozen is None:
        raise _amiss("sets.frozen.rows", "at least one row", 0)
    rolling = sets.get("rolling")
    return Evidence(
        labels=tuple(labels),
        has_stable=has_stable,
        stable_version=_version(evaluation.get("stable_version")),
        frozen=frozen,
        rolling=None
        if rolling is None
        else _read_set("rolling", _mapping(sets, "rolling", "sets.rolling"), len(labels), has_stable),
    )


def _read_set(name: str, found: Mapping[str, Any], labels: int, has_stable: bool) -> TestSet | None:
    where = f"sets.{name}"
    rows = _count(found.get("rows"), f"{where}.rows")
    if rows == 0:
        return None
    candidate_found = _mapping(found, "candidate", f"{where}.candidate")
    support = _supports(candidate_found.get("support"), f"{where}.candidate.support", labels, rows)
    candidate = _read_scores(candidate_found, f"{where}.candidate", rows, support)
    stable, only_candidate, only_stable = None, 0, 0
    if has_stable:
        stable = _read_scores(_mapping(found, "stable", f"{where}.stable"), f"{where}.stable", rows, support)
        only_candidate, only_stable = _paired(found, where, rows, candidate.correct, stable.correct)
    elif found.get("stable") is not None or found.get("paired") is not None:
        raise _amiss(f"{where}.stable", "absent, as the evaluation names no stable model", "scores")
    return TestSet(
        name,
        rows,
        candidate,
        stable,
        support,
        only_candidate,
        only_stable,
        _examples(found, "regressions", where),
        _examples(found, "improvements", where),
    )


def _read_scores(found: Mapping[str, Any], where: str, rows: int, support: tuple[int, ...]) -> Scores:
    correct = _count(found.get("correct"), f"{where}.correct")
    accuracy = _share(found.get("accuracy"), f"{where}.accuracy")
    if correct > rows or abs(accuracy - correct / rows) > ROUNDING:
        raise _amiss(f"{where}.accuracy", f"correct / rows = {correct} / {rows}", accuracy)
    recall = found.get("recall")
    if not _is_list(recall) or len(recall) != len(support):
        raise _amiss(f"{where}.recall", f"a list of {len(support)} shares", recall)
    return Scores(
        correct,
        tuple(
            _share(value, f"{where}.recall[{label}]") if support[label] else None for label, value in enumerate(recall)
        ),
    )


def _paired(found: Mapping[str, Any], where: str, rows: int, candidate: int, stable: int) -> tuple[int, int]:
    """Returns the rows that only the candidate, and that only the stable model, has right."""
    paired = _mapping(found, "paired", f"{where}.paired")
    both_right, only_candidate, only_stable, both_wrong = (
        _count(paired.get(name), f"{where}.paired.{name}")
        for name in ("both_right", "only_candidate", "only_stable", "both_wrong")
    )
    adds_up = both_right + only_candidate + only_stable + both_wrong == rows
    if not adds_up or both_right + only_candidate != candidate or both_right + only_stable != stable:
        raise _amiss(
            f"{where}.paired", f"counts that add up to {rows} rows, {candidate} and {stable} right", dict(paired)
        )
    return only_candidate, only_stable


def _examples(found: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    examples = found.get(name) or []
    if not _is_list(examples) or not all(isinstance(example, dict) for example in examples):
        raise _amiss(f"{where}.{name}", "a list of flipped texts", examples)
    return [{**example, "set": where.removeprefix("sets.")} for example in examples]


def _supports(value: Any, where: str, labels: int, rows: int) -> tuple[int, ...]:
    if not _is_list(value) or len(value) != labels:
        raise _amiss(where, f"a list of {labels} counts", value)
    counts = tuple(_count(count, f"{where}[{label}]") for label, count in enumerate(value))
    if sum(counts) != rows:
        raise _amiss(where, f"counts that add up to {rows} rows", list(counts))
    return counts


def _mapping(parent: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, Mapping):
        raise _amiss(where, "an object", value)
    return value


def _version(value: Any) -> int | None:
    return None if value is None else _count(value, "stable_version")


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _amiss(where, "a count", value)
    return value


def _share(value: Any, where: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value <= 1:
        raise _amiss(where, "a number between 0 and 1", value)
    return float(value)


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _amiss(where: str, wanted: str, found: Any) -> InputError:
    return InputError(
        f"the evaluation's {where} must be {wanted}",
        found="nothing" if found is None else repr(found)[:120],
        do="Run `sentiment evaluate` again.",
    )
