from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from sentiment.bench import distil
from sentiment.bench.distil import Compared, table_of, told
from sentiment.model.folder import read_card, write_card
from sentiment.text.costs import machine_told

TEACHER = Compared("big", 4_000_000, 0.86, 0.0, 8.0, 20.0)
STUDENT = Compared("small", 400_000, 0.845, 0.071, 2.0, 9.0)


def test_a_student_is_shown_beside_its_teacher(
    run: Callable[..., int], trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, test = tmp_path / "out", data / "test.tsv"
    given = ["--teacher", trained, "--student", trained, "--data", test, "--times", "2", "--timed", "6"]
    assert run("distil", *given, "--output", output) == 0
    found = json.loads((output / "results.json").read_text(encoding="utf-8"))
    teacher, student = found["rows"]
    assert teacher["accuracy"] == student["accuracy"] and student["changed"] == 0
    assert min(row[name] for row in found["rows"] for name in ("together_ms", "alone_ms")) > 0
    from sentiment.model.pace import this_machine

    machine = machine_told(this_machine())
    assert found["posts"] == 12 and found["machine"] == machine
    table = (output / "table.md").read_text(encoding="utf-8")
    assert f"| {trained} |" in table and machine in table and "as right as its teacher, 0.0 %" in table
    assert "milliseconds a post" in (output / "plot.svg").read_text(encoding="utf-8")


def test_what_it_costs_and_saves_is_a_sentence() -> None:
    assert told(TEACHER, STUDENT) == (
        "small: 1.5 points below its teacher, 7.1 % of the answers change, 4.0 times as fast"
    )
    assert told(STUDENT, TEACHER).startswith("big: 1.5 points above its teacher")


def test_the_table_has_a_row_for_each_and_says_how_it_was_measured() -> None:
    table = table_of([TEACHER, STUDENT], Path("test.tsv"), 2000, 256, 5, "A processor, 2 cores")
    assert table.rows[0] == ["big", "4,000,000", "0.8600", "", "8.00", "20.00", "1.0"]
    assert table.rows[1] == ["small", "400,000", "0.8450", "7.1 %", "2.00", "9.00", "4.0"]
    assert "A processor, 2 cores: the median of 5 times" in table.notes[0]


def test_each_is_timed_in_turn_and_the_median_counts(
    trained: Path, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    from sentiment.data.posts import read_posts
    from sentiment.model.folder import open_model

    posts = read_posts(data / "test.tsv", read_card(trained).label_set)
    order: list[int] = []
    # Of each model, in turn: asked together, asked one by one. The second round of the first model is a slow one.
    seconds = iter([0.6, 1.2, 1.2, 2.4, 60.0, 60.0, 1.2, 2.4, 0.6, 1.2, 1.2, 2.4])

    def clock(ask: object, questions: list[list[object]]) -> float:
        order.append(id(ask))
        return next(seconds)

    monkeypatch.setattr(distil, "_seconds", clock)
    first, second = distil.compare([(name, open_model(trained)) for name in ("one", "two")], posts, 6, 3)
    assert (first.together_ms, first.alone_ms) == (100, 200) and (second.together_ms, second.alone_ms) == (200, 400)
    assert order == [*[order[0]] * 2, *[order[2]] * 2] * 3 and order[0] != order[2]


def test_other_labels_are_one_line(
    run: Callable[..., int], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, tmp_path / "other")
    card = read_card(trained)
    write_card(tmp_path / "other", structs.replace(card, labels=card.labels[::-1]))
    given = ["--teacher", trained, "--student", tmp_path / "other", "--output", tmp_path / "out"]
    assert run("distil", *given) == 2
    [error] = capsys.readouterr().err.splitlines()
    assert "teacher and students must have the same labels" in error and not (tmp_path / "out").exists()
