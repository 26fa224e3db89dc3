"""`sentiment test`."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sentiment import cli
from sentiment.data.tsv import Post, write_posts


def test_writes_both_reports_and_the_figures(
    toy_model: Path, posts: list[Post], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = tmp_path / "data.tsv", tmp_path / "out"
    write_posts(data, [*posts, Post('他說"好"', 2)])
    assert cli.run(["test", "--model", str(toy_model), "--data", str(data), "--output", str(output)]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    accuracy, heads, positive, *_, last = printed.err.splitlines()[-6:]
    assert accuracy == f"Accuracy {result['accuracy']:.4f}: {result['correct']} of 31 answers are right."
    assert heads.split() == ["label", "precision", "recall", "f1", "rows"]
    figures = (result[name][0] for name in ("precision", "recall", "f1"))
    assert positive.split() == ["正面", *(f"{one:.4f}" for one in figures), str(result["support"][0])]
    assert last == f"The report is {output / 'test_report.html'}."
    assert (result["rows"], sum(result["support"])) == (31, 31)
    report = (output / "test_report.txt").read_text(encoding="utf-8")
    assert report.startswith("        - report:")
    assert f"{result['accuracy']:.4f}" in report
    assert report.rstrip().splitlines()[-1].startswith("        - total_time:")
    with (output / "test_result.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    assert rows[0] == ["text", "true", "pred", "正面", "負面", "中立", "escaped_cells"]
    assert [row[0] for row in rows[1:]] == [*(post.text for post in posts), '他說"好"']
    assert sum(row[1] == row[2] for row in rows[1:]) == result["correct"]
    assert all(abs(sum(map(float, row[3:6])) - 1) < 1e-4 for row in rows[1:])


def reported(output: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((output / "test_report.json").read_text(encoding="utf-8"))
    return report


def test_the_json_and_the_page_say_the_same(
    toy_model: Path, posts: list[Post], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = tmp_path / "data.tsv", tmp_path / "out"
    write_posts(data, posts[:9])
    assert cli.run(["test", "--model", str(toy_model), "--data", str(data), "--output", str(output)]) == 0
    result, report = json.loads(capsys.readouterr().out), reported(output)
    assert result["page"] == str(output / "test_report.html")
    assert report["analysis"]["metrics"] == {name: result[name] for name in report["analysis"]["metrics"]}
    page = (output / "test_report.html").read_text(encoding="utf-8")
    assert "tested on data.tsv" in page
    assert "9 test posts" in page


def test_the_baseline_learns_from_what_the_model_learned_from(
    toy_model: Path, posts: list[Post], tmp_path: Path
) -> None:
    # The toy model's folder has its train.tsv beside it; 3 of the 30 posts were held out.
    data = tmp_path / "data.tsv"
    write_posts(data, posts)
    assert cli.run(["test", "--model", str(toy_model), "--data", str(data), "--output", str(tmp_path)]) == 0
    assert reported(tmp_path)["baseline"]["rows"] == 27


def test_other_training_posts_are_no_baseline(toy_model: Path, posts: list[Post], tmp_path: Path) -> None:
    model = shutil.copytree(toy_model, tmp_path / "elsewhere" / "model")
    for name in ("train.tsv", "data.tsv"):
        write_posts(tmp_path / name, posts[:5])
    arguments = ["--model", str(model), "--data", str(tmp_path / "data.tsv"), "--output", str(tmp_path / "out")]
    assert cli.run(["test", *arguments]) == 0
    baseline = reported(tmp_path / "out")["baseline"]
    assert not baseline["available"]
    assert "were not found" in baseline["reason"]


@pytest.mark.parametrize(("late", "name"), [("False", "test.tsv"), ("True", "latest_test.tsv")])
def test_the_dev_dataset_is_the_late_one(
    toy_model: Path, posts: list[Post], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str, name: str
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    write_posts(tmp_path / "datasets" / "old_sentiment" / name, posts[:5])
    arguments = ["--model", str(toy_model), "--output", str(tmp_path / "out"), "--use-dev-dataset", late]
    assert cli.run(["test", *arguments]) == 0
    assert len((tmp_path / "out" / "test_result.tsv").read_text(encoding="utf-8").splitlines()) == 6
    assert reported(tmp_path / "out")["data"]["file"] == name


def test_a_missing_file_of_posts_is_one_line(
    toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", str(toy_model), "--data", str(tmp_path / "no.tsv"), "--output", str(tmp_path / "out")]
    assert cli.run(["test", *arguments]) == 2
    assert "no.tsv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
