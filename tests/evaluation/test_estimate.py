"""`sentiment estimate`, as it is run: posts without labels, labels that are there, sources, nights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.estimates import gap_of, night_of
from support.evaluations import make_evaluation, make_set

from sentiment import cli
from sentiment.data.tsv import Post, write_posts
from sentiment.estimation.record import estimates_file, keep
from sentiment.evaluation.unlabelled import night_of as night_of_time
from sentiment.results.estimate import Estimated
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import as_json, decoded, read
from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings

HOSTILE = "<b>\x1b[31m\u202epтt"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posts: list[Post]) -> Path:
    """A home with nothing but the base data."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    for name in ("test.tsv", "latest_test.tsv"):
        write_posts(tmp_path / "datasets" / "old_sentiment" / name, posts)
    return tmp_path


@pytest.fixture
def estimated(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[Estimated, str]]:
    def run(*arguments: object) -> tuple[Estimated, str]:
        assert cli.run(["estimate", *map(str, arguments)]) == 0
        out, err = capsys.readouterr()
        return decoded(json.loads(out.splitlines()[-1]), Estimated, "it", ""), err

    return run


def stable(home: Path, model: Path) -> None:
    shutil.copytree(model, home / "serving" / "trained" / "1")
    events = [{"event": name, "version": 1} for name in ("published", "staged", "canary", "promoted")]
    events[0]["run"] = "first"
    (home / "serving" / "history.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def test_posts_without_labels_by_source_and_night(estimated: Any, home: Path, toy_model: Path) -> None:
    file, output = home / "live.csv", home / "estimate.json"
    lines = ["時間,Text,Title,SOURCE,Time", "x,好吃,,ptt,2026-11-20T20:00:00+00:00", "x,難吃,題,ptt,2026-11-20"]
    file.write_text("\n".join([*lines, "x,請問,,dcard,2026-11-19 23:59", "x,很棒,,,"]) + "\n", encoding="utf-8")
    found, said = estimated(file, "--model", toy_model, "--output", output)
    assert found.estimate.rows == 4 and found.estimate.correct is None and found.sets == 2
    assert [(one.name, one.rows) for one in found.by_source] == [("ptt", 2), ("", 1), ("dcard", 1)]
    assert [one.name for one in found.by_night] == ["", "2026-11-19", "2026-11-20", "2026-11-21"]
    assert found.sentence.startswith("The model is expected to have ") and "by their labels" not in found.sentence
    assert read(output, Estimated, "") == found
    assert "corrected by" in said and "By source" in said and "2026-11-21" in said


def test_labels_that_are_there_are_compared(estimated: Any, home: Path, toy_model: Path, posts: list[Post]) -> None:
    write_posts(home / "labelled.tsv", posts)
    found, _ = estimated(home / "labelled.tsv", "--model", toy_model)
    assert found.estimate.correct is not None and found.estimate.held
    assert "; by their labels it has " in found.sentence


def test_a_row_without_its_label_leaves_the_rest_to_be_compared(estimated: Any, home: Path, toy_model: Path) -> None:
    file = home / "some.tsv"
    file.write_text("text\tlabel\tsource\n好吃\t0\ta\n難吃\tnegative\ta\n請問\t\tb\n", encoding="utf-8")
    found, _ = estimated(file, "--model", toy_model)
    assert found.estimate.correct is None
    assert [(one.name, one.correct) for one in found.by_source] == [("a", 2), ("b", None)]


def test_more_than_one_file_is_one_estimate(estimated: Any, home: Path, toy_model: Path) -> None:
    (home / "a.tsv").write_text("text\n好吃\n", encoding="utf-8")
    (home / "b.csv").write_bytes("text,x\n難吃,1\n".encode("big5"))
    found, _ = estimated(home / "a.tsv", home / "b.csv", "--model", toy_model)
    assert found.estimate.rows == 2


def test_stable_is_corrected_by_the_nights_on_record(estimated: Any, home: Path, toy_model: Path) -> None:
    stable(home, toy_model)
    (home / "live.tsv").write_text("text\n好吃\n難吃\n", encoding="utf-8")
    path = estimates_file(read_settings())
    for number in range(6):
        keep(path, night_of(f"n{number}", version=1 + number // 5, gap=gap_of(-0.3)))
    found, said = estimated(home / "live.tsv")
    assert (found.version, found.sets, found.below) == (1, 5, None) and "corrected by" not in said
    assert found.estimate.accuracy == pytest.approx(found.estimate.confidence - 0.3)
    other, _ = estimated(home / "live.tsv", "--version", 1, "--labelled", home / "datasets/old_sentiment/test.tsv")
    assert other.sets == 1 and other.estimate.accuracy > found.estimate.accuracy


def test_an_estimate_that_is_too_low_even_at_best_says_so(
    estimated: Any, home: Path, toy_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stable(home, toy_model)
    (home / "live.tsv").write_text("text\n" + "好吃\n難吃\n" * 200, encoding="utf-8")
    frozen = make_set([[300, 0, 0], [0, 300, 0], [0, 0, 300]], None, 0)
    confidence = {"candidate": {"frozen": as_json(gap_of(-0.1)), "rolling": as_json(gap_of(-0.1))}}
    evaluation = make_evaluation([1, 1, 1], None) | {"sets": {"frozen": frozen}, "confidence": confidence}
    RunFolder.named(read_settings(), "first").write(decoded(evaluation, Evaluation, "it", ""))
    for number in range(12):
        keep(estimates_file(read_settings()), night_of(f"n{number}", version=1, gap=gap_of(-0.6)))
    found, _ = estimated(home / "live.tsv")
    assert found.below and "Even at best that is more than 5.0 points below the 100.0" in found.sentence
    monkeypatch.setenv("SENTIMENT_ESTIMATE_FALL", "0.9")
    found, _ = estimated(home / "live.tsv")
    assert found.below is False and "Even at best" not in found.sentence


@pytest.mark.parametrize("content", [None, "", "text\tlabel\n"])
def test_a_rolling_set_without_rows_is_none(estimated: Any, home: Path, toy_model: Path, content: str | None) -> None:
    rolling = home / "datasets" / "old_sentiment" / "latest_test.tsv"
    rolling.unlink()
    if content is not None:
        rolling.write_text(content, encoding="utf-8")
    (home / "live.tsv").write_text("text\n好吃\n", encoding="utf-8")
    found, _ = estimated(home / "live.tsv", "--model", toy_model)
    assert found.sets == 1 and "of 1 post right" in found.sentence


def test_names_of_strangers_are_harmless_in_the_table(estimated: Any, home: Path, toy_model: Path) -> None:
    (home / "live.tsv").write_text(f"text\tsource\n好\t{HOSTILE}\n好吃\tptt\n", encoding="utf-8")
    _, said = estimated(home / "live.tsv", "--model", toy_model)
    assert "\x1b" not in said and "\u202e" not in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\n", "there must be posts to estimate; found none"),
        ("body\nx\n", "must have one column text"),
        ("text\tlabel\n好\t9\n", "must be one of"),
    ],
)
def test_a_file_that_cannot_be_estimated_is_one_line(
    home: Path, toy_model: Path, content: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "x.tsv").write_text(content, encoding="utf-8")
    assert cli.run(["estimate", str(home / "x.tsv"), "--model", str(toy_model)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("sentiment: ")]
    assert len(lines) == 1 and message in lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.tsv"], "there must be a stable version"),
        (["x.tsv", "--version", "newest"], "a version must be stable, canary, previous or a number"),
        (["x.tsv", "--version", "7"], "a version must have been published"),
        (["x.tsv", "--version", "1", "--model", "m"], "give --version or --model, not both"),
        ([], "Missing argument 'FILES...'"),
    ],
)
def test_a_model_that_is_none_is_told(
    home: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["estimate", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("time", "night"),
    [
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T23:30:00", "2026-11-20"),
        ("2026-11-20T23:30:00Z", "2026-11-21"),
        ("yesterday", "yesterday"),
        ("", ""),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00+23:59"),
        ("9" * 5000, "9" * 60),
    ],
)
def test_a_night_is_a_day_in_taipei(time: str, night: str) -> None:
    assert night_of_time(time) == night
