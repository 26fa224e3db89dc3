"""Two versions side by side: only what was measured on the same rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import models_page_homes as homes

from sentiment.language import speaking
from sentiment.models_page.comparison import Comparison, comparison
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.settings import Settings


def look(settings: Settings, first: int, second: int) -> Comparison:
    notices = Notices()
    found = comparison(read_ledger(settings.history), first, second, settings, notices)
    assert notices.lines == []
    return found


@pytest.fixture
def evaluated(settings: Settings) -> Any:
    """Changes the evaluation of a version's run; `frozen` is merged into that set's figures."""
    homes.whole_home(settings.home)

    def change(version: int, frozen: dict[str, Any], **more: Any) -> None:
        path = settings.runs / f"night-{version}" / "evaluation.json"
        found = json.loads(path.read_text(encoding="utf-8")) | more
        found["sets"]["frozen"] |= frozen
        path.write_text(json.dumps(found), encoding="utf-8")

    for version, right in ((1, 0.81), (2, 0.83), (3, 0.86)):
        scores = {**homes.scores(), "accuracy": right, "recall": [right, 0.5, 0.6]}
        whole = {"precision": [0, 0, 0], "f1": [0, 0, 0], "loss": 0.0}
        stable = {**scores, **whole, "accuracy": 0.5, "recall": [0.5, 0.5, 0.5]}
        change(version, {"rows": 150, "candidate": {**scores, **whole}, "stable": stable}, stable_version=None)
    return change


def test_the_same_digest_is_the_same_rows(settings: Settings, evaluated: Any) -> None:
    for version in (1, 3):
        evaluated(version, {"sha256": "a" * 64})
    found = look(settings, 1, 3)
    assert found.apart == []
    told = [(row.name, row.rows, row.first, row.second, row.change) for row in found.rows]
    assert told[0] == ("frozen set", "150", "0.810", "0.860", "+5.0")
    assert told[1] == ("recall of 正面, frozen set", "50", "0.810", "0.860", "+5.0") and len(told) == 4


@pytest.mark.parametrize(("one", "other"), [("a" * 64, "b" * 64), ("", "")])
def test_other_rows_are_never_side_by_side(settings: Settings, evaluated: Any, one: str, other: str) -> None:
    evaluated(1, {"sha256": one})
    evaluated(3, {"sha256": other})
    found = look(settings, 1, 3)
    assert found.rows == []
    assert found.apart == [
        "Not comparable on the frozen set (the rows were not the same, or it is not known): version 1 0.810 on 150 "
        "rows; version 3 0.860 on 150 rows."
    ]


@pytest.mark.parametrize(("first", "second", "figures"), [(2, 3, ("0.500", "0.860")), (3, 2, ("0.860", "0.500"))])
def test_a_version_that_was_evaluated_beside_the_other_is_on_its_rows(
    settings: Settings, evaluated: Any, first: int, second: int, figures: tuple[str, str]
) -> None:
    evaluated(3, {}, stable_version=2)
    row = look(settings, first, second).rows[0]
    assert (row.first, row.second) == figures


def test_what_the_history_says_of_each_stands_side_by_side(settings: Settings, evaluated: Any) -> None:
    facts = {name: (first, second) for name, first, second in look(settings, 1, 3).facts}
    assert facts["Label"] == ("previous", "canary") and facts["Trained on"] == ("901 rows", "903 rows")
    assert facts["Condition"] == ("retired, followed by version 2", "served")
    assert "Accuracy, frozen set" not in facts and facts["One post takes (p95)"] == ("14.4 ms", "14.4 ms")


def test_a_comparison_is_told_in_chinese(settings: Settings, evaluated: Any) -> None:
    path = settings.runs / "night-3" / "evaluation.json"
    path.unlink()
    with speaking("zh-TW"):
        page = comparison(read_ledger(settings.history), 1, 3, settings, Notices())
    assert page.apart == ["在固定測試集上無法比較（另一版沒有量測）：第 1 版在 150 筆上為 0.810。"]
    assert page.facts[:2] == [("身分", "前一版", "試行版"), ("狀態", "已卸任，由第 2 版接替", "服務中")]
