"""An evaluation with a missing or impossible number is an error, never a pass."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from support.evaluations import flip

from sentiment.errors import InputError
from sentiment.gate.evidence import AGAIN, NAME, Evidence, sound_sets
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import decoded

Make = Callable[..., Any]
MISSING = object()
NAN = float("nan")


def read_evidence(found: dict[str, Any]) -> list[Evidence]:
    """Reads an evaluation as the gate does."""
    return sound_sets(decoded(found, Evaluation, NAME, AGAIN))


def changed(evaluation: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Returns a copy of `evaluation` with the value at `path` (keys and positions, by dots) set or taken out."""
    result = copy.deepcopy(evaluation)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    at: Any = result
    for part in parents:
        at = at[part]
    if value is MISSING:
        del at[last]
    else:
        at[last] = value
    return result


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("labels", MISSING),
        ("labels", "正面"),
        ("labels", ["正面"]),
        ("labels", [0, 1, 2]),
        ("labels", ["正面", "負面"]),
        ("sets", MISSING),
        ("sets.frozen", MISSING),
        ("sets.frozen", None),
        ("sets.frozen.rows", 0),
        ("sets.frozen.rows", 1199),
        ("sets.frozen.rows", -1),
        ("sets.frozen.rows", 1200.0),
        ("sets.frozen.rows", True),
        ("sets.frozen.rows", MISSING),
        ("sets.frozen.candidate", None),
        ("sets.frozen.candidate.accuracy", NAN),
        ("sets.frozen.candidate.accuracy", float("inf")),
        ("sets.frozen.candidate.accuracy", None),
        ("sets.frozen.candidate.accuracy", "0.9"),
        ("sets.frozen.candidate.accuracy", 0.99),
        ("sets.frozen.candidate.correct", MISSING),
        ("sets.frozen.candidate.correct", 1300),
        ("sets.frozen.candidate.recall", [0.9, 0.9]),
        ("sets.frozen.candidate.recall.1", NAN),
        ("sets.frozen.candidate.recall.1", None),
        ("sets.frozen.candidate.recall.1", 1.2),
        ("sets.frozen.candidate.support", MISSING),
        ("sets.frozen.candidate.support.0", 399),
        ("sets.frozen.stable", None),
        ("sets.frozen.stable", MISSING),
        ("sets.frozen.stable.correct", 7),
        ("sets.frozen.stable.recall.2", NAN),
        ("sets.frozen.paired", None),
        ("sets.frozen.paired", MISSING),
        ("sets.frozen.paired.only_stable", MISSING),
        ("sets.frozen.paired.only_stable", NAN),
        ("sets.frozen.paired.only_stable", 0),
        ("sets.frozen.paired.both_wrong", 1),
        ("sets.frozen.regressions", "text"),
        ("sets.frozen.regressions", ["text"]),
        ("sets.frozen.regressions", [flip("甲", NAN)]),
        ("sets.frozen.regressions", [{**flip("甲"), "confidence": None}]),
        ("sets.rolling", "none"),
        ("sets.rolling", {}),
        ("sets.rolling", {"rows": 5}),
        ("stable_version", "2"),
        ("stable", None),
    ],
)
def test_amiss_numbers_are_named(evaluation: Make, path: str, value: Any) -> None:
    sound = evaluation([340, 340, 340], [330, 330, 330], 60)
    assert read_evidence(sound)[0].only_candidate == 60
    with pytest.raises(InputError, match="the evaluation's") as error:
        read_evidence(changed(sound, path, value))
    assert "\n" not in str(error.value)
    assert "sentiment evaluate" in str(error.value)


def test_a_set_is_read_as_it_is(evaluation: Make, rolling_set: Make) -> None:
    rolling = rolling_set([60, 60, 0], [50, 50, 0], 40, (80, 80, 0))
    _, found = read_evidence(evaluation([340, 340, 340], [330, 330, 330], 60, rolling=rolling))
    assert found.stable is not None and found.candidate_accuracy == 0.75
    assert found.recall(found.stable) == [0.625, 0.625, None]
    assert (found.only_candidate, found.only_stable) == (40, 20)


def test_a_rounded_accuracy_is_near_enough(evaluation: Make) -> None:
    found = changed(evaluation([341, 340, 340], [330, 330, 330], 60), "sets.frozen.candidate.accuracy", 0.8508)
    assert read_evidence(found)[0].candidate_accuracy == 1021 / 1200
