"""A person is answered in SENTIMENT_LANGUAGE; a program, and what it reads, in English."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left

from sentiment import cli
from sentiment.data.tsv import Post, write_posts


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posts: list[Post]) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    for name in ("test.tsv", "latest_test.tsv"):
        write_posts(tmp_path / "datasets" / "old_sentiment" / name, posts)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, dict[str, Any]]:
    assert cli.run([*map(str, arguments)]) == 0
    printed = capsys.readouterr()
    result: dict[str, Any] = json.loads(printed.out.splitlines()[-1])
    return printed.err, result


def test_a_correction(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = ("must-hold", "add", "--why", "user 17", "--text", "難吃", "--label", "負面")
    assert said(capsys, *case)[0] == "已新增：負面：難吃\n"
    assert said(capsys, *case, "--result", home / "result.json")[0] == "replaced: 負面: 難吃\n"
    assert said(capsys, "must-hold", "list")[0] == "  負面：難吃\n共 1 個案例，其中 0 個不得改變\n"


def test_a_test_an_estimate_and_answers(home: Path, toy_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = home / "datasets" / "old_sentiment" / "test.tsv"
    told, result = said(capsys, "test", "--model", toy_model, "--data", data, "--output", home / "out")
    assert f"準確率 {result['accuracy']:.4f}：{result['rows']} 個答案中有 {result['correct']} 個正確。" in told
    assert '<html lang="zh-Hant">' in (home / "out" / "test_report.html").read_text(encoding="utf-8")
    told, result = said(capsys, "estimate", data, "--model", toy_model, "--labelled", data)
    assert result["sentence"].startswith("The model is expected to have ")
    assert "預期模型在" in told and english_left(told.split("預期模型在")[1]) == []
    told, result = said(capsys, "predict", "--model", toy_model, "--data", data, "--output", home / "answers")
    assert told.endswith(f"predict: {result['rows']} 則貼文，答案寫入 {home / 'answers'}\n")
    told, result = said(capsys, "evaluate", "--candidate", toy_model, "--frozen", data, "--output", home / "e.json")
    assert f"固定測試集（{result['sets']['frozen']['rows']} 筆）的準確率：候選模型 " in told
    assert said(capsys, "report", home / "out")[0] == f"已重新產生：{home / 'out' / 'test_report.html'}。\n"
