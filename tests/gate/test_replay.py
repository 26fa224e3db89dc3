"""`sentiment replay`: the past under today's rules, from what earlier releases left."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left
from support.evaluations import decide

from sentiment import atomic
from sentiment.cli import run
from sentiment.gate.thresholds import Thresholds
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings

Make = Callable[..., Any]
THRESHOLDS = Thresholds(floor=0.5, margin=0.01, recall_drop=0.05, minimum_rolling=200)
YOUNGER = ("year", "pins", "loosened")  # fields that a decision of the first release lacks


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluation: Make) -> Settings:
    """A home of the first release with four decisions: a first model, two that passed, one that was refused."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    settings, support = read_settings(), (4000, 4000, 4000)
    made = {
        "0-first": evaluation([3400] * 3, None, 0, support),
        "1-better": evaluation([3450] * 3, [3400] * 3, 200, support),
        "2-a-bit-worse": evaluation([3400] * 3, [3410] * 3, 100, support),
        "3-worse": evaluation([3300] * 3, [3410] * 3, 100, support),
    }
    for number, (name, found) in enumerate(made.items()):
        folder = RunFolder.named(settings, name)
        atomic.write_json(folder.result("evaluate"), found)
        decision = {key: value for key, value in as_json(decide(found, THRESHOLDS)).items() if key not in YOUNGER}
        atomic.write_json(folder.result("gate"), decision)
        os.utime(folder.result("gate"), (1.7e9 + number * 86_400,) * 2)
    return settings


def test_it_shows_what_would_have_been_decided_differently(
    settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = sorted(path for path in settings.home.rglob("*") if path.is_file())
    assert run(["replay"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert [(one["run"], one["then"], one["now"]) for one in found["decisions"]] == [
        ("0-first", True, True),
        ("1-better", True, True),
        ("2-a-bit-worse", True, False),
        ("3-worse", False, False),
    ]
    assert found["sentence"] == (
        "4 decisions: 3 as before, 1 that passed would be refused, 0 that were refused would pass."
    )
    assert "level of a year of nights" in found["decisions"][2]["reason"]
    assert "only stable is compared with" in told.err
    assert sorted(path for path in settings.home.rglob("*") if path.is_file()) == before, "nothing changes"
    assert run(["replay", "--output", str(tmp_path / "replay.json")]) == 0
    assert json.loads((tmp_path / "replay.json").read_text()) == found


def test_an_override_is_left_out_on_both_sides(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gate", "--run", "3-worse", "--override-who", "ann", "--override-reason", "a holiday"]) == 0
    assert run(["replay"]) == 0
    told = capsys.readouterr()
    last = json.loads(told.out.splitlines()[-1])["decisions"][-1]
    assert (last["then"], last["now"], last["overridden"]) == (False, False, True)
    assert "refused, overridden" in told.err


def test_what_cannot_be_read_is_named_and_stops_nothing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    RunFolder.named(settings, "1-better").result("gate").write_text("{")
    RunFolder.named(settings, "2-a-bit-worse").result("evaluate").unlink()
    assert run(["replay"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["decisions"]) == 2 and len(found["unreadable"]) == 2
    assert "gate.json" in found["unreadable"][0]


def test_a_home_without_runs_has_nothing_to_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    assert run(["replay"]) == 0
    assert json.loads(capsys.readouterr().out)["sentence"].startswith("0 decisions")


def test_people_are_told_in_their_language_and_programs_the_same(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {}
    for language in ("en", "zh-TW"):
        monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
        assert run(["replay"]) == 0
        said[language] = capsys.readouterr()
    assert said["en"].out == said["zh-TW"].out
    assert english_left(said["en"].err) and english_left(said["zh-TW"].err) == []
