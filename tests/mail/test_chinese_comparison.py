"""The mails that show a gate's decision, in Traditional Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from support.all_mails import ASKING, RECORDED, RUN, SAID, WRITTEN
from support.chinese_mails import shown, words_left
from support.evaluations import decide, held_cases
from support.results import whole

from sentiment.checks import near
from sentiment.checks.verdict import Measured, judge, verdict
from sentiment.gate.thresholds import Thresholds
from sentiment.language import speaking
from sentiment.mail.approval import waiting_mail
from sentiment.mail.checks import check_mail
from sentiment.mail.regression import regression_mail
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.record import as_json
from sentiment.settings import Limits

Make = Callable[..., Any]
THRESHOLDS = Thresholds(floor=0.5, margin=0.01, recall_drop=0.05, minimum_rolling=200)
PREPARE = whole(
    Prepare,
    {
        "new": {"per_label": [10, 200, 30], "rows": 240},
        "mix": {"wanted": [1000] * 3, "available": [500] * 3, "added": [500] * 3, "result": [510, 700, 530]},
        "train_rows": 1740,
        "warm_from": 2,
        "warm_rows": 675,
        "warm_is_base": True,
        "excluded_leaks": 3,
        "left_for_later": 5,
        "deliveries": [7, 8],
    },
)


@pytest.fixture
def gate(evaluation: Make, flipped: Make) -> Gate:
    found = evaluation([300, 300, 310], [340, 340, 330], 10) | {"must_hold": held_cases("不是不好", "好")}
    found["sets"]["frozen"]["regressions"] = [flipped("這家店真的爛透了", 0.97, title="大家來評理")]
    frozen = found["sets"]["frozen"]["paired"]
    found["by_source"] = [{"name": "ptt", "new": 400, "frozen": frozen}, {"name": "", "new": 3}]
    return in_english(found)


def in_english(found: dict[str, Any]) -> Gate:
    """A decision as the gate records it, whoever reads it later."""
    with speaking("en"):
        return decide(found, THRESHOLDS)


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with speaking("zh-TW"):
        yield


def test_no_word_of_a_refusal_is_left_in_english(gate: Gate) -> None:
    mail = regression_mail(gate, RUN, PREPARE, {}, [SAID], "/home/x/suspects.json")
    assert words_left(shown(mail), RUN, "ptt", "ticket 7") == []
    assert "- 第 2 版繼續提供服務。候選模型未發布。\n- 新的資料沒有遺失" in mail.text
    assert "候選模型答「正面」（0.97）：\n  大家來評理 ｜ 這家店真的爛透了" in mail.text
    assert mail.subject.startswith("情感分析：沒有新模型。") and "準確率與召回率（變化以百分點計）" in mail.html


def test_no_word_of_a_question_with_its_figures_is_left_in_english(gate: Gate) -> None:
    mail = waiting_mail(replace(ASKING, gate=gate))
    assert words_left(shown(mail), *WRITTEN) == []
    assert "第 3 版答「正面」（0.97）" in mail.html


def test_what_the_gate_recorded_is_said(gate: Gate) -> None:
    found = [structs.replace(check, sentence=RECORDED) for check in gate.checks]
    told = structs.replace(gate, sentence=RECORDED, reasons=[RECORDED], checks=found)
    text = regression_mail(told, RUN, None, {}).text
    assert RECORDED not in text and text.count(SAID) > 1


def test_a_first_candidate_is_refused_in_chinese(evaluation: Make) -> None:
    mail = regression_mail(in_english(evaluation([100, 100, 100], None)), RUN, None, {})
    assert words_left(shown(mail), RUN) == []


def test_new_posts_that_failed_real_checks_are_told_in_chinese() -> None:
    found = [Measured("near_test", near.TITLE, 0.4, examples=["好"]), Measured("copies", near.COPIES, 0.1)]
    limits = {"near_test": Limits(0.02, 0.2), "copies": Limits(0.02, 0.5)}
    with speaking("en"):
        judged = [judge(each, limits[each.name]) for each in found]
        passed, sentence = verdict(judged)
    mail = check_mail(whole(Check, passed=passed, sentence=sentence, checks=as_json(judged)), RUN, {})
    assert words_left(shown(mail), RUN) == []


@pytest.mark.parametrize(
    ("stable", "version", "told"),
    [
        (None, None, "目前仍沒有可以提供服務的模型。"),
        ([340] * 3, None, "正式版模型繼續提供服務。"),
        ([340] * 3, 2, "第 2 版繼續"),
    ],
)
def test_it_says_what_keeps_serving(evaluation: Make, stable: list[int] | None, version: int | None, told: str) -> None:
    gate = structs.replace(in_english(evaluation([100, 100, 100], stable)), stable_version=version)
    assert f"- {told}" in regression_mail(gate, RUN, None, {}).text
