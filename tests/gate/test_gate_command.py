"""`sentiment gate`: files in, a decision out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs
from support.english_left import english_left

from sentiment import atomic
from sentiment.cli import run
from sentiment.gate.gate import checked
from sentiment.language import speaking
from sentiment.results.decision import Gate
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings

Make = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluation: Make) -> RunFolder:
    """A run whose candidate is 2.5 points worse than stable."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    made = RunFolder.named(read_settings(), "night:1")
    atomic.write_json(made.result("evaluate"), evaluation([320, 320, 320], [330, 330, 330], 10))
    return made


def test_a_refusal_is_a_result(folder: RunFolder, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    output, result = tmp_path / "out" / "decision.json", tmp_path / "result.json"
    assert run(["gate", "--run", "night:1", "--output", str(output), "--result", str(result)]) == 0
    told = capsys.readouterr()
    decision = json.loads(told.out)
    assert decision["passed"] is False
    *checks, verdict = told.err.splitlines()
    assert verdict == decision["sentence"]
    assert [line[:4] for line in checks] == [f"  {'✔' if one['passed'] else '✘'} " for one in decision["checks"]]
    assert all(one["sentence"] in line for one, line in zip(decision["checks"], checks, strict=True))
    assert {line[2] for line in checks} == {"✔", "✘"} and all(one["name"] for one in decision["checks"])
    assert decision == as_json(folder.read(Gate)) == json.loads(output.read_text()) == json.loads(result.read_text())
    assert decision["thresholds"] == {"floor": 0.5, "margin": 0.01, "recall_drop": 0.05, "minimum_rolling": 200}


def test_thresholds_come_from_options_or_else_settings(
    folder: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_GATE_MARGIN", "0.2")
    monkeypatch.setenv("SENTIMENT_GATE_MINIMUM_ROLLING", "7")
    options = ["--floor", "0.1", "--recall-drop", "0.3"]
    assert run(["gate", "--evaluation", str(folder.result("evaluate")), *options]) == 0
    decision = json.loads(capsys.readouterr().out)
    assert decision["passed"] is True
    assert decision["thresholds"] == {"floor": 0.1, "margin": 0.2, "recall_drop": 0.3, "minimum_rolling": 7}
    assert not folder.result("gate").exists()
    assert run(["gate", "--run", "night:1", "--margin", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["thresholds"]["margin"] == 0.0


def test_a_person_may_override(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gate", "--run", "night:1", "--override-who", "王小明", "--override-reason", "急件"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert as_json(folder.read(Gate).overridden) == {"who": "王小明", "reason": "急件"}


def test_a_looser_limit_is_part_of_the_decision(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    looser = ["gate", "--run", "night:1", "--margin", "0.2", "--loosen-who", "ann", "--loosen-reason", "few rows"]
    assert run(looser) == 0
    told = "The gate was loosened by ann: margin 0.2 instead of 0.01. Reason: few rows."
    decision = json.loads(capsys.readouterr().out)
    assert decision["passed"] and decision["sentence"].startswith(f"{told} As good as version 2: ")
    limits = [{"name": "margin", "asked": 0.2, "configured": 0.01}]
    assert decision["loosened"] == {"who": "ann", "reason": "few rows", "limits": limits}
    assert folder.read(Gate).exceptions == [told]


def test_a_reason_however_long_leaves_the_verdict_in_sight(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "x" * 5000
    reasons = ["--loosen-reason", long, "--loosen-who", "a", "--override-reason", long, "--override-who", "a"]
    assert run(["gate", "--run", "night:1", "--floor", "0.1", *reasons]) == 0
    assert "Worse than version 2" in json.loads(capsys.readouterr().out)["sentence"][:1000]
    assert folder.read(Gate).loosened.reason == long  # type: ignore[union-attr]


def test_a_trial_from_a_file_needs_no_reason_and_says_that_it_was_looser(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["gate", "--evaluation", str(folder.result("evaluate")), "--margin", "0.2"]) == 0
    sentence = json.loads(capsys.readouterr().out)["sentence"]
    assert sentence.startswith("The gate was loosened: margin 0.2 instead of 0.01. As good as")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--run NAME or --evaluation FILE"),
        (["--run", "nothing"], "no file"),
        (["--evaluation", "{tmp}/broken.json"], "must be JSON"),
        (["--evaluation", "{tmp}/list.json"], "must be a JSON object"),
        (["--evaluation", "{tmp}/binary.json"], "must be JSON"),
        (["--run", "night:1", "--margin", "nan"], "margin"),
        (["--run", "night:1", "--floor", "2"], "floor"),
        (["--run", "night:1", "--minimum-rolling", "0"], "minimum_rolling"),
        (["--run", "night:1", "--margin", "0.02"], "margin 0.02 instead of 0.01, without a reason"),
        (["--run", "night:1", "--floor", "0.4", "--loosen-who", "ann"], "floor 0.4 instead of 0.5, without a reason"),
        (["--run", "night:1", "--floor", "0.4", "--loosen-reason", "急件"], "floor 0.4 instead of 0.5, by nobody"),
        (["--run", "night:1", "--override-who", "王小明"], "who decides and why"),
        (["--run", "night:1", "--override-reason", "急件"], "who decides and why"),
    ],
)
def test_bad_usage_is_one_line_and_leaves_nothing(
    folder: RunFolder, capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], told: str
) -> None:
    (tmp_path / "broken.json").write_text('{"labels": [')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "binary.json").write_bytes(b"\xff\x00\x01")
    assert run(["gate", *(option.replace("{tmp}", str(tmp_path)) for option in options)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) == 1
    assert not folder.result("gate").exists()


def test_a_person_is_told_in_their_language_and_a_program_the_same(
    folder: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = {}
    for language, options in (("en", []), ("zh-TW", []), ("zh-TW", ["--result", str(tmp_path / "result.json")])):
        monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
        assert run(["gate", "--evaluation", str(folder.result("evaluate")), *options]) == 0
        said[language, bool(options)] = capsys.readouterr()
    english, chinese, logged = said.values()
    assert english.out == chinese.out == logged.out and english.err == logged.err
    assert english_left(english.err) and english_left(chinese.err) == []
    decision = msgspec.convert(json.loads(english.out), Gate)
    undecided = structs.replace(decision, checks=[structs.replace(decision.checks[0], decides=False)])
    assert checked(undecided)[0].endswith(" (does not decide)")
    with speaking("zh-TW"):
        assert checked(undecided)[0].endswith("（不列入判定）")
