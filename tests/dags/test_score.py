"""`sentiment_score`: what it asks of the commands, with a stand-in; then for real, stopped and gone on with."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState
from airflow.sdk.exceptions import ParamValidationError

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
