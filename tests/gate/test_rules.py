"""The gate's rules: every check on both sides of its threshold, and the sentence that tells it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import evaluations
from support.results import in_json

from sentiment.errors import InputError
from sentiment.gate.rules import Override
from sentiment.gate.thresholds import Thresholds

Make = Callable[..., Any]
decide = in_json(evaluations.decide)
THRESHOLDS = Thresholds(floor=0.5, margin=0.05, recall_drop=0.06, minimum_rolling=200)


def check(decision: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [item for item in decision["checks"] if item["name"] == name]
    return dict(found)


def test_a_worse_candidate_is_refused_in_one_sentence(evaluation: Make) -> None:
    decision = decide(evaluation([300, 308, 308], [320, 345, 345], 10), THRESHOLDS)
    assert (decision["passed"], decision["verdict"]) == (False, "worse")
    assert decision["sentence"] == (
        "Worse than version 2: accuracy on the frozen set fell by 7.8 percentage points (0.842 → 0.763), the limit is "
        "5.0. 2 other checks failed too."
    )
    assert decision["reasons"] == [
        "Accuracy on the frozen set fell by 7.8 percentage points (0.842 → 0.763), the limit is 5.0.",
        "Recall of 負面 on the frozen set fell by 9.2 percentage points (0.863 → 0.770), the limit is a fall of 6.0.",
        "Recall of 中立 on the frozen set fell by 9.2 percentage points (0.863 → 0.770), the limit is a fall of 6.0.",
    ]
    assert check(decision, "recall_正面")["passed"]
    assert decision["stable_version"] == 2
    assert decision["labels"] == ["正面", "負面", "中立"]
    assert decision["overridden"] is None
    assert decision["thresholds"] == asdict(THRESHOLDS)


def test_a_better_candidate_passes(evaluation: Make) -> None:
    decision = decide(evaluation([350, 350, 350], [330, 330, 330], 70), THRESHOLDS)
    assert (decision["passed"], decision["verdict"], decision["reasons"]) == (True, "better", [])
    assert decision["sentence"] == (
        "Better than version 2: accuracy on the frozen set rose by 5.0 percentage points (0.825 → 0.875)."
    )
    frozen = decision["sets"]["frozen"]
    assert frozen["difference"] == pytest.approx(0.05)
    assert 0 < frozen["lower_bound"] < 0.05
    assert frozen["mcnemar_p"] < 0.001
    assert (frozen["candidate_accuracy"], frozen["stable_accuracy"], frozen["rows"]) == (0.875, 0.825, 1200)


def test_an_equal_candidate_passes_as_equivalent(evaluation: Make) -> None:
    decision = decide(evaluation([330, 330, 330], [330, 330, 330], 20), THRESHOLDS)
    assert (decision["passed"], decision["verdict"]) == (True, "equivalent")
    assert decision["sentence"] == (
        "As good as version 2: accuracy on the frozen set stayed the same (0.825 → 0.825); at worst it fell by "
        "0.9 points, the limit is 5.0."
    )


def test_what_cannot_be_ruled_out_is_refused_in_other_words(evaluation: Make) -> None:
    decision = decide(evaluation([33, 33, 33], [33, 33, 33], 6, (40, 40, 40)), THRESHOLDS)
    assert (decision["passed"], decision["verdict"]) == (False, "worse")
    assert decision["sentence"] == (
        "Not shown to be as good as version 2: accuracy on the frozen set stayed the same (0.825 → 0.825), but on "
        "120 rows a fall of 5.2 points cannot be ruled out, the limit is 5.0."
    )


def test_identical_answers_on_few_rows_are_no_proof(evaluation: Make) -> None:
    thresholds = Thresholds(0.5, 0.01, 0.05, 200)
    assert not decide(evaluation([50, 50, 50], [50, 50, 50], 0, (60, 60, 60)), thresholds)["passed"]
    assert decide(evaluation([330, 330, 330], [330, 330, 330], 0), thresholds)["passed"]


def test_the_first_model_needs_the_floor_alone(evaluation: Make) -> None:
    decision = decide(evaluation([200, 200, 200], None), THRESHOLDS)
    assert (decision["passed"], decision["verdict"], decision["stable_version"]) == (True, "first", None)
    assert [item["name"] for item in decision["checks"]] == ["floor"]
    assert decision["sentence"] == (
        "First model: accuracy on the frozen set is 0.500, and there is no stable model yet."
    )
    assert decision["sets"]["frozen"]["difference"] is None
    refused = decide(evaluation([199, 200, 200], None), THRESHOLDS)
    assert (refused["passed"], refused["verdict"]) == (False, "first")
    assert refused["sentence"] == ("Not good enough: accuracy on the frozen set is 0.499, below the floor of 0.500.")


def test_the_floor_holds_even_for_one_that_beats_stable(evaluation: Make) -> None:
    decision = decide(evaluation([190, 190, 190], [120, 120, 120], 240), THRESHOLDS)
    assert (decision["passed"], decision["verdict"]) == (False, "worse")
    assert decision["sentence"].startswith("Not good enough: accuracy on the frozen set is 0.475")


@pytest.mark.parametrize(("drop", "passes"), [(24, True), (25, False)])
def test_a_recall_may_fall_by_its_bound_and_no_more(evaluation: Make, drop: int, passes: bool) -> None:
    # 24 of 400 rows are exactly the bound of 0.06; the two other classes make up for it.
    decision = decide(evaluation([320 - drop, 330, 330], [320, 318, 318], 24), THRESHOLDS)
    assert check(decision, "recall_正面")["passed"] is passes
    assert decision["passed"] is passes
    assert check(decision, "recall_正面")["value"] == pytest.approx(drop / 400)


def test_a_class_without_rows_has_no_recall_check(evaluation: Make) -> None:
    decision = decide(evaluation([500, 500, 0], [500, 500, 0], 0, (600, 600, 0)), THRESHOLDS)
    assert [item["name"] for item in decision["checks"]] == [
        "floor", "frozen_non_inferiority", "recall_正面", "recall_負面",
    ]  # fmt: skip
    assert decision["sets"]["frozen"]["stable_recall"][2] is None


def test_enough_rolling_rows_decide(evaluation: Make, rolling_set: Make) -> None:
    same = [330, 330, 330]
    worse = rolling_set([50, 50, 50], [65, 65, 65], 5, (70, 70, 70))
    decision = decide(evaluation(same, same, 0, rolling=worse), THRESHOLDS)
    assert (decision["passed"], decision["verdict"]) == (False, "worse")
    assert decision["sentence"].startswith("Worse than version 2: accuracy on the rolling set fell by 21.4 percentage")
    better = rolling_set([65, 65, 65], [50, 50, 50], 50, (70, 70, 70))
    decision = decide(evaluation(same, same, 0, rolling=better), THRESHOLDS)
    assert (decision["passed"], decision["verdict"]) == (True, "better")
    assert decision["sentence"].startswith("Better than version 2: accuracy on the rolling set rose by 21.4 percentage")


@pytest.mark.parametrize(
    ("candidate", "stable", "only"), [([50, 50, 49], [65, 65, 65], 3), ([65, 65, 65], [50] * 3, 48)]
)
def test_a_small_rolling_set_is_reported_and_does_not_decide(
    evaluation: Make, rolling_set: Make, candidate: list[int], stable: list[int], only: int
) -> None:
    same = [330, 330, 330]
    small = rolling_set(candidate, stable, only, (66, 66, 67))
    decision = decide(evaluation(same, same, 0, rolling=small), THRESHOLDS)
    assert (decision["passed"], decision["verdict"]) == (True, "equivalent")
    found = check(decision, "rolling_non_inferiority")
    assert found["decides"] is False
    assert found["sentence"].endswith("(does not decide: 199 rows, 200 are needed).")


def test_a_rolling_set_without_rows_is_left_out(evaluation: Make) -> None:
    for nothing in (evaluations.EMPTY, None):
        found = evaluation([330, 330, 330], [330, 330, 330])
        found["sets"]["rolling"] = nothing
        assert list(decide(found, THRESHOLDS)["sets"]) == ["frozen"]


def test_an_override_passes_and_hides_nothing(evaluation: Make) -> None:
    found = evaluation([300, 300, 300], [340, 340, 340], 10)
    decision = decide(found, THRESHOLDS, Override("王小明", "新主題比較重要"))
    refused = decide(found, THRESHOLDS)
    assert decision["passed"] is True
    assert decision["overridden"] == {"who": "王小明", "reason": "新主題比較重要"}
    assert decision["sentence"] == f"王小明 overrode the gate (新主題比較重要). {refused['sentence']}"
    for name in ("checks", "reasons", "verdict", "sets"):
        assert decision[name] == refused[name]
    assert decision["reasons"]


def test_an_override_that_was_not_needed_is_not_recorded(evaluation: Make) -> None:
    found = evaluation([330, 330, 330], [330, 330, 330])
    assert decide(found, THRESHOLDS, Override("王小明", "保險起見")) == decide(found, THRESHOLDS)


@pytest.mark.parametrize(("who", "reason"), [("", "x"), ("x", ""), (" ", "x"), ("x", "\n")])
def test_an_override_needs_a_name_and_a_reason(who: str, reason: str) -> None:
    with pytest.raises(InputError, match="who decides and why"):
        Override(who, reason)


@pytest.mark.parametrize("name", ["floor", "margin", "recall_drop", "minimum_rolling"])
@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -0.1, 1.5, "0.5", True])
def test_a_missing_or_impossible_threshold_is_an_error(name: str, value: Any) -> None:
    sound: dict[str, Any] = asdict(THRESHOLDS)
    with pytest.raises(InputError, match=name):
        Thresholds(**{**sound, name: value})


def test_thresholds_have_no_defaults() -> None:
    with pytest.raises(TypeError):
        Thresholds()  # type: ignore[call-arg]


def test_flips_of_both_sets_come_with_their_set_most_confident_first(
    evaluation: Make, rolling_set: Make, flipped: Make
) -> None:
    same = [330, 330, 330]
    found = evaluation(same, same, 0, rolling=rolling_set([50] * 3, [50] * 3, 0, (70, 70, 70)))
    found["sets"]["frozen"]["regressions"] = [flipped("甲", 0.7), flipped("丙", 0.2), flipped("丁", 0.1)]
    found["sets"]["rolling"]["regressions"] = [flipped("乙", 0.8)]
    found["sets"]["rolling"]["improvements"] = [flipped("戊", 0.6)]
    decision = decide(found, THRESHOLDS)
    assert [(item["text"], item["set"]) for item in decision["regressions"]] == [
        ("乙", "rolling"), ("甲", "frozen"), ("丙", "frozen"), ("丁", "frozen"),
    ]  # fmt: skip
    assert [(item["text"], item["set"]) for item in decision["improvements"]] == [("戊", "rolling")]


def test_a_stable_model_without_a_version_is_named_so(evaluation: Make) -> None:
    found = evaluation([330, 330, 330], [330, 330, 330]) | {"stable_version": None}
    assert decide(found, THRESHOLDS)["sentence"].startswith("As good as the stable model: ")


def test_values_near_their_threshold_are_told_apart(evaluation: Make) -> None:
    decision = decide(evaluation([296, 332, 332], [320, 320, 320], 24), Thresholds(0.5, 0.05, 0.0597, 200))
    assert check(decision, "recall_正面")["sentence"] == (
        "Recall of 正面 on the frozen set fell by 6.00 percentage points (0.800 → 0.740), the limit is a fall of 5.97."
    )


HITS = st.lists(st.integers(0, 100), min_size=3, max_size=3)


@given(HITS, HITS, st.data())
def test_what_always_holds(evaluation: Make, candidate: list[int], stable: list[int], data: st.DataObject) -> None:
    lowest = max(0, sum(candidate) - sum(stable))
    most = min(sum(candidate), 300 - sum(stable))
    only_candidate = data.draw(st.integers(lowest, most))
    found = evaluation(candidate, stable, only_candidate, (100, 100, 100))
    decision = decide(found, THRESHOLDS)
    failed = [item["sentence"] for item in decision["checks"] if item["decides"] and not item["passed"]]
    assert decision["reasons"] == failed
    assert decision["passed"] is (not failed)
    assert (decision["verdict"] == "worse") is bool(failed)
    if decision["passed"]:
        assert decision["sets"]["frozen"]["lower_bound"] > -0.05
        assert sum(candidate) >= 150
        assert all(before - now <= 6 for before, now in zip(stable, candidate, strict=True))
    assert json.loads(json.dumps(decision)) == decision
    assert decision["sentence"].endswith((".", "too."))
    assert "\n" not in decision["sentence"]
