"""The rules of the gate: pure functions from an evaluation and thresholds to a decision.

A candidate passes if it reaches the absolute floor; if it is not inferior to the stable model, by a paired test, on the
frozen set and, when that has enough rows, on the rolling set; and if no class's recall falls by more than the bound.
Without a stable model, only the floor counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.gate.evidence import Evidence, TestSet, read_evidence
from sentiment.gate.wording import Comparison, headline, told_difference, told_floor, told_recall
from sentiment.statistics import paired

TOLERANCE = 1e-9  # for floating-point subtraction: a drop of exactly the bound is allowed


@dataclass(frozen=True)
class Thresholds:
    """What a candidate must meet. There are no defaults here: a missing threshold is an error.

    `floor`: least accuracy on the frozen set. `margin`: how far the accuracy may fall at worst. `recall_drop`: how far
    any class's recall may fall on the frozen set. These are shares, 0 to 1. `minimum_rolling`: rows from which the
    rolling set decides.
    """

    floor: float
    margin: float
    recall_drop: float
    minimum_rolling: int

    def __post_init__(self) -> None:
        for name in ("floor", "margin", "recall_drop"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value) or not 0 <= value <= 1:
                raise _bad_threshold(name, "a share between 0 and 1", value)
        rows = self.minimum_rolling
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
            raise _bad_threshold("minimum_rolling", "a count of at least 1", rows)


@dataclass(frozen=True)
class Override:
    """A person lets a candidate pass in spite of failed checks; the reason is recorded."""

    who: str
    reason: str

    def __post_init__(self) -> None:
        if not self.who.strip() or not self.reason.strip():
            raise InputError(
                "an override must name who decides and why",
                found=f"who={self.who!r}, reason={self.reason!r}",
                do="Give both --override-who and --override-reason.",
            )


@dataclass(frozen=True)
class Check:
    """One check: what was found, what is allowed, and both in a sentence. Only a check that `decides` can refuse."""

    name: str
    passed: bool
    decides: bool
    value: float
    threshold: float
    sentence: str


def decide(evaluation: Mapping[str, Any], thresholds: Thresholds, override: Override | None = None) -> dict[str, Any]:
    """Returns the decision about the candidate, JSON-ready. Raises: InputError when a number is impossible."""
    evidence = read_evidence(evaluation)
    compared = [
        _compare(test_set, thresholds) for test_set in (evidence.frozen, evidence.rolling) if test_set is not None
    ]
    checks = _checks(evidence, compared, thresholds)
    failed = [check for check in checks if check.decides and not check.passed]
    verdict = _verdict(evidence, compared, bool(failed))
    overridden = override if failed else None
    sentence = headline(verdict, [check.sentence for check in failed], compared, evidence.stable_version)
    if overridden:
        sentence = f"{overridden.who} overrode the gate ({overridden.reason}). {sentence}"
    return {
        "passed": not failed or overridden is not None,
        "verdict": verdict,
        "sentence": sentence,
        "checks": [asdict(check) for check in checks],
        "reasons": [check.sentence for check in failed],
        "sets": {item.name: _told_set(item, evidence) for item in compared},
        "labels": list(evidence.labels),
        "stable_version": evidence.stable_version,
        "regressions": _flips(evidence, "regressions"),
        "improvements": _flips(evidence, "improvements"),
        "overridden": asdict(overridden) if overridden else None,
        "thresholds": asdict(thresholds),
    }


def _compare(test_set: TestSet, thresholds: Thresholds) -> Comparison:
    stable = test_set.stable_accuracy
    enough = test_set.name == "frozen" or test_set.rows >= thresholds.minimum_rolling
    return Comparison(
        name=test_set.name,
        rows=test_set.rows,
        candidate=test_set.candidate_accuracy,
        stable=stable,
        difference=None if stable is None else (test_set.only_candidate - test_set.only_stable) / test_set.rows,
        lower_bound=None
        if stable is None
        else paired.lower_bound(test_set.only_candidate, test_set.only_stable, test_set.rows),
        margin=thresholds.margin,
        decides=enough and stable is not None,
        minimum_rows=0 if test_set.name == "frozen" else thresholds.minimum_rolling,
    )


def _checks(evidence: Evidence, compared: list[Comparison], thresholds: Thresholds) -> list[Check]:
    accuracy, floor = evidence.frozen.candidate_accuracy, thresholds.floor
    above = accuracy >= floor - TOLERANCE
    checks = [Check("floor", above, True, accuracy, floor, told_floor(accuracy, floor, above))]
    for item in compared:
        if item.lower_bound is not None:
            passed = item.lower_bound > -item.margin
            sentence = told_difference(item, passed)
            name = f"{item.name}_non_inferiority"
            checks.append(Check(name, passed, item.decides, item.lower_bound, -item.margin, sentence))
    return checks + _recall_checks(evidence, thresholds.recall_drop)


def _recall_checks(evidence: Evidence, bound: float) -> list[Check]:
    frozen = evidence.frozen
    if frozen.stable is None:
        return []
    checks = []
    recalls = zip(evidence.labels, frozen.stable.recall, frozen.candidate.recall, strict=True)
    for label, before, now in recalls:
        if before is not None and now is not None:
            drop = before - now
            passed = drop <= bound + TOLERANCE
            sentence = told_recall(label, before, now, bound)
            checks.append(Check(f"recall_{label}", passed, True, drop, bound, sentence))
    return checks


def _verdict(evidence: Evidence, compared: list[Comparison], failed: bool) -> str:
    if not evidence.has_stable:
        return "first"
    if failed:
        return "worse"
    gained = any(item.decides and item.lower_bound is not None and item.lower_bound > 0 for item in compared)
    return "better" if gained else "equivalent"


def _told_set(item: Comparison, evidence: Evidence) -> dict[str, Any]:
    test_set = evidence.frozen if item.name == "frozen" else evidence.rolling
    assert test_set is not None  # it was compared
    stable = test_set.stable
    return {
        "rows": item.rows,
        "candidate_accuracy": item.candidate,
        "stable_accuracy": item.stable,
        "difference": item.difference,
        "lower_bound": item.lower_bound,
        "mcnemar_p": paired.mcnemar_p(test_set.only_candidate, test_set.only_stable) if stable else None,
        "only_candidate": test_set.only_candidate if stable else None,
        "only_stable": test_set.only_stable if stable else None,
        "support": list(test_set.support),
        "candidate_recall": list(test_set.candidate.recall),
        "stable_recall": list(stable.recall) if stable else None,
        "decides": item.decides,
    }


def _flips(evidence: Evidence, kind: str) -> list[dict[str, Any]]:
    """Returns the flipped texts of both sets, the candidate's most confident answers first."""
    flips: list[dict[str, Any]] = []
    for test_set in (evidence.frozen, evidence.rolling):
        flips += getattr(test_set, kind) if test_set else []
    return sorted(flips, key=lambda flip: -_confidence(flip))


def _confidence(flip: Mapping[str, Any]) -> float:
    value = flip.get("confidence")
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _bad_threshold(name: str, wanted: str, found: Any) -> InputError:
    return InputError(
        f"the gate's threshold {name} must be {wanted}",
        found="nothing" if found is None else repr(found),
        do=f"Set SENTIMENT_GATE_{name.upper()} or give --{name.replace('_', '-')}.",
    )
