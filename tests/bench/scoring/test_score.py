"""The score experiment: each way over the same posts, in a process of its own; and what it says on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.bench.scoring import paper, score
from sentiment.bench.scoring.measure import RAY_PYTHON, Measured
from sentiment.bench.scoring.table import table_of
from sentiment.bench.scoring.ways import WAYS
from sentiment.bench.speed import tools
from sentiment.errors import InputError

OURS = ("predict", "score", "around")


def kept(folder: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_every_way_of_ours_is_measured_over_the_same_posts(
    run: Callable[..., int], trained: Path, data: Path, tmp_path: Path
) -> None:
    output, ways = tmp_path / "out", [*OURS, *(["ray"] if RAY_PYTHON.is_file() else [])]
    given = ["--model", trained, "--shapes", "", "--data", data / "test.tsv", "--seconds", "0.1", "--growth", "1000"]
    assert run("score", *given, "--ways", ",".join((*OURS, "ray")), "--output", output) == 0
    found = kept(output)
    assert [one["way"] for one in found["compared"]] == ways
    assert len({one["rows"] for one in found["compared"]}) == 1
    assert all(one["seconds"] > 0 for one in found["compared"])
    assert all(one["peak_mb"] > 50 for one in found["compared"] if one["way"] != "ray")
    assert [(one["rows"], one["way"]) for one in found["others"][-2:]] == [(1000, "score"), (1000, "around")]
    assert [one["posts"] for one in found["on_paper"]] == [100_000_000, 10_000_000_000]
    assert not (output / "work").exists()
    text = (output / "table.md").read_text(encoding="utf-8")
    assert "100 million posts take" in text
    assert ("ray was left out" in text) is not RAY_PYTHON.is_file()


@pytest.mark.slow
def test_a_shape_is_measured_beside_the_pipeline(run: Callable[..., int], data: Path, tmp_path: Path) -> None:
    output, there = tmp_path / "out", tools.PYTHON.is_file()
    given = ["--shapes", "1x16", "--data", data / "test.tsv", "--seconds", "0.1", "--growth", ""]
    assert run("score", *given, "--ways", "score,pipeline", "--output", output) == 0
    ways = ["score", *(["pipeline"] if there else [])]
    assert [(one["model"], one["way"]) for one in kept(output)["compared"]] == [("1x16", way) for way in ways]
    assert ("pipeline was left out" in (output / "table.md").read_text(encoding="utf-8")) is not there


def test_what_is_missing_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(score, "RAY_PYTHON", tmp_path / "none")
    assert score.missing_of(WAYS, None) == {"ray": "`make score-environment` installs Ray", "pipeline": tools.HOW}
    assert score.missing_of(["score"], None) == {}


def test_an_unknown_way_is_one_line() -> None:
    with pytest.raises(InputError, match=r"--ways must be of predict, score, .*; found fastest"):
        score.ways_of("score,fastest")
    assert score.ways_of(" score,predict") == ["predict", "score"]


def test_hours_and_machines_follow_from_the_rate() -> None:
    small, large = paper.estimates("one", 1000.0)
    assert (small.hours, small.machines, small.hours_on_them) == (27.8, 2, 13.9)
    assert (large.hours, large.machines, large.hours_on_them) == (2777.8, 116, 23.9)
    assert round(paper.PUBLISHED_RATE) == 275
    assert [paper.machines_like_published(rate) for rate in (1000.0, 275.0, 100.0)] == [1, 1, 3]
    assert "3 such machines are as fast as the published cluster" in paper.told("one", 100.0)[-1]


def test_the_table_says_what_the_engine_costs_and_how_memory_grows() -> None:
    compared = [
        Measured("one", 1000, "predict", 4.0, 4.0, 600.0),
        Measured("one", 1000, "score", 2.0, 3.0, 700.0),
        Measured("one", 1000, "around", 0.1, 0.1, 300.0),
        Measured("one", 1000, "ray", 12.0, None, None),
    ]
    grown = [Measured("one", rows, "score", 1.0, 1.0, mb) for rows, mb in ((1000, 700.0), (100_000, 720.0))]
    made = table_of(compared, [Measured("one", 300, "ray", 10.0, None, None)], grown, ["a note"])
    assert [row[2:] for row in made.rows[:2]] == [
        ["predict", "4.0", "4.0", "250", "2.00", "600"],
        ["score", "2.0", "3.0", "500", "", "700"],
    ]
    assert "one: what is around the model (reading, ledger, writing) is 5.0% of the time of `score`" in made.notes
    assert any(note.startswith("one: 10.0 of the 12.0 seconds with Ray are its start") for note in made.notes)
    assert "score: 100 times the rows take 720 MB instead of 700 MB" in made.notes
    assert made.notes[-1] == "a note"
