"""The cases that must hold, scored beside the test sets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment import cli
from sentiment.data.must_hold import Case, write_cases
from sentiment.data.tsv import Post, write_posts
from sentiment.evaluation.cases import LISTED, compare
from sentiment.evaluation.evaluate import Model, evaluate
from sentiment.results.must_hold import BesideReference, CaseAnswers, Held


def saying(*labels: int) -> Any:
    return np.eye(3, dtype=np.float32)[list(labels)]


CASES = [
    Case(Post("甲", 0)),
    Case(Post("乙", 1), fixed=True, why="ticket 7"),
    Case(Post("丙", 2, title="題")),
    Case(Post("丁", 0)),
    Case(Post("戊", 1), fixed=True),
]


def test_what_stable_holds_and_the_candidate_breaks_and_the_other_way_round() -> None:
    found = compare(CASES, saying(1, 0, 2, 0, 1), saying(0, 1, 0, 0, 2))
    assert found.fixed == Held(cases=2, candidate=1, stable=1, broken=1, mended=1)
    assert found.others == Held(cases=3, candidate=2, stable=2, broken=1, mended=1)
    broken = CaseAnswers(text="乙", title="", true=1, stable=1, candidate=0, fixed=True, why="ticket 7")
    assert found.broken[0] == broken, "those that may not change come first"
    assert [case.text for case in found.broken] == ["乙", "甲"]
    assert [(case.text, case.title, case.stable, case.candidate) for case in found.mended] == [
        ("戊", "", 2, 1),
        ("丙", "題", 0, 2),
    ]


def test_what_the_reference_held_is_counted_of_the_cases_that_may_change() -> None:
    found = compare(CASES, saying(1, 0, 2, 0, 1), saying(0, 1, 0, 0, 2), saying(0, 1, 2, 1, 1))
    assert found.reference == BesideReference(held=2, broken=1)
    assert compare(CASES, saying(1, 0, 2, 0, 1), saying(0, 1, 0, 0, 2)).reference is None


def test_without_a_stable_model_nothing_is_broken() -> None:
    found = compare(CASES, saying(1, 0, 2, 0, 1), None)
    assert found.fixed == Held(cases=2, candidate=1, stable=None, broken=0, mended=0)
    assert found.others == Held(cases=3, candidate=2, stable=None, broken=0, mended=0)
    assert found.broken == found.mended == []


def test_the_record_stays_small_whatever_is_broken() -> None:
    many = [Case(Post(f"第{number}篇", 0)) for number in range(3 * LISTED)]
    found = compare(many, saying(*[1] * len(many)), saying(*[0] * len(many)))
    assert (found.others.broken, len(found.broken)) == (3 * LISTED, LISTED)


def test_cases_of_a_file_are_scored_by_both_models(
    toy_model: Path, posts: list[Post], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_posts(tmp_path / "frozen.tsv", posts)
    cases = [Case(posts[0]), Case(posts[1]._replace(label=(posts[1].label + 1) % 3), fixed=True)]
    write_cases(tmp_path / "cases.tsv", cases)
    command = ["evaluate", "--candidate", toy_model, "--stable", toy_model, "--frozen", tmp_path / "frozen.tsv"]
    more = ["--must-hold", tmp_path / "cases.tsv", "--output", tmp_path / "evaluation.json"]
    assert cli.run([*map(str, command + more)]) == 0
    found = json.loads(capsys.readouterr().out)["must_hold"]
    assert found["others"] == {"cases": 1, "candidate": 1, "stable": 1, "broken": 0, "mended": 0}
    assert found["fixed"] == {"cases": 1, "candidate": 0, "stable": 0, "broken": 0, "mended": 0}
    more[1] = tmp_path / "none.tsv"
    assert cli.run([*map(str, command + more)]) == 2, "a file that is named must be there"


def test_a_run_is_asked_the_cases_that_it_froze(
    toy_model: Path, posts: list[Post], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    run = tmp_path / "runs" / "r1"
    write_posts(run / "test.tsv", posts)
    shutil.copytree(toy_model, run / "model")
    assert cli.run(["evaluate", "--run", "r1"]) == 0
    assert "must_hold" not in json.loads((run / "evaluation.json").read_text("utf-8"))
    write_cases(run / "must_hold.tsv", [Case(posts[0])])
    assert cli.run(["evaluate", "--run", "r1"]) == 0
    assert json.loads((run / "evaluation.json").read_text("utf-8"))["must_hold"]["others"]["candidate"] == 1
    write_posts(run / "must_hold.tsv", [Post("", 0)])
    assert cli.run(["evaluate", "--run", "r1"]) == 2


def test_the_sets_count_the_same_with_and_without_cases(toy_model: Path, posts: list[Post]) -> None:
    sets = {"frozen": posts, "rolling": posts[:5]}
    alone, beside = (
        evaluate(toy_model, Model(toy_model, 1), sets, must_hold=cases) for cases in ([], [Case(posts[0])])
    )
    assert alone.sets == beside.sets and not alone.must_hold and beside.must_hold


def test_a_reference_that_is_another_model_answers_the_cases_too(
    toy_model: Path, posts: list[Post], tmp_path: Path
) -> None:
    best, stable = Model(shutil.copytree(toy_model, tmp_path / "1"), 1), Model(toy_model, 2)
    found = evaluate(toy_model, stable, {"frozen": posts[:3]}, best, [Case(posts[0])]).must_hold
    assert found and found.reference == BesideReference(held=1, broken=0)
