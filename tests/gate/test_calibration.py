"""The gate warns of percentages that mislead, and decides nothing by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.evaluations import decide

from sentiment import atomic
from sentiment.cli import run
from sentiment.gate import rules
from sentiment.gate.calibration import NAME, calibration_checks, calibration_warnings, is_clearly_worse, rows_missing
from sentiment.gate.evidence import AGAIN
from sentiment.gate.thresholds import Thresholds
from sentiment.mail.approval_body import approval_body
from sentiment.mail.regression import regression_mail
from sentiment.results.decision import Gate, GateCheck
from sentiment.results.evaluation import Evaluation, SetConfidence
from sentiment.results.record import as_json, decoded

Make = Callable[..., Any]
LIMIT = 0.1
THRESHOLDS = Thresholds(floor=0.5, margin=0.05, recall_drop=0.06, minimum_rolling=200)


def confidence(error: float, by_chance: float = 0.03, spread: float = 0.01) -> dict[str, float]:
    return {
        "expected_calibration_error": error,
        "mean_confidence": 0.98,
        "by_chance": by_chance,
        "spread": spread,
    }


def judged(found: dict[str, Any], ours: Any, theirs: Any = None, name: str = "frozen") -> Gate:
    """Decides on an evaluation in which a set has these figures."""
    found["sets"][name] |= {"candidate_confidence": ours} | ({"stable_confidence": theirs} if theirs else {})
    evaluation = decoded(found, Evaluation, "it", AGAIN)
    return rules.decide(evaluation, THRESHOLDS, more=calibration_checks(evaluation, LIMIT))


def plain(text: str) -> str:
    """Returns the text with common spaces."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def check_of(gate: Gate, name: str = "frozen") -> GateCheck:
    (found,) = [check for check in gate.checks if check.name == f"{name}_{NAME}"]
    assert not found.decides
    return found


@pytest.fixture
def good(evaluation: Make) -> dict[str, Any]:
    found: dict[str, Any] = evaluation([350, 350, 350], [330, 330, 330], 80)
    return found


def test_a_candidate_that_is_right_as_often_as_it_says_is_not_warned_of(good: dict[str, Any]) -> None:
    gate = judged(good, confidence(0.02), confidence(0.03))
    assert check_of(gate).passed
    assert plain(check_of(gate).sentence) == (
        "On the frozen set, the candidate is 98.0 % sure on average and 87.5 % right: its expected calibration error "
        "is 2.0 %, the limit is 10.0 %."
    )
    assert calibration_warnings(gate) == []


def test_a_candidate_beyond_the_limit_passes_with_a_warning(good: dict[str, Any]) -> None:
    before = decide(good, THRESHOLDS)
    gate = judged(good, confidence(0.12), confidence(0.11))
    assert (gate.passed, gate.verdict, gate.sentence, gate.reasons) == (True, "better", before.sentence, [])
    (told,) = calibration_warnings(gate)
    assert plain(told).endswith("its expected calibration error is 12.0 %, the limit is 10.0 %.")


def test_one_that_is_clearly_worse_than_stable_is_warned_of_below_the_limit(good: dict[str, Any]) -> None:
    gate = judged(good, confidence(0.09), confidence(0.02))
    (told,) = calibration_warnings(gate)
    assert plain(told).endswith("its expected calibration error is 9.0 %, clearly more than that of version 2, 2.0 %.")
    assert check_of(gate).threshold == pytest.approx(0.07)
    assert check_of(judged(good, confidence(0.06), confidence(0.02))).passed


@pytest.mark.parametrize(("spread", "worse"), [(0.01, True), (0.03, False)])
def test_a_difference_that_chance_explains_is_no_difference(spread: float, worse: bool) -> None:
    ours, theirs = (decoded(confidence(error, spread=spread), SetConfidence, "it", AGAIN) for error in (0.09, 0.02))
    assert is_clearly_worse(ours, theirs) is worse


def test_too_few_rows_to_tell_are_said_with_their_number(good: dict[str, Any]) -> None:
    check = check_of(judged(good, confidence(0.12, by_chance=0.15)))
    assert check.passed
    assert plain(check.sentence).endswith(
        "12.0 %, the limit is 10.0 %, but on 1,200 rows chance alone gives up to 15.0 %; about 1,500 more rows are "
        "needed to tell."
    )
    assert rows_missing(decoded(confidence(0.12, by_chance=0.15), SetConfidence, "it", AGAIN), 1200, 0.1) == 1500


def test_the_rolling_set_has_a_check_of_its_own(good: dict[str, Any], rolling_set: Make) -> None:
    good["sets"]["rolling"] = rolling_set([65] * 3, [50] * 3, 50, (70, 70, 70))
    gate = judged(good, confidence(0.2), name="rolling")
    assert not check_of(gate, "rolling").passed
    assert [check.name for check in gate.checks if check.name.endswith(NAME)] == ["rolling_calibration"]


def test_an_evaluation_of_an_earlier_version_has_no_such_check(good: dict[str, Any]) -> None:
    found = decoded(good, Evaluation, "it", AGAIN)
    assert "candidate_confidence" not in as_json(found)["sets"]["frozen"]
    assert calibration_checks(found, LIMIT) == []


def test_the_approver_and_the_mail_of_a_refusal_read_one_sentence(good: dict[str, Any], evaluation: Make) -> None:
    told = "its expected calibration error is 20.0"
    body = approval_body(judged(good, confidence(0.2)), None, 3, {})
    assert plain(body).count(told) == 1
    assert "#### Warnings about the candidate" in body
    assert "Warnings about the candidate" not in approval_body(judged(good, confidence(0.05)), None, 3, {})
    refused = judged(evaluation([300, 300, 300], [330, 330, 330], 10), confidence(0.2))
    assert plain(regression_mail(refused, "night", None, {}).text).count(told) == 1


def test_the_command_warns_by_the_setting(
    good: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good["sets"]["frozen"]["candidate_confidence"] = confidence(0.12)
    atomic.write_json(tmp_path / "evaluation.json", good)
    for limit, passed in (("0.1", False), ("0.13", True)):
        monkeypatch.setenv("SENTIMENT_GATE_CALIBRATION", limit)
        assert run(["gate", "--evaluation", str(tmp_path / "evaluation.json")]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["passed"] is True
        assert [check["passed"] for check in found["checks"] if check["name"] == "frozen_calibration"] == [passed]


def test_figures_of_a_set_without_rows_are_no_check(good: dict[str, Any]) -> None:
    gate = judged(good, confidence(0.9), name="rolling")  # the evaluation has no rolling rows
    assert gate.checks == decide(good, THRESHOLDS).checks


@pytest.mark.parametrize(("error", "passes"), [(0.02, True), (0.04, False)])
def test_a_tight_limit_warns_of_whatever_chance_does_not_explain(
    good: dict[str, Any], error: float, passes: bool
) -> None:
    good["sets"]["frozen"]["candidate_confidence"] = confidence(error)
    [found] = calibration_checks(decoded(good, Evaluation, "it", AGAIN), 0.001)
    assert found.passed == passes
