"""What each model costs is shown to whoever decides, and decides nothing."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.evaluations import costs, decide
from support.results import whole

from sentiment import atomic
from sentiment.cli import run
from sentiment.gate.cautions import cautions
from sentiment.gate.costs import cost_lines, cost_table, cost_warnings, measured_told
from sentiment.gate.gate import digest_of
from sentiment.gate.thresholds import Thresholds
from sentiment.language import speaking
from sentiment.mail.approval_body import approval_body
from sentiment.mail.regression import regression_mail
from sentiment.mail.tables import costs as in_mail
from sentiment.results import record
from sentiment.results.decision import Gate
from sentiment.results.evaluation import Evaluation
from sentiment.results.validation import Validation

Make = Callable[..., Any]
THRESHOLDS = Thresholds(floor=0.5, margin=0.05, recall_drop=0.06, minimum_rolling=200)
SMALL, SLOW, LARGE = (3_200_000, 1.84), (3_200_000, 3.3), (7_600_000, 1.84)
BOTH = (102_000_000, 36.8)
MEASURED = (
    "One post: the median of batches of 64 posts, both models in turn, by evaluate, on 27 Nov 2026, 03:05 (Taipei). "
    "Machine: EPYC 7B13, 2 cores, float32. On another machine, or alone, a post takes another time."
)


@pytest.fixture
def judged(evaluation: Make) -> Callable[..., Gate]:
    def make(candidate: Any, stable: Any = SMALL, hits: int = 340) -> Gate:
        found = evaluation([hits] * 3, [330] * 3 if stable else None, 60)
        return decide(found | {"costs": costs(candidate, stable)}, THRESHOLDS)

    return make


def test_each_model_is_a_row_of_the_table(judged: Make) -> None:
    assert cost_table(judged(BOTH), "version 3", 412_000_000) == [
        ("model", "parameters", "export", "one post", "accuracy, frozen set"),
        ("version 2", "3.2 M", "12.9 MB", "1.84 ms", "0.825"),
        ("version 3", "102.0 M", "412.0 MB", "36.8 ms", "0.850"),
    ]
    assert measured_told(judged(BOTH).costs) == MEASURED
    assert cost_lines(judged(SMALL).costs, "stable") == [
        "candidate: 3.2 M parameters, one post: 1.84 ms",
        "stable: 3.2 M parameters, one post: 1.84 ms",
        MEASURED,
    ]


def test_the_first_model_stands_alone(judged: Make) -> None:
    gate = judged((53_123, 0.0213), None)
    assert cost_table(gate, "candidate")[1:] == [("candidate", "53,123", "–", "0.021 ms", "0.850")]
    assert "in turn" not in measured_told(gate.costs) and "on 27 Nov 2026" in measured_told(gate.costs)
    assert cost_warnings(gate) == []


def test_what_was_not_measured_says_so(judged: Make) -> None:
    gate = judged((3_200_000, None), (3_200_000, None))
    assert [row[3] for row in cost_table(gate, "candidate")[1:]] == ["not measured", "not measured"]
    assert measured_told(gate.costs).startswith("The time for a post was not measured")
    assert cost_warnings(gate) == []


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        (SMALL, []),
        ((6_400_000, 2.76), []),  # exactly twice, exactly one and a half times
        (SLOW, ["The candidate takes 1.8 times as long for a post as version 2 (3.30 ms instead of 1.84 ms)."]),
        (LARGE, ["The candidate has 2.4 times as many parameters as version 2 (7.6 M instead of 3.2 M)."]),
        (
            BOTH,
            [
                "The candidate takes 20.0 times as long for a post as version 2 (36.8 ms instead of 1.84 ms), and has "
                "31.9 times as many parameters (102.0 M instead of 3.2 M)."
            ],
        ),
        ((1_000_000, 0.5), []),
    ],
)
def test_one_that_costs_clearly_more_is_told_in_one_sentence(judged: Make, candidate: Any, told: list[str]) -> None:
    assert cost_warnings(judged(candidate)) == told == cautions(judged(candidate))


def test_costs_decide_nothing(judged: Make) -> None:
    cheap, dear = judged(SMALL), judged(BOTH)
    assert (dear.passed, dear.verdict, dear.sentence, dear.checks) == (True, "better", cheap.sentence, cheap.checks)


def test_the_approver_sees_table_machine_moment_and_warning(judged: Make) -> None:
    validation = whole(Validation, export_bytes=412_000_000)
    body = html.unescape(approval_body(judged(BOTH), None, 3, {}, validation=validation))
    assert "#### What each model costs" in body
    assert "| version 3 (canary) | 102.0 M | 412.0 MB | 36.8 ms | 0.850 |" in body
    assert "| version 2 | 3.2 M | 12.9 MB | 1.84 ms | 0.825 |" in body
    assert "EPYC 7B13, 2 cores, float32" in body and "27 Nov 2026, 03:05" in body
    warned = body.index("#### Warnings about the candidate")
    assert warned < body.index("takes 20.0 times as long for a post as version 2") < body.index("#### What each")
    assert "Warnings about the candidate" not in approval_body(judged(SMALL), None, 3, {})


def test_the_mail_of_a_refusal_has_both(judged: Make) -> None:
    gate = judged(BOTH, hits=290)
    mail = regression_mail(gate, "night", None, {})
    assert not gate.passed and mail.text.count("takes 20.0 times as long for a post as version 2") == 1
    for shown in (mail.text, mail.html):
        assert "What each model costs" in shown and "36.8 ms" in shown and "EPYC 7B13, 2 cores, float32" in shown
    assert in_mail(judged(SMALL), "<b>x</b>")[0][1].count("<b>") == 0


def test_in_chinese(judged: Make) -> None:
    with speaking("zh-TW"):
        body = html.unescape(approval_body(judged(BOTH), None, 3, {}))
        text = regression_mail(judged(SLOW, hits=290), "night", None, {}).text
    assert (
        "#### 各模型的成本" in body and "EPYC 7B13，2 核心，float32" in body and "2026年11月27日 03:05（臺北）" in body
    )
    assert "候選模型處理一則貼文的時間是第 2 版的 20.0 倍（1.84 ms 增為 36.8 ms），參數量是 31.9 倍" in body
    assert "候選模型處理一則貼文的時間是第 2 版的 1.8 倍（1.84 ms 增為 3.30 ms）。" in text and "各模型的成本" in text


def test_an_evaluation_of_an_earlier_version_is_read_and_shows_nothing(
    evaluation: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluation([340] * 3, [330] * 3, 60)
    assert "costs" not in found
    gate = decide(found, THRESHOLDS)
    assert gate.costs is None and cost_table(gate, "version 3") == [] == cost_lines(gate.costs, "stable")
    assert (measured_told(gate.costs), cost_warnings(gate), in_mail(gate, "version 3")) == ("", [], [])
    assert "costs" not in approval_body(gate, None, 3, {})
    decision = record.as_json(gate)
    del decision["costs"]
    atomic.write_json(tmp_path / "gate.json", decision)
    assert record.read(tmp_path / "gate.json", Gate, "") == gate


def test_another_time_is_no_other_evaluation(evaluation: Make) -> None:
    found = evaluation([340] * 3, [330] * 3, 60)
    read = [record.decoded(found | more, Evaluation, "it", "") for more in ({}, {"costs": costs(SMALL, SLOW)})]
    assert digest_of(read[0]) == digest_of(read[1])


def test_the_command_tells_what_each_costs_and_keeps_it(
    evaluation: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluation([340] * 3, [330] * 3, 60) | {"costs": costs(BOTH, SMALL)}
    atomic.write_json(tmp_path / "evaluation.json", found)
    assert run(["gate", "--evaluation", str(tmp_path / "evaluation.json")]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["costs"]["candidate"]["pace"]["milliseconds"] == 36.8
    assert "  candidate: 102.0 M parameters, one post: 36.8 ms\n" in printed.err
    assert "  The candidate takes 20.0 times as long for a post as version 2" in printed.err


@pytest.mark.parametrize(
    ("field", "value"), [("parameters", 0), ("pace", {"milliseconds": 0, "batch": 64, "batches": 3})]
)
def test_figures_that_cannot_be_are_refused_in_one_line(
    evaluation: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, value: Any
) -> None:
    found = evaluation([340] * 3, [330] * 3, 60) | {"costs": costs(SMALL, SMALL)}
    found["costs"]["stable"][field] = value
    atomic.write_json(tmp_path / "evaluation.json", found)
    assert run(["gate", "--evaluation", str(tmp_path / "evaluation.json")]) == 2
    assert f"costs.stable.{field}" in capsys.readouterr().err
