"""The gate's rule of the cases that must hold, and what people read about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec import structs
from support.evaluations import make_evaluation

from sentiment import atomic
from sentiment.cli import run
from sentiment.errors import InputError
from sentiment.gate.evidence import AGAIN, NAME
from sentiment.gate.must_hold import LEAST, SHOWN, checks, told
from sentiment.gate.rules import decide
from sentiment.gate.thresholds import Thresholds
from sentiment.results.decision import Gate
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import as_json, decoded
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings

THRESHOLDS = Thresholds(floor=0.5, margin=0.05, recall_drop=0.05, minimum_rolling=200)
NONE = {"cases": 0, "candidate": 0, "stable": 0, "broken": 0, "mended": 0}


def held(stable: int, broken: int, mended: int = 0, cases: int | None = None) -> dict[str, int]:
    """Returns the counts of cases of which stable holds `stable`, and the candidate breaks and mends some."""
    rows = stable + mended if cases is None else cases
    return {"cases": rows, "candidate": stable - broken + mended, "stable": stable, "broken": broken, "mended": mended}


def answers(text: str, **more: Any) -> dict[str, Any]:
    case = {"text": text, "title": "", "true": 1, "stable": 1, "candidate": 0, "fixed": False, "why": ""}
    return case | more


def judged(fixed: Any = NONE, others: Any = NONE, stable: list[int] | None = None, **more: Any) -> Evaluation:
    before = None if stable == [] else (stable or [330] * 3)
    cases = {"fixed": fixed, "others": others, "broken": [], "mended": []} | more
    return decoded(make_evaluation([330] * 3, before) | {"must_hold": cases}, Evaluation, NAME, AGAIN)


def decision(evaluation: Evaluation, most_broken: float = 0.2) -> Gate:
    return decide(evaluation, THRESHOLDS, more=checks(evaluation, most_broken))


def test_one_case_that_may_not_change_refuses() -> None:
    found = decision(judged(held(5, 1)))
    assert not found.passed and found.reasons == [
        "The candidate breaks 1 of the 5 cases that may not change and that version 2 holds."
    ]
    assert found.sentence.startswith("Worse than version 2: the candidate breaks 1 of the 5 cases")
    assert decision(judged(held(5, 0, mended=2))).passed


def test_a_case_that_stable_does_not_hold_is_no_reason() -> None:
    assert checks(judged(held(0, 0, cases=7), held(0, 0, cases=40)), 0.2) == []


def test_of_the_others_a_share_may_be_broken() -> None:
    assert decision(judged(others=held(30, 6))).passed
    refused = decision(judged(others=held(30, 7, mended=9)))
    assert not refused.passed and refused.reasons == [
        "The candidate breaks 7 of the 30 must-hold cases that version 2 holds, the limit is 6."
    ]
    assert decision(judged(others=held(30, 7)), most_broken=0.25).passed
    assert not decision(judged(others=held(30, 1)), most_broken=0.0).passed


def test_few_cases_are_told_and_decide_nothing() -> None:
    found = decision(judged(others=held(LEAST - 1, LEAST - 1)))
    assert found.passed and [one.sentence for one in found.checks if one.name == "must_hold"] == [
        "The candidate breaks 19 of the 19 must-hold cases that version 2 holds, the limit is 3 "
        "(does not decide: version 2 holds 19, 20 are needed)."
    ]
    assert not decision(judged(others=held(LEAST, LEAST))).passed


@given(st.integers(LEAST, 400), st.floats(0, 1), st.data())
@hypothesis_settings(max_examples=100, derandomize=True)
def test_it_passes_exactly_within_the_share(stable: int, share: float, data: st.DataObject) -> None:
    broken = data.draw(st.integers(0, stable))
    (check,) = checks(judged(others=held(stable, broken)), share)
    assert check.decides and check.passed == (broken <= share * stable + 1e-9)


def test_small_steps_do_not_add_up_beside_the_reference() -> None:
    """Each night breaks four of thirty cases and is within the share; the reference held them all."""
    passed = []
    for night in range(4):
        evaluation = judged(others=held(30 - 4 * night, 4, cases=30), reference={"held": 30, "broken": 4 * (night + 1)})
        found = decision(structs.replace(evaluation, reference="serving/trained/1", reference_version=1))
        passed.append(found.passed)
    assert passed == [True, False, False, False]
    told_of = (
        "The candidate breaks 16 of the 30 must-hold cases that version 1 (the best so far) holds, the limit is 6."
    )
    assert found.reasons == [told_of]
    assert told(found)[1] == told_of


@pytest.mark.parametrize("beside", [{"held": 5, "broken": 6}, {"held": 31, "broken": 0}, {"held": 30, "broken": 9}])
def test_counts_beside_the_reference_that_contradict_are_no_pass(beside: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"must_hold\.reference must be counts"):
        checks(judged(others=held(30, 4), reference=beside), 0.2)


def test_without_a_stable_model_the_cases_are_told_only() -> None:
    alone = {"cases": 30, "candidate": 12, "stable": None, "broken": 0, "mended": 0}
    found = decision(judged(alone | {"cases": 2, "candidate": 0}, alone, stable=[]))
    assert found.passed and [one.name for one in found.checks] == ["floor"]
    assert told(found) == ["The candidate holds 12 of 32 cases; there is no stable model to compare it with."]


@pytest.mark.parametrize(
    "wrong",
    [
        {"broken": 0},
        {"mended": 1},
        {"candidate": 31},
        {"stable": None},
        {"stable": 40, "broken": 11},
        {"cases": 29},
        {"cases": 30, "candidate": 30, "stable": 5, "broken": 5, "mended": 30},
    ],
)
def test_counts_that_contradict_are_no_pass(wrong: dict[str, Any]) -> None:
    evaluation = judged(others=held(30, 1, cases=30) | wrong)
    with pytest.raises(InputError, match=r"must_hold\.others must be counts that belong together") as refused:
        checks(evaluation, 0.2)
    assert "\n" not in str(refused.value)


def test_a_first_model_cannot_have_broken_anything() -> None:
    with pytest.raises(InputError, match=r"must_hold\.fixed"):
        checks(judged(held(3, 1), stable=[]), 0.2)


def test_what_is_broken_is_listed_for_people() -> None:
    broken = [
        answers("不是不好", title="店", fixed=True, why="ticket 7", true=0, stable=0, candidate=1),
        *(answers(f"第{number}篇") for number in range(11)),
    ]
    mended = [answers("好了", stable=2, candidate=1)]
    found = decision(judged(held(3, 1), held(30, 11, mended=1), broken=broken, mended=mended))
    lines = told(found)
    assert lines[0] == "Of 34 cases, version 2 holds 33 and the candidate 22: it breaks 12 and mends 1."
    assert lines[1] == (
        "Broken (may not change): true 正面, version 2 said 正面, the candidate 負面 (why it must hold: ticket 7): "
        "店 ｜ 不是不好"
    )
    assert lines[SHOWN + 1] == "Broken: 2 more."
    assert lines[-1] == "Mended: true 負面, version 2 said 中立, the candidate 負面: 好了"
    assert len(lines) == 1 + SHOWN + 2


def test_a_long_title_does_not_hide_its_case() -> None:
    lines = told(decision(judged(held(3, 1), broken=[answers("不是不好", title="長" * 20_000)])))
    assert any(len(line) < 300 and line.endswith("… ｜ 不是不好") for line in lines)


def test_a_case_that_may_not_change_and_that_nobody_holds_is_not_forgotten() -> None:
    lines = told(decision(judged(held(2, 0, mended=1, cases=5))))
    assert lines[1] == "Neither holds 2 cases that may not change."
    assert "Neither" not in " ".join(told(decision(judged(held(2, 0, mended=1)))))


def test_what_an_earlier_version_wrote_has_no_cases() -> None:
    earlier = decoded(make_evaluation([330] * 3, [330] * 3), Evaluation, NAME, AGAIN)
    assert not earlier.must_hold and checks(earlier, 0.2) == []
    found = as_json(decision(earlier))
    assert "must_hold" not in found and told(decoded(found, Gate, NAME, AGAIN)) == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run whose candidate is as good as stable, but breaks 7 of 30 cases."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    made = RunFolder.named(read_settings(), "night")
    atomic.write_json(made.result("evaluate"), as_json(judged(others=held(30, 7), broken=[answers("不好")])))
    return made


def test_the_command_takes_the_limit_from_its_setting(
    folder: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["gate", "--run", "night", "--margin", "0.05", "--loosen-who", "ann", "--loosen-reason", "few rows"]
    assert run(command) == 0
    refused = json.loads(capsys.readouterr().out)
    assert not refused["passed"] and refused["must_hold"]["broken"][0]["text"] == "不好"
    monkeypatch.setenv("SENTIMENT_GATE_MUST_HOLD", "0.25")
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["passed"]


def test_a_person_may_override_a_broken_case(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gate", "--run", "night", "--override-who", "ann", "--override-reason", "the case was wrong"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"]
    assert any("must-hold" in reason for reason in folder.read(Gate).reasons)
