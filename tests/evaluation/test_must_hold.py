"""`sentiment must-hold`: a correction is added and shown with stable's answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sentiment import cli
from sentiment.data.must_hold import Case
from sentiment.data.tsv import Post
from sentiment.evaluation.must_hold import told
from sentiment.labels import Labels


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    return tmp_path


def add(*more: str) -> int:
    return cli.run(["must-hold", "add", "--why", "user 17", *more])


def test_a_long_title_does_not_hide_its_case(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add("--text", "難吃", "--label", "負面", "--title", "長" * 1_000) == 0
    capsys.readouterr()
    assert cli.run(["must-hold", "list"]) == 0
    assert capsys.readouterr().err.splitlines()[0] == f"  負面: {'長' * 60}… ｜ 難吃"


def test_a_correction_is_added_replaced_and_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add("--text", "難吃\x1b[2J", "--label", "負面", "--fixed") == 0
    path = home / "datasets" / "old_sentiment" / "must_hold.tsv"
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"file": str(path), "replaced": False, "cases": 1}
    assert shown.err == "added: 負面: 難吃\\x1b[2J\n"
    assert add("--text", "難吃\x1b[2J", "--label", "1", "--title", "店") == 0
    assert add("--text", "難吃\x1b[2J", "--label", "2") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"file": str(path), "replaced": True, "cases": 2}
    assert cli.run(["must-hold", "list"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"cases": 2, "fixed": 0, "stable_version": None, "stable_holds": None}
    assert shown.err.splitlines() == ["  中立: 難吃\\x1b[2J", "  負面: 店 ｜ 難吃\\x1b[2J", "2 cases, 0 may not change"]


def test_what_is_refused_is_one_line_and_nothing_is_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add("--text", "好", "--label", "great") == 2
    assert capsys.readouterr().err.startswith("sentiment: --label must be one of the labels 0 正面")
    assert cli.run(["must-hold", "add", "--text", "好", "--label", "0"]) == 2, "a reason is required"
    assert not (home / "datasets").exists()


def test_a_home_without_cases_lists_none(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["must-hold", "list"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == 0


def test_cases_are_listed_with_what_stable_answers(
    home: Path, toy_model: Path, posts: list[Post], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(toy_model, home / "serving" / "trained" / "1")
    events = [{"event": name, "version": 1} for name in ("published", "staged", "canary", "promoted")]
    (home / "serving" / "history.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events), "utf-8")
    held, wrong = posts[0], posts[1]
    assert add("--text", held.text, "--label", str(held.label)) == 0
    assert add("--text", wrong.text, "--label", str((wrong.label + 1) % 3), "--fixed") == 0
    capsys.readouterr()
    assert cli.run(["must-hold", "list"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"cases": 2, "fixed": 1, "stable_version": 1, "stable_holds": 1}
    names = Labels().names
    told = f"  {names[(wrong.label + 1) % 3]} (may not change), stable says {names[wrong.label]}: {wrong.text[:20]}"
    assert any(line.startswith(told) for line in shown.err.splitlines())  # a slow machine also tells its progress
    assert shown.err.splitlines()[-1] == "2 cases, 1 may not change: version 1 holds 1"


def test_what_stable_does_not_hold_comes_first() -> None:
    cases = [Case(Post("甲", 0)), Case(Post("乙", 1))]
    assert told(cases, 3, [0, 2], Labels()) == [
        "  負面, stable says 中立: 乙",
        "  正面: 甲",
        "2 cases, 0 may not change: version 3 holds 1",
    ]
