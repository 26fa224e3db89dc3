"""Decisions about evaluations of every kind, drawn at random: sets, sources, cases that must hold, a year."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from sentiment.gate import rules
from sentiment.gate.evidence import AGAIN, NAME
from sentiment.gate.more import more_checks
from sentiment.gate.rules import Override
from sentiment.gate.thresholds import Thresholds
from sentiment.gate.year import Night, YearRule
from sentiment.results.decision import Gate, Loosened, LooserLimit
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import decoded
from sentiment.settings import Settings
from support.evaluations import costs, make_evaluation, make_set, square

Paired = dict[str, int]
COUNTS = ("both_right", "only_candidate", "only_stable", "both_wrong")
NOTHING: Paired = dict.fromkeys(COUNTS, 0)
WHO, REASON, SOURCE = "ann of labelling", "few rows. They are right", "news desk"  # which no language changes
WORD = "phone of theirs"  # in no language: what people wrote
LIMITS = ("floor", "margin", "recall_drop", "minimum_rolling")


def gate_case(seed: int) -> Gate:
    """Returns a decision about an evaluation of that number."""
    lot = random.Random(seed)
    found = _evaluation(lot)
    found["costs"] = _costs(random.Random(f"costs {seed}"), found["stable"] is not None)
    evaluation = decoded(found, Evaluation, NAME, AGAIN)
    margin = lot.choice((0.005, 0.01, 0.05))
    thresholds = Thresholds(lot.choice((0.5, 0.8)), margin, lot.choice((0.01, 0.05)), 200)
    rule = YearRule.of(margin, 0.05, 250)
    spent = lot.choice((0.0, 0.01, 0.05))
    night = Night(rule, rule.level(spent), spent, lot.choice((0, 1, 1200)), lot.choice((0, 1, 7)))
    return rules.decide(
        evaluation,
        thresholds,
        Override(WHO, REASON) if lot.random() < 0.2 else None,
        _loosened(lot) if lot.random() < 0.3 else None,
        night if lot.random() < 0.7 else None,
        more_checks(evaluation, Settings()),
    )


def _evaluation(lot: random.Random) -> dict[str, Any]:
    has_stable = lot.random() < 0.9
    found = make_evaluation(*_hits(lot, has_stable, rows := lot.choice((40, 400, 400, 4000))), (rows, rows, rows))
    sets = found["sets"]
    if lot.random() < 0.6:
        size = lot.choice((30, 300))
        now, before, only = _hits(lot, has_stable, size)
        stable = square(before, [size] * 3) if before else None
        sets["rolling"] = make_set(square(now, [size] * 3), stable, only)
    for one in sets.values():
        if one["rows"] and lot.random() < 0.6:
            one |= {"candidate_confidence": _confidence(lot)}
            one |= {"stable_confidence": _confidence(lot)} if has_stable else {}
    if has_stable:
        found["stable_version"] = lot.choice((2, 2, None))
        if lot.random() < 0.5:
            found |= _beside_reference(lot, sets)
        if lot.random() < 0.6:
            found["by_source"] = _sources(lot, sets)
    if lot.random() < 0.5:
        found["must_hold"] = _must_hold(lot, has_stable, found.get("reference") is not None)
    return found


def _costs(lot: random.Random, has_stable: bool) -> dict[str, Any] | None:
    """Returns what both cost; None in an older evaluation."""
    if lot.random() < 0.2:
        return None
    timed = lot.random() < 0.8
    return costs(
        (lot.choice((53_123, 3_200_000, 102_000_000)), lot.choice((0.05, 1.84, 250.0)) if timed else None),
        (lot.choice((53_123, 3_200_000)), lot.choice((0.05, 1.84)) if timed else None) if has_stable else None,
        cores=lot.choice((1, 2)),
    )


def _hits(lot: random.Random, has_stable: bool, rows: int) -> tuple[list[int], list[int] | None, int]:
    """Returns what candidate and stable have right of each label, and how many rows the candidate alone has right."""
    share = lot.choice((0.45, 0.8, 0.8, 0.9))
    stable = [round(rows * share)] * 3
    now = [
        min(rows, max(0, one + round(rows * lot.choice((0, 0, lot.gauss(0, 0.02), lot.gauss(0, 0.08))))))
        for one in stable
    ]
    lowest, most = max(0, sum(now) - sum(stable)), min(sum(now), 3 * rows - sum(stable))
    only = min(most, lowest + lot.choice((rows // 100, rows // 5, rows // 5)))
    return (now, stable, only) if has_stable else (now, None, 0)


def _confidence(lot: random.Random) -> dict[str, float]:
    error, chance = lot.choice((0.02, 0.09, 0.15)), lot.choice((0.03, 0.2))
    return {"expected_calibration_error": error, "mean_confidence": 0.98, "by_chance": chance, "spread": 0.01}


def _beside_reference(lot: random.Random, sets: dict[str, Any]) -> dict[str, Any]:
    for one in sets.values():
        if one["rows"]:
            right = one["candidate"]["correct"]
            both = max(0, right - lot.choice((0, 3, 20)))
            lost = min(lot.choice((0, 3, 20)), one["rows"] - right)
            third = (both + lost) // 3
            hits = [third, third, both + lost - 2 * third]
            one["reference"] = make_set(square(hits, one["candidate"]["support"]), None, 0)["candidate"]
            one["to_reference"] = dict(zip(COUNTS, (both, right - both, lost, one["rows"] - right - lost), strict=True))
    return {"reference": "serving/trained/1", "reference_version": 1}


def _sources(lot: random.Random, sets: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the sets' counts by source, parted at random: most of what changed is of one source."""
    names: Sequence[str | None] = lot.choice((("", SOURCE), ("", SOURCE, "店"), ("", SOURCE, "店", None)))
    found = [{"name": name, "new": 0 if name == "" else lot.choice((5, 400)), **_none()} for name in names]
    all_of_one = lot.random() < 0.3  # then nothing changes on the rows of others
    for name, one in sets.items():
        if one["paired"]:
            left = dict(one["paired"])
            for source in found[1:]:
                changed = 1.0 if all_of_one else lot.choice((0, 0.1, 0.5, 0.9))
                share = {"both_right": 0.3, "both_wrong": 0.3, "only_candidate": changed, "only_stable": changed}
                share["only_stable"] = changed if all_of_one else lot.choice((0, 0.1, 0.5, 0.9))
                part = {key: round(count * share[key]) for key, count in left.items()}
                left = {key: count - part[key] for key, count in left.items()}
                source[name] = part
            found[0][name] = left
    if lot.random() < 0.5:
        found[1]["word"] = _word(lot)
    return found


def _none() -> dict[str, Any]:
    return {"frozen": dict(NOTHING), "rolling": dict(NOTHING), "word": None}


def _word(lot: random.Random) -> dict[str, Any]:
    only = lot.choice(((9, 0), (3, 2), (0, 3)))  # stable's right ones are the candidate's mistakes
    tested = dict(zip(COUNTS, (lot.choice((0, 30)), only[1], only[0], 0), strict=True))
    word = {
        "word": WORD,
        "label": 0,
        "new": 21,
        "new_of_label": 20,
        "others": 900,
        "others_of_label": 300,
    }
    return word | {"tested": tested}


def _must_hold(lot: random.Random, has_stable: bool, has_reference: bool) -> dict[str, Any]:
    fixed, others = (_held(lot, has_stable, rows) for rows in (lot.choice((0, 1, 7)), lot.choice((0, 1, 30, 1200))))
    case = {"text": "不是不好", "title": "", "true": 1, "stable": 1, "candidate": 0, "why": REASON, "fixed": True}
    cases = [case, case | {"fixed": False, "why": ""}]
    found = {"fixed": fixed, "others": others, "broken": cases if fixed["broken"] else [], "mended": []}
    if has_stable and others["mended"]:
        found["mended"] = cases
    if has_stable and has_reference and others["cases"]:
        broken = min(others["cases"] - others["candidate"], lot.choice((0, 1, 9)))
        found["reference"] = {"held": others["cases"], "broken": broken}
    return found


def _held(lot: random.Random, has_stable: bool, rows: int) -> dict[str, Any]:
    stable = rows - lot.choice((0, rows // 3))
    broken, mended = min(stable, lot.choice((0, 1, 9))), min(rows - stable, lot.choice((0, 2)))
    if not has_stable:
        return {"cases": rows, "candidate": stable, "stable": None, "broken": 0, "mended": 0}
    now = stable - broken + mended
    return {"cases": rows, "candidate": now, "stable": stable, "broken": broken, "mended": mended}


def _loosened(lot: random.Random) -> Loosened:
    who, reason = lot.choice(((WHO, REASON), (WHO, f"{REASON}!"), ("", REASON), (WHO, ""), ("", "")))
    names = lot.sample(LIMITS, lot.choice((1, 2, 4)))
    return Loosened(who=who, reason=reason, limits=[LooserLimit(name, 0.3, 0.5) for name in names])
