"""`sentiment_rollback`, run with `dag.test()`: its form, who it was, and the mail."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState
from airflow.sdk.exceptions import ParamValidationError

Calls = Callable[[], list[list[str]]]
HARM = "ok; $(touch harm) {{ 7*7 }}\n--who=root 好"


@pytest.fixture
def rolled(calls: Calls, tmp_path: Path) -> Calls:
    """A `sentiment` command that says it rolled back."""
    command = tmp_path / "sentiment"
    labels = '"version": 2, "stable": 2, "previous": None, "canary": None, "changed": True'
    text = command.read_text(encoding="utf-8").replace('"version": 7', labels)
    command.write_text(text.replace('"Worse."', '"Version 2 is stable again (before: 3)."'), encoding="utf-8")
    return calls


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ({"reason": "wrong on night 3"}, ["--reason=wrong on night 3"]),
        ({"reason": "far back", "version": 1}, ["--reason=far back", "--to=1"]),
        ({"reason": "far back", "version": 1.0}, ["--reason=far back", "--to=1"]),
        ({"reason": HARM, "skip_unreachable": True}, [f"--reason={HARM}", "--skip-unreachable"]),
    ],
)
def test_the_form_becomes_options_and_nothing_else(
    workflows: dict[str, Any], rolled: Calls, form: dict[str, Any], options: list[str], mails: list[EmailMessage]
) -> None:
    run = workflows["sentiment_rollback"].test(run_conf=form)
    assert run.state == DagRunState.SUCCESS
    [[verb, *given], pointed] = rolled()
    assert verb == "rollback" and sorted(given) == sorted(["--who=dag_test", *options])
    assert pointed == ["score", "--only-point", "--if-scored", "--version=stable"]
    [mail] = mails
    assert str(mail["subject"]) == "Sentiment: rollback by dag_test. Version 2 is stable again (before: 3)."
    part = mail.get_body(("plain",))
    assert part and "By: dag_test" in part.get_content() and "stable: 2" in part.get_content()
    assert "canary: none" in part.get_content() and "Reason: " in part.get_content()


def test_airflow_refuses_a_form_without_a_reason(workflows: dict[str, Any], rolled: Calls) -> None:
    with pytest.raises(ParamValidationError):
        workflows["sentiment_rollback"].test(run_conf={"version": 1})
    assert rolled() == []


def test_a_blank_reason_starts_nothing(workflows: dict[str, Any], rolled: Calls, mails: list[EmailMessage]) -> None:
    run = workflows["sentiment_rollback"].test(run_conf={"reason": " \n\t "})
    assert run.state == DagRunState.FAILED and rolled() == []
    assert "rollback must be given a reason; found none" in str(mails[0]["subject"])


def test_a_misspelt_param_rolls_nothing_back(
    workflows: dict[str, Any], rolled: Calls, mails: list[EmailMessage]
) -> None:
    run = workflows["sentiment_rollback"].test(run_conf={"reason": "wrong", "versoin": 1})
    assert run.state == DagRunState.FAILED and rolled() == []
    body = mails[0].get_body(("plain",))
    assert body and "found 'versoin' (did you mean 'version'?)" in " ".join(body.get_content().split())


@pytest.mark.parametrize("refuses", ["raise SystemExit(2)", "raise SystemExit(1)", "print('{'); result.unlink()"])
def test_readers_that_cannot_be_pointed_back_fail_no_rollback(
    workflows: dict[str, Any], rolled: Calls, tmp_path: Path, mails: list[EmailMessage], refuses: str
) -> None:
    with (tmp_path / "sentiment").open("a", encoding="utf-8") as command:
        command.write(f"\nif sys.argv[1] == 'score': {refuses}\n")
    workflow = workflows["sentiment_rollback"]
    workflow.get_task("point").retries = 0
    run = workflow.test(run_conf={"reason": "wrong on night 3"})
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    assert (run.state, states) == (DagRunState.SUCCESS, {"rollback": "success", "point": "failed"})
    assert [str(mail["subject"])[:20] for mail in mails] == ["Sentiment: rollback ", "Sentiment: step poin"]


def test_a_rollback_that_failed_points_nobody_back(
    workflows: dict[str, Any], rolled: Calls, tmp_path: Path, mails: list[EmailMessage]
) -> None:
    with (tmp_path / "sentiment").open("a", encoding="utf-8") as command:
        command.write("\nif sys.argv[1] == 'rollback': raise SystemExit(2)\n")
    run = workflows["sentiment_rollback"].test(run_conf={"reason": "wrong on night 3"})
    assert (run.state, [verb for verb, *_ in rolled()], len(mails)) == (DagRunState.FAILED, ["rollback"], 1)
