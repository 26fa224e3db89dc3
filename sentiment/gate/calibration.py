"""A warning of the gate: the candidate is not right as often as it says. It never decides.

A label can be right while the percentage beside it is not, and whoever counts or filters by percentages is then misled.
Both models' expected calibration errors are measured on the same rows by `evaluate`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from sentiment.gate.rows import version_name
from sentiment.gate.wording import TEST_SETS
from sentiment.language import recorded, tr
from sentiment.results.decision import Gate, GateCheck
from sentiment.results.evaluation import Evaluation, SetConfidence, TestSet
from sentiment.text.units import percent

CLEARLY_WORSE = 0.05  # than stable's error, as a share
ONE_SIDED_95 = 1.645  # standard errors
NAME = "calibration"


def calibration_warnings(gate: Gate) -> list[str]:
    """Returns the sentences of the checks that did not pass, for those who decide about the candidate."""
    return [recorded(check.sentence) for check in gate.checks if check.name.endswith(f"_{NAME}") and not check.passed]


def calibration_checks(evaluation: Evaluation, limit: float) -> list[GateCheck]:
    """Returns a check for each test set with figures of the candidate's confidence; an earlier evaluation has none.

    `limit` is the largest error, as a share.
    """
    stable = version_name(evaluation.stable_version)
    return [
        _check(name, found, found.candidate.accuracy, found.candidate_confidence, limit, stable)
        for name, found in _sets(evaluation)
        if found.rows and found.candidate and found.candidate_confidence
    ]


def _sets(evaluation: Evaluation) -> Iterator[tuple[str, TestSet]]:
    yield "frozen", evaluation.sets.frozen
    if evaluation.sets.rolling:
        yield "rolling", evaluation.sets.rolling


def _check(name: str, found: TestSet, right: float, ours: SetConfidence, limit: float, stable: str) -> GateCheck:
    theirs, error = found.stable_confidence, ours.expected_calibration_error
    lead = tr(
        "On {set}, the candidate is {sure} sure on average and {right} right: its expected calibration error is "
        "{error}",
        set=tr(TEST_SETS[name]),
        sure=percent(ours.mean_confidence),
        right=percent(right),
        error=percent(error),
    )
    passed, threshold, most = True, limit, percent(limit)
    sentence = tr("{lead}, the limit is {limit}.", lead=lead, limit=most)
    if error > limit and error > ours.by_chance:
        passed = False
    elif theirs and is_clearly_worse(ours, theirs):
        passed, threshold = False, theirs.expected_calibration_error + CLEARLY_WORSE
        beside = percent(theirs.expected_calibration_error)
        sentence = tr("{lead}, clearly more than that of {model}, {error}.", lead=lead, model=stable, error=beside)
    elif error > limit:
        sentence = tr(
            "{lead}, the limit is {limit}, but on {rows:,} rows chance alone gives up to {by_chance}; about "
            "{missing:,} more rows are needed to tell.",
            lead=lead,
            limit=most,
            rows=found.rows,
            by_chance=percent(ours.by_chance),
            missing=rows_missing(ours, found.rows, limit),
        )
    return GateCheck(f"{name}_{NAME}", passed, False, error, threshold, sentence)


def is_clearly_worse(ours: SetConfidence, theirs: SetConfidence) -> bool:
    """Tells whether the candidate's error is larger than stable's by what matters, and by more than chance."""
    excess = ours.expected_calibration_error - theirs.expected_calibration_error
    return excess > max(CLEARLY_WORSE, ONE_SIDED_95 * (ours.spread + theirs.spread))


def rows_missing(ours: SetConfidence, rows: int, limit: float) -> int:
    """Returns how many more rows are needed for chance alone to stay below `limit`; it falls with their square root."""
    return math.ceil(rows * (ours.by_chance / limit) ** 2) - rows
