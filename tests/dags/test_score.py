"""`sentiment_score`: what it asks of the commands, with a stand-in; then for real, stopped and gone on with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState
from airflow.sdk.exceptions import ParamValidationError
from support import airflow_home

Calls = Callable[[], list[list[str]]]
History = Callable[..., None]
WORKFLOW = "sentiment_score"


@pytest.fixture
def stable(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2 is stable, version 1 was, and there is an archive."""
    moves = [(event, version) for version in (1, 2) for event in ("published", "staged", "canary", "promoted")]
    history(*moves)
    monkeypatch.setenv("SENTIMENT_ARCHIVE", "/archive")


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


@pytest.mark.parametrize(
    ("form", "version", "more"),
    [({}, 2, []), ({"version": 1}, 1, []), ({"version": 1.0, "drop_gone": True}, 1, ["--drop-gone"])],
)
def test_the_stable_version_scores_unless_the_form_names_another(
    workflows: dict[str, Any], calls: Calls, stable: None, form: dict[str, Any], version: int, more: list[str]
) -> None:
    assert workflows[WORKFLOW].test(run_conf=form).state == DagRunState.SUCCESS
    asked = [["score", f"--version={version}", *more], ["compare-scores", f"--version={version}"]]
    assert calls() == asked


@pytest.mark.parametrize(("form", "wrong"), [({"version": 0}, True), ({"version": "stable"}, True)])
def test_the_form_takes_a_version_alone(
    workflows: dict[str, Any], calls: Calls, form: dict[str, Any], wrong: bool
) -> None:
    with pytest.raises(ParamValidationError):
        workflows[WORKFLOW].test(run_conf=form)
    assert calls() == []


def test_without_an_archive_or_a_stable_version_it_is_skipped_and_nobody_is_mailed(
    workflows: dict[str, Any],
    calls: Calls,
    history: History,
    mails: list[EmailMessage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skipped = {"find_version": "skipped", "score": "skipped", "compare": "skipped"}
    history(("published", 1))
    assert states(workflows[WORKFLOW].test()) == skipped
    monkeypatch.setenv("SENTIMENT_ARCHIVE", "/archive")
    assert states(workflows[WORKFLOW].test()) == skipped
    assert (calls(), mails) == ([], [])


def test_a_version_with_nothing_to_compare_it_to_is_no_failure(
    workflows: dict[str, Any], calls: Calls, stable: None, tmp_path: Path, mails: list[EmailMessage]
) -> None:
    command = tmp_path / "sentiment"
    text = command.read_text(encoding="utf-8")
    command.write_text(text.replace('"nothing_to_compare": False', '"nothing_to_compare": True'), encoding="utf-8")
    run = workflows[WORKFLOW].test()
    assert (run.state, states(run)["compare"], mails) == (DagRunState.SUCCESS, "skipped", [])


@pytest.fixture
def toys(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two toy versions, the real command, and an archive of three files of 30 posts; returns the scores."""
    python = airflow_home.CHECKOUT / ".venv" / "bin" / "python"
    script = Path(__file__).parents[1] / "support" / "score_toys.py"
    subprocess.run([str(python), str(script), "make", str(home)], check=True, capture_output=True)
    command = tmp_path / "sentiment"
    command.write_text(f'#!/bin/sh\nexec {python} {script} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (archive := tmp_path / "archive").mkdir()
    posts = "".join(f"{text}\n" for text in ("真的好吃", "很爛", "請問在哪") * 10)
    for name in "abc":
        (archive / f"{name}.tsv").write_text(f"text\n{posts}", encoding="utf-8")
    monkeypatch.setenv("SENTIMENT_COMMAND", str(command))
    monkeypatch.setenv("SENTIMENT_ARCHIVE", str(archive))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return home / "scores"


@pytest.mark.slow
def test_a_scoring_that_is_killed_goes_on_in_its_next_try_and_the_next_version_is_compared(
    workflows: dict[str, Any], toys: Path, home: Path, mails: list[EmailMessage]
) -> None:
    def current() -> tuple[int, int]:
        found = json.loads((toys / "current.json").read_text(encoding="utf-8"))
        return found["version"], found["rows"]

    workflow = workflows[WORKFLOW]
    workflow.get_task("score").retry_delay = timedelta(seconds=0)
    (home / "kill").touch()
    run = workflow.test()
    tries = {task.task_id: task.try_number for task in run.get_task_instances()}
    assert (run.state, tries["score"], (home / "kill").exists()) == (DagRunState.SUCCESS, 2, False)
    assert (states(run)["compare"], current(), mails) == ("skipped", (2, 90), [])
    made = sorted((toys / "version-2" / "data").iterdir())
    assert len(made) == 3
    assert workflow.test(run_conf={"version": 1}).state == DagRunState.SUCCESS
    assert current() == (2, 90), "readers keep those of the stable version"
    run = workflow.test(run_conf={"version": 2})
    assert states(run)["compare"] == "success" and (toys / "changed-1-2.html").is_file()
