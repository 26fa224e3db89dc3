"""A night, step by step: what was waited for, what was worked on, and what it took before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.bench import airflow, nightly
from sentiment.bench.nightly import Night, Step, night_of, table_of
from sentiment.errors import SentimentError


def at(second: float) -> str:
    return f"2026-11-22T18:00:{second:04.1f}+00:00"


def task(start: float, end: float, state: str = "success") -> dict[str, Any]:
    return {"start_date": at(start), "end_date": at(end), "state": state}


TASKS = {
    "canary_afterwards": task(30, 40),
    "deploy_canary": task(21, 25),
    "train": task(4, 20),
    "ingest": task(1, 3),
    "skipped": {"start_date": None, "end_date": None, "state": "skipped"},
}


def test_a_night_ends_with_its_canary_and_its_training_does_not_count() -> None:
    night = night_of(at(0), TASKS)
    assert night.steps == (Step("ingest", 1, 2), Step("train", 1, 16), Step("deploy_canary", 1, 4))
    assert (night.seconds, night.waited, night.training, night.beside_training) == (25, 3, 16, 9)


def test_of_steps_side_by_side_no_second_counts_twice() -> None:
    night = night_of(at(0), {"a": task(1, 5), "b": task(2, 8), "deploy_canary": task(9, 10)})
    assert night.steps[1] == Step("b", 0, 3) and night.seconds == 10


def test_without_a_canary_it_was_no_night() -> None:
    with pytest.raises(SentimentError, match="must end with a canary"):
        night_of(at(0), {"ingest": task(1, 2)})


def test_the_table_has_medians_and_what_it_took_before() -> None:
    nights = [Night((Step("train", 1, took), Step("deploy_canary", 1, took))) for took in (2.0, 4.0, 9.0)]
    table = table_of(nights, 12.0)
    assert table.rows == [["train", "1.0", "4.0"], ["deploy_canary", "1.0", "4.0"]]
    assert (
        "without the training 6.0 s (4.0–11.0), of which Airflow waited 2.0 s; the median of 3 nights" in table.notes[0]
    )
    assert table.notes[-1] == "0.50 of the 12.0 s that it took before"


def test_a_file_that_is_no_earlier_measurement_is_one_line(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.json").write_text("{}")
    assert run("nightly", "--before", tmp_path / "results.json", "--output", tmp_path / "out") == 2
    assert "--before must be the results.json of `sentiment bench nightly`" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.timeout(1800)  # two trainings and two nights under Airflow
@pytest.mark.skipif(not airflow.PYTHON.exists(), reason="needs Airflow's environment: `make setup`")
def test_a_night_is_run_and_timed(run: Callable[..., int], tmp_path: Path) -> None:
    assert run("nightly", "--output", tmp_path / "out") == 0
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    names = [step["name"] for step in found["nights"][0]["steps"]]
    assert names[-1] == nightly.CANARY and {"ingest", "prepare", "train", "evaluate", "gate", "export"} <= set(names)
    assert 0 < found["beside_training"] < found["seconds"]
    assert not (tmp_path / "out" / "work").exists()
