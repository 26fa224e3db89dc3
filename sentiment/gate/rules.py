"""The rules of the gate: pure functions from an evaluation and thresholds to a decision.

A candidate passes if it reaches the absolute floor; if it is not inferior to the stable model, by a paired test, on the
frozen set and, when that has enough rows, on the rolling set; if no class's recall falls by more than the bound; and if
that holds without the rows of those who gave the new training rows (`sentiment.gate.by_source`), and over a year of
nights (`sentiment.gate.year`). Without a stable model, only the floor counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from msgspec import structs

from sentiment.errors import InputError
from sentiment.gate import by_source_checks
from sentiment.gate.evidence import Evidence, sound_sets
from sentiment.gate.headline import headline, with_exceptions
from sentiment.gate.thresholds import Thresholds
from sentiment.gate.wording import Comparison, told_difference, told_floor, told_recall
from sentiment.gate.year import Night, beside_reference, beside_stable, shows_better
from sentiment.gate.year_checks import place_in_year, year_checks
from sentiment.results.decision import (
    Compared,
    ComparedSets,
    Gate,
    GateCheck,
    GateThresholds,
    Loosened,
    Overridden,
    SetFlip,
)
from sentiment.results.evaluation import Evaluation, Flip
from sentiment.statistics import paired
from sentiment.text.invisible import is_blank

TOLERANCE = 1e-9  # for floating-point subtraction: a drop of exactly the bound is allowed


@dataclass(frozen=True)
class Override:
    """A person lets a candidate pass in spite of failed checks; the reason is recorded."""

    who: str
    reason: str

    def __post_init__(self) -> None:
        if is_blank(self.who) or is_blank(self.reason):
            raise InputError(
                "an override must name who decides and why",
                found=f"who={self.who!r}, reason={self.reason!r}",
                do="Give both --override-who and --override-reason.",
            )


def decide(
    evaluation: Evaluation,
    thresholds: Thresholds,
    override: Override | None = None,
    loosened: Loosened | None = None,
    night: Night | None = None,
    more: Sequence[GateCheck] = (),
) -> Gate:
    """Returns the decision about the candidate; `loosened` says who made the thresholds what they are.

    Without a `night` it is a decision that stands alone, and the rule of the year is left out. `more` are checks by
    rules with modules of their own.

    Raises: InputError when the evaluation's numbers contradict.
    """
    sets = sound_sets(evaluation)
    compared = [_compare(test_set, thresholds) for test_set in sets]
    has_stable = sets[0].stable is not None
    deciding = [found for found, item in zip(sets, compared, strict=True) if item.decides]
    year = place_in_year(evaluation, deciding, night) if night and has_stable else None
    not_as_good = [item.name for item in compared if item.lower_bound is not None and item.lower_bound <= -item.margin]
    checks = [
        *_checks(evaluation.labels, sets[0], compared, thresholds),
        *by_source_checks.checks(evaluation.by_source, evaluation.labels, thresholds.margin, not_as_good),
        *year_checks(year),
        *more,
    ]
    failed = [check for check in checks if check.decides and not check.passed]
    verdict = _verdict(has_stable, compared, bool(failed))
    overridden = Overridden(**asdict(override)) if override and failed else None
    sentence = headline(verdict, [check.sentence for check in failed], compared, evaluation.stable_version)
    return Gate(
        passed=not failed or overridden is not None,
        verdict=verdict,
        sentence=with_exceptions(sentence, overridden, loosened),
        checks=checks,
        reasons=[check.sentence for check in failed],
        sets=ComparedSets(**{item.name: _told_set(item, found) for item, found in zip(compared, sets, strict=True)}),
        labels=evaluation.labels,
        stable_version=evaluation.stable_version,
        regressions=_surest_first({found.name: found.found.regressions for found in sets}),
        improvements=_surest_first({found.name: found.found.improvements for found in sets}),
        overridden=overridden,
        thresholds=GateThresholds(**asdict(thresholds)),
        loosened=loosened,
        year=year,
        pins=not has_stable or shows_better(beside_reference(deciding) or beside_stable(deciding)),
        must_hold=evaluation.must_hold,
        by_source=evaluation.by_source,
        costs=evaluation.costs,
    )


def _compare(test_set: Evidence, thresholds: Thresholds) -> Comparison:
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


def _checks(
    labels: Sequence[str], frozen: Evidence, compared: list[Comparison], thresholds: Thresholds
) -> list[GateCheck]:
    accuracy, floor = frozen.candidate_accuracy, thresholds.floor
    above = accuracy >= floor - TOLERANCE
    checks = [GateCheck("floor", above, True, accuracy, floor, told_floor(accuracy, floor, above))]
    for item in compared:
        if item.lower_bound is not None:
            passed = item.lower_bound > -item.margin
            sentence = told_difference(item, passed)
            name = f"{item.name}_non_inferiority"
            checks.append(GateCheck(name, passed, item.decides, item.lower_bound, -item.margin, sentence))
    return checks + _recall_checks(labels, frozen, thresholds.recall_drop)


def _recall_checks(labels: Sequence[str], frozen: Evidence, bound: float) -> list[GateCheck]:
    if frozen.stable is None:
        return []
    checks = []
    recalls = zip(labels, frozen.recall(frozen.stable), frozen.recall(frozen.candidate), strict=True)
    for label, before, now in recalls:
        if before is not None and now is not None:
            drop = before - now
            passed = drop <= bound + TOLERANCE
            sentence = told_recall(label, before, now, bound)
            checks.append(GateCheck(f"recall_{label}", passed, True, drop, bound, sentence))
    return checks


def _verdict(
    has_stable: bool, compared: list[Comparison], failed: bool
) -> Literal["first", "better", "equivalent", "worse"]:
    if not has_stable:
        return "first"
    if failed:
        return "worse"
    gained = any(item.decides and item.lower_bound is not None and item.lower_bound > 0 for item in compared)
    return "better" if gained else "equivalent"


def _told_set(item: Comparison, test_set: Evidence) -> Compared:
    stable = test_set.stable
    return Compared(
        rows=item.rows,
        candidate_accuracy=item.candidate,
        stable_accuracy=item.stable,
        difference=item.difference,
        lower_bound=item.lower_bound,
        mcnemar_p=paired.mcnemar_p(test_set.only_candidate, test_set.only_stable) if stable else None,
        only_candidate=test_set.only_candidate if stable else None,
        only_stable=test_set.only_stable if stable else None,
        support=test_set.candidate.support,
        candidate_recall=test_set.recall(test_set.candidate),
        stable_recall=test_set.recall(stable) if stable else None,
        decides=item.decides,
    )


def _surest_first(flips: Mapping[str, Sequence[Flip]]) -> list[SetFlip]:
    """Returns the flipped texts of all sets, by their sets' names."""
    found = [SetFlip(set=name, **structs.asdict(flip)) for name, members in flips.items() for flip in members]
    return sorted(found, key=lambda flip: -flip.confidence)
