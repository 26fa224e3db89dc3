"""What the verbs that score models print for people, in Traditional Chinese; what they record stays English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left
from support.evaluations import make_set, scores
from support.results import whole

from sentiment.data.must_hold import Case
from sentiment.data.tsv import Post
from sentiment.evaluation import estimate_wording, evaluate_wording, infer, must_hold, predict, refresh_wording
from sentiment.evaluation import test as testing
from sentiment.labels import Labels
from sentiment.language import recorded, speaking
from sentiment.results.estimate import Estimate
from sentiment.results.evaluation import Evaluation, TestSet, TestSets
from sentiment.results.record import decoded
from sentiment.results.refreshment import Refreshment, Rescored, TestSetFile, Worn
from sentiment.results.training import Training
from sentiment.training import train

NAMES = {"test", "predict", "quit", "tsv", "html", "F1", "ptt", "amy", "T12", "retired", "old", "out", "model"}


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with speaking("zh-TW"):
        yield


def no_english(text: str) -> str:
    assert english_left(text) == []
    assert not set(re.findall(r"[A-Za-z][A-Za-z0-9]+", text)) - NAMES, text
    return text


def an_estimate(name: str | None = "", correct: int | None = None, rows: int = 1_200) -> Estimate:
    given: dict[str, Any] = {"accuracy": 0.8, "low": 0.7, "high": 0.9, "threshold_accuracy": 0.8}
    return Estimate(name=name, rows=rows, confidence=0.8, correct=correct, **given)


def test_a_test_of_a_model() -> None:
    result = {"rows": 30, "page": "out/test.html", **scores([[8, 1, 1], [0, 10, 0], [0, 1, 9]])}
    text = no_english(testing.told(result, ["正面", "負面", "中立"]))
    assert text.splitlines()[0] == "準確率 0.9000：30 個答案中有 27 個正確。"
    assert text.splitlines()[1].split() == ["標籤", "精確率", "召回率", "F1", "筆數"]
    assert text.splitlines()[-1] == "報告在 out/test.html。"


def test_an_evaluation() -> None:
    one = decoded(make_set([[300, 0], [100, 800]], [[300, 0], [200, 700]], 150), TestSet, "it", "")
    found = whole(Evaluation, {"sets": TestSets(frozen=one, rolling=one)})
    frozen, rolling = map(no_english, evaluate_wording.told(found))
    assert frozen == "固定測試集（1,200 筆）的準確率：候選模型 0.9167、正式版 0.8333。"
    assert rolling.startswith("滾動測試集（1,200 筆）的準確率：")


def test_the_cases_that_must_hold() -> None:
    cases = [Case(Post("甲", 0)), Case(Post("乙", 1), fixed=True), Case(Post("丙", 1)), Case(Post("丁", 1), fixed=True)]
    lines = must_hold.told(cases, 3, [0, 2, 0, 1], Labels())
    assert no_english("\n".join(lines)).splitlines() == [
        "  負面（不得改變），正式版判為中立：乙",
        "  負面，正式版判為正面：丙",
        "  正面：甲",
        "  負面（不得改變）：丁",
        "共 4 個案例，其中 2 個不得改變：第 3 版守住 2 個",
    ]
    assert must_hold.told(cases, None, [], Labels())[-1] == "共 4 個案例，其中 2 個不得改變"
    added = [must_hold._told_added("負面", "難吃", replaced=replaced) for replaced in (True, False)]
    assert added == ["已取代：負面：難吃", "已新增：負面：難吃"]


def test_an_estimate_is_recorded_in_english_and_read_in_chinese() -> None:
    with speaking("en"):
        low = estimate_wording.sentence(3, an_estimate(correct=900), (0.95, 0.05))
        alone = estimate_wording.sentence(None, an_estimate(rows=1))
    assert low == (
        "Version 3 is expected to have 80.0\xa0% of 1,200 posts right, between 70.0\xa0% and 90.0\xa0% (95 %); by "
        "their labels it has 75.0\xa0%. Even at best that is more than 5.0 points below the 95.0\xa0% that it had when "
        "it was published."
    )
    assert no_english(recorded(low)) == (
        "預期第 3 版在 1,200 則貼文中答對 80.0\xa0%，介於 70.0\xa0% 與 90.0\xa0% 之間（95 %）；"
        "依標籤計算則是 75.0\xa0%。即使以最好的情況來看，也比發布時的 95.0\xa0% 低了超過 5.0 個百分點。"
    )
    assert no_english(recorded(alone)).startswith("預期模型在 1 則貼文中答對 80.0\xa0%，")
    title, head, *rows = estimate_wording.table("依來源", [an_estimate("ptt"), an_estimate(""), an_estimate(None)])
    assert head.split() == ["貼文", "預估", "下限", "上限", "依標籤"]
    assert [row.split()[0] for row in rows] == ["ptt", "無", "其他"] and title == "依來源"


def test_a_refreshment_of_the_frozen_set() -> None:
    file = TestSetFile(file="retired/test.tsv", rows=1_000, sha256="ab" * 32)
    score = Rescored(role="stable", version=3, retired=0.8, frozen=0.7, fresh=0.6)
    given: dict[str, Any] = {"number": 1, "at": "2026-11-05", "who": "amy", "overlap": 500, "touched": 0}
    made = Refreshment(**given, retired=file, frozen=file, newest_version=3, scores=[score], worn=whole(Worn, {}))
    again, now_has, one = map(no_english, refresh_wording.told(made, True))
    assert again == "amy 在 2026-11-05 的更新曾經中斷，現在已完成"
    assert now_has.startswith("固定測試集現在有 1,000 筆，其中 500 筆來自先前的測試集；")
    assert one == "正式版，第 3 版：先前的測試集 0.800，新的測試集 0.700，其中的新資料 0.600"
    assert no_english(refresh_wording.told_few(30, 500)) == "滾動測試集還剩 30 筆，要到 500 筆以上才會再參與判定"


def test_the_console_s_greeting() -> None:
    assert infer.greeting(Path("out/model"), "old/toy") == f"out/model：old/toy。輸入 `{infer.GOODBYES[0]}` 結束。"


def test_a_training_and_a_prediction() -> None:
    tested = whole(Training, {"model": "out/model", "test": scores([[8, 2], [1, 9]])})
    assert no_english(train.told(tested)) == "模型在 out/model；在 20 筆測試資料上的準確率是 0.8500。"
    assert no_english(train.told(whole(Training, {"model": "out/model", "test": None}))) == "模型在 out/model。"
    assert no_english(predict.told(2, Path("out.tsv"))) == "predict: 2 則貼文，答案寫入 out.tsv"
    assert no_english(predict.told(2, None)) == "predict: 2 則貼文"
