"""What becomes of deliveries and of a run's rows, told in Traditional Chinese; the results are the same."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left

from sentiment.cli import run
from sentiment.data import reasons
from sentiment.language import recorded, speaking
from sentiment.settings import CHECKOUT, Settings

Deliver = Callable[[str, Any], Path]
ROWS = "text\tlabel\n好吃\t0\n\t1\n難吃\t非常\n好\x07喝\t1\n" + "長" * 20_001 + "\t0\n好吃\t0\n"


@pytest.fixture
def delivered(settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> Settings:
    deliver("a.tsv", ROWS)
    deliver("b.tsv", "a\tb\n1\t2\n")
    deliver("c.tsv", ROWS)
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    return settings


def test_an_ingest_and_its_report_are_told_in_chinese(
    delivered: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ingest"]) == 0
    told = capsys.readouterr()
    assert english_left(told.err) == []
    assert "交付 1（a.tsv）：接受 1 筆、重複 1 筆、改標籤 0 筆、隔離 4 筆（" in told.err
    assert "未讀取 c.tsv：內容與 a.tsv 相同" in told.err
    assert "3 個檔案中有 2 個是新的；已收到交付 2" in told.err
    printed = {}
    for number in ("1", "2"):
        for language in ("en", "zh-TW"):
            monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
            assert run(["ingest", "--report", number]) == 0
            printed[number, language] = capsys.readouterr()
        assert printed[number, "en"].out == printed[number, "zh-TW"].out
        assert json.loads(printed[number, "en"].out)["reasons"]
        assert english_left(printed[number, "zh-TW"].err, "TSV, UTF-8") == []
    said = "\n".join(printed[number, "zh-TW"].err for number in ("1", "2"))
    assert "未知的標籤" in said and "text 太長" in said and "檔案的標題列沒有 text 與 label 欄位" in said


def test_what_is_prepared_and_what_sources_disagree_about_is_told_in_chinese(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver("甲.tsv", "text\tlabel\tsource\n" + "".join(f"第{number}篇\t0\t甲\n" for number in range(40)))
    deliver("乙.tsv", "text\tlabel\tsource\n第1篇\t1\t乙\n")
    assert run(["ingest"]) == 0
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    capsys.readouterr()
    assert run(["prepare", "--run", "night", "--mode", "full"]) == 0
    assert capsys.readouterr().err.startswith("完整訓練：")
    assert run(["disagreements"]) == 0
    assert english_left(capsys.readouterr().err) == []


@pytest.mark.parametrize("given", [*reasons.OF_ROWS, *reasons.OF_FILES])
def test_every_reason_is_one_that_is_given(given: str) -> None:
    """A reason that the code words otherwise by now would be told in English."""
    with speaking("zh-TW"):
        values = {"name": "a.tsv", "number": "1,000", "label": "-1, 0", "quoted": "Big5", "delivery": 3}
        filled = given.format(**values, size="2.1 GB", largest="1.0 GB")
        assert english_left(recorded(filled)) == [] and recorded(filled) != filled
    given = given.removeprefix("text").removeprefix("title").removeprefix("source")  # a column's name is filled in
    parts = [part for part in given.replace("`", "{").split("{")[0].split(": ")[0].split(", ") if part]
    assert all(any(part in text for text in written()) for part in parts), given


@cache
def written() -> set[str]:
    """All that stands in quotes in the modules that take deliveries in, but for the list itself."""
    modules = [path for path in (CHECKOUT / "sentiment" / "data").rglob("*.py") if path.name != "reasons.py"]
    nodes = (node for path in modules for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
