"""The night's estimate: of posts that stable was never tested on, each once, by the answers that are there anyway."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from support.evaluations import make_evaluation, make_set

from sentiment import cli
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.estimation.record import estimates_file, keep, read_nights
from sentiment.evaluation.night import confidence_of, fresh_of, published_as
from sentiment.labels import Labels
from sentiment.results.estimate import Night
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import decoded
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings

LABELS = Labels()
NEW = [Post(f"真的好吃{number}", number % 2, source="ptt" if number < 6 else "") for number in range(9)]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home in which version 1, published by the run `first`, is stable."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    (tmp_path / "serving").mkdir()
    events = [{"event": name, "version": 1} for name in ("published", "staged", "canary", "promoted")]
    events[0]["run"] = "first"
    (tmp_path / "serving" / "history.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return read_settings()


def prepared(settings: Settings, name: str, posts: list[Post], new: list[Post]) -> RunFolder:
    """What `prepare` leaves, with `new` among the rolling rows."""
    run = RunFolder.named(settings, name)
    write_posts(run.frozen, posts)
    write_posts(run.rolling, [*posts[::2], *new])
    write_posts(run.new_tests, new)
    return run


def answered(posts: list[Post], *, always: int | None = None) -> NDArray[np.float32]:
    """A model that is 0.8 sure of each label, or of the label `always`."""
    said = [post.label if always is None else always for post in posts]
    return np.where(np.eye(3)[said] > 0, 0.8, 0.1).astype(np.float32)


def night(settings: Settings, run: RunFolder, *, always: int | None = None) -> Night | None:
    """What `evaluate` does about a night, without scoring."""
    sets = {"frozen": read_posts(run.frozen, LABELS), "rolling": read_posts(run.rolling, LABELS)}
    theirs = {"frozen": answered(sets["frozen"]), "rolling": answered(sets["rolling"], always=always)}
    found = confidence_of(sets, theirs, theirs, fresh_of(settings, run, 1, LABELS)).night
    if found:
        keep(estimates_file(settings), found)
    return found


def test_a_nights_estimate_is_recorded_and_compared(settings: Settings, toy_model: Path, posts: list[Post]) -> None:
    run = prepared(settings, "n1", posts, NEW)
    shutil.copytree(toy_model, run.model)
    shutil.copytree(toy_model, settings.trained / "1")
    for _ in range(2):
        assert cli.run(["evaluate", "--run", run.name]) == 0
    confidence = run.read(Evaluation).confidence
    assert confidence and confidence.night
    found = confidence.night
    [kept] = read_nights(estimates_file(settings))
    assert replace(kept, at=found.at) == found, "a step may run twice"
    assert (found.run, found.version, found.sets, found.estimate.rows) == ("n1", 1, 2, 9)
    assert found.estimate.correct is not None and found.gap.accuracy == found.estimate.correct / 9
    assert [(one.name, one.rows) for one in found.by_source] == [("ptt", 6), ("", 3)]
    assert set(confidence.candidate) == {"frozen", "rolling"} and found.fall is None
    assert "好吃" not in estimates_file(settings).read_text(encoding="utf-8"), "the record quotes no post"
    older: dict[str, Any] = json.loads(run.result("evaluate").read_text(encoding="utf-8"))
    del older["confidence"]
    run.result("evaluate").write_text(json.dumps(older), encoding="utf-8")
    assert run.read(Evaluation).confidence is None, "an evaluation of an earlier version opens"


def test_the_labels_change_nothing_of_the_estimate(settings: Settings, posts: list[Post]) -> None:
    found = []
    for label in (0, 2):
        new = [post._replace(label=label) for post in NEW]
        if one := night(settings, prepared(settings, "n1", posts, new), always=0):
            found.append(one.estimate)
    one_label, other = found
    assert (one_label.low, one_label.high) == (other.low, other.high)
    assert (one_label.correct, other.correct) == (9, 0)


def test_the_next_night_is_about_its_own_posts(settings: Settings, posts: list[Post]) -> None:
    """What is new to stable grows until another version is stable; each post is estimated once."""
    for number, rows in enumerate((5, 9, 9), 1):
        night(settings, prepared(settings, f"n{number}", posts, NEW[:rows]))
    nights = read_nights(estimates_file(settings))
    assert [(one.run, one.estimate.rows, one.sets) for one in nights] == [("n1", 5, 2), ("n2", 4, 3)]


def test_an_earlier_night_whose_folder_is_damaged_stops_nothing(settings: Settings, posts: list[Post]) -> None:
    first = prepared(settings, "n1", posts, NEW[:5])
    night(settings, first)
    first.new_tests.write_text("text\tlabel\nx\t99\n", encoding="utf-8")
    night(settings, prepared(settings, "n2", posts, NEW))
    assert [one.estimate.rows for one in read_nights(estimates_file(settings))] == [5, 9]


def test_of_many_earlier_nights_the_newest_that_can_be_read_is_enough(settings: Settings, posts: list[Post]) -> None:
    """A year of nights under one version must not cost a year of reading each night."""
    runs = [prepared(settings, f"n{number}", posts, NEW[: number + 1]) for number in range(8)]
    for run in runs:
        night(settings, run)
    runs[-1].new_tests.unlink()
    for run in runs[:-2]:
        run.new_tests.write_text("not read\n\n", encoding="utf-8")
    night(settings, prepared(settings, "last", posts, NEW))
    assert [one.estimate.rows for one in read_nights(estimates_file(settings))] == [1] * 8 + [2]


@pytest.mark.parametrize("new", [[], [Post("別處的", 1)]])
def test_without_new_rows_in_the_rolling_set_there_is_no_estimate(
    settings: Settings, posts: list[Post], new: list[Post]
) -> None:
    run = prepared(settings, "n1", posts, new)
    write_posts(run.rolling, posts)
    assert night(settings, run) is None
    assert not estimates_file(settings).exists()


def published(settings: Settings, rolling_rows: int) -> None:
    """The evaluation of the run that made version 1: all of the frozen rows right, nine in ten of the rolling ones."""
    confusion = [[30, 0, 0], [0, 30, 0], [0, 0, 40]]
    sets = {"frozen": make_set(confusion, None, 0)}
    sets["rolling"] = make_set([[rolling_rows * 9 // 10, rolling_rows // 10, 0], [0, 0, 0], [0, 0, 0]], None, 0)
    found = make_evaluation([1, 1, 1], None) | {"sets": sets}
    RunFolder.named(settings, "first").write(decoded(found, Evaluation, "it", ""))


@pytest.mark.parametrize(("rows", "was"), [(190, (100, 100)), (200, (200, 180))])
def test_a_fall_is_seen_against_what_stable_was(
    settings: Settings, posts: list[Post], rows: int, was: tuple[int, int]
) -> None:
    """By the rolling set, unless that had too few rows."""
    published(settings, rows)
    new = [Post(f"超棒好吃{number}", 1) for number in range(40)]
    found = night(settings, prepared(settings, "n1", posts, new), always=0)
    assert found and found.fall
    assert (found.fall.rows, found.fall.correct, found.fall.was_rows, found.fall.was_correct) == (40, 0, *was)
    assert found.fall.below and found.fall.at_best < -0.5


def test_a_published_version_without_a_run_or_of_another_shape_has_no_accuracy(settings: Settings) -> None:
    assert published_as(settings, 1) is None and published_as(settings, 7) is None
    broken = settings.runs / "first" / "evaluation.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{", encoding="utf-8")
    assert published_as(settings, 1) is None


def test_a_runs_name_in_the_record_leads_nowhere_else(settings: Settings, posts: list[Post]) -> None:
    run = prepared(settings, "n1", posts, NEW)
    night(settings, run)
    path = estimates_file(settings)
    write_posts(settings.home / "elsewhere" / "new_tests.tsv", NEW)
    path.write_text(path.read_text(encoding="utf-8").replace('"n1"', '"../elsewhere"'), encoding="utf-8")
    fresh = fresh_of(settings, run, 1, LABELS)
    assert fresh and fresh.earlier == frozenset()
