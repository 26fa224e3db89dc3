"""What Airflow's part costs, measured in its own environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.histories import fold_of

from sentiment.bench import airflow
from sentiment.bench.airflow_times import forked, promoted
from sentiment.cli import run
from sentiment.errors import InputError
from sentiment.settings import CHECKOUT

MEASURED: dict[str, Any] = {
    "importing": 2.0,
    "parsing": {"retrain.py": 0.1, "promote.py": 0.2},
    "pages": {"1": 0.002, "1000": 0.08},
}

needs_airflow = pytest.mark.skipif(not airflow.PYTHON.exists(), reason="needs Airflow's environment: `make setup`")


@pytest.mark.slow
@needs_airflow
def test_the_workflows_and_the_page_are_quick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "bench"
    assert run(["bench", "airflow", "--output", str(output)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["parsing"].keys() == {path.name for path in (CHECKOUT / "dags").glob("*.py")}
    assert found["parsing_is_quick"] and found["page_is_quick"] and found["retrain_is_quick"] is None
    assert max(found["parsing_by_importing"].values()) < 0.5, "no workflow imports as much again as Airflow does"
    assert found["page_by_one"] < 1000, "a version more costs less than the page itself"
    assert sorted(path.name for path in output.iterdir() if not path.name.startswith(".")) == [
        *("plot.png", "plot.svg", "results.json", "table.md")
    ]


def test_what_is_slow_is_said_to_be() -> None:
    judged = airflow.judge(MEASURED)
    assert judged["parsing_by_importing"] == {"retrain.py": 0.05, "promote.py": 0.1}
    assert (judged["page_by_one"], judged["parsing_is_quick"], judged["page_is_quick"]) == (40.0, True, True)
    slow = {"importing": 2.0, "parsing": {"retrain.py": 0.1, "promote.py": 0.3}, "pages": {"1": 0.1, "1000": 0.3}}
    judged = airflow.judge({**slow, "retrain": 60.0})
    assert not (judged["parsing_is_quick"] or judged["page_is_quick"] or judged["retrain_is_quick"])
    assert "60.0" in airflow.table_of(judged).markdown()


def test_without_airflow_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow, "PYTHON", tmp_path / "python")
    with pytest.raises(InputError, match="make setup"):
        airflow.times(tmp_path)


def test_a_fork_that_fails_has_no_time() -> None:
    assert forked(lambda: 0.25) == 0.25
    with pytest.raises(RuntimeError):
        forked(lambda: os._exit(1))


def test_the_made_up_history_is_one() -> None:
    assert fold_of(event for number in range(1, 4) for event in promoted(number)).stable == 3


@needs_airflow
@pytest.mark.slow
def test_a_retrain_is_timed_and_leaves_nothing_served(tmp_path: Path) -> None:
    """How long it takes is for the bench to judge: here other tests run beside it."""
    assert airflow.retrain_seconds(tmp_path) > 1
    assert not (tmp_path / "stack" / "home" / "serving" / "history.jsonl").exists()
