"""`sentiment status` says how worn the frozen test set is, and what is wrong with what it knows of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.results import whole_json

from sentiment.data.retired import next_file
from sentiment.results.decisions import Decision
from sentiment.results.refreshment import Refreshment
from sentiment.serving.history import read_state
from sentiment.serving.refreshments import file_of
from sentiment.settings import Settings
from sentiment.status import wear
from sentiment.status.status import describe
from sentiment.status.table import lines_of


def decide(settings: Settings, **given: Any) -> None:
    frozen = {"rows": 1200, "candidate_right": 1000, "only_candidate": 30, "only_stable": 10}
    made = whole_json(Decision, passed=True, level=0.0002, at="2026", sets={"frozen": frozen}, **given)
    (settings.serving / "decisions.jsonl").write_text(f"{json.dumps(made)}\n", encoding="utf-8")


def test_nothing_is_said_before_the_first_decision(home: Settings) -> None:
    assert wear.described(home)["sentence"] == wear.described(home)["error"] == ""


def test_the_wear_is_a_line(home: Settings) -> None:
    decide(home, run="r1")
    found = describe(read_state(home), home)
    assert found["tests"]["wear"]["decisions"] == 1
    assert any(line.startswith("The frozen test set has served 1 decision") for line in lines_of(found))


@pytest.mark.parametrize("name", ["decisions.jsonl", "refreshments.jsonl"])
def test_a_damaged_file_is_told_and_the_rest_is_shown(home: Settings, name: str) -> None:
    (home.serving / name).write_text("{}\n", encoding="utf-8")
    found = describe(read_state(home), home)
    assert found["stable"] == 2
    assert any(name in line and "must be" in line for line in lines_of(found))


def test_an_interrupted_refreshment_is_told(home: Settings) -> None:
    file_of(home).write_text(f"{json.dumps(whole_json(Refreshment, number=3, frozen={'rows': 9}))}\n", encoding="utf-8")
    assert wear.described(home)["error"] == ""
    waiting = next_file(home.base_data, 3)
    waiting.parent.mkdir()
    waiting.write_text("text\tlabel\n", encoding="utf-8")
    assert wear.described(home)["error"] == wear.INTERRUPTED
