"""`sentiment_retrain`, run task by task with `dag.test()`; the steps' command is one that agrees to everything."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DagRunState
from airflow.sdk.exceptions import ParamValidationError

from sentiment.run_folder import safe_name

Calls = Callable[[], list[list[str]]]


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def test_every_step_runs_once_with_what_the_form_says(workflows: dict[str, Any], calls: Calls) -> None:
    form = {"mode": "full", "model_name": "x; touch harm", "num_epochs": 2, "learning_rate": 0.001}
    run = workflows["sentiment_retrain"].test(run_conf=form)
    assert run.state == DagRunState.SUCCESS
    name = f"--run={run.run_id}"
    training = ["--model-name=x; touch harm", "--num-epochs=2", "--learning-rate=0.001"]
    assert calls() == [
        ["ingest", name],
        ["prepare", name, "--mode=full"],
        ["check", name],
        ["train", name, *training],
        ["evaluate", name],
        ["gate", name],
        ["export", name],
        ["validate", name],
        ["canary", name, "--who=dag_test"],
    ]


def test_who_forces_a_candidate_is_who_triggered_the_run(workflows: dict[str, Any], calls: Calls) -> None:
    run = workflows["sentiment_retrain"].test(run_conf={"override_reason": "a holiday; $(x)", "margin": 0.02})
    [gate] = [call for call in calls() if call[0] == "gate"]
    assert gate == [
        "gate",
        f"--run={run.run_id}",
        "--override-who=dag_test",
        "--margin=0.02",
        "--override-reason=a holiday; $(x)",
    ]


def test_a_forced_canary_is_so_in_the_history(workflows: dict[str, Any], calls: Calls, tmp_path: Path) -> None:
    command, forced = tmp_path / "sentiment", '"overridden": {{"who": "Ann", "reason": "{{ 7*7 }} 急"}}, '
    source = command.read_text(encoding="utf-8")
    command.write_text(source.replace('{"nothing_new"', "{" + forced.format() + '"nothing_new"'), encoding="utf-8")
    workflows["sentiment_retrain"].test()
    assert calls()[-1][2:] == ["--who=dag_test", "--reason=gate overridden by Ann: { 7*7 } 急"]


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"num_epoch": 1}, "'num_epoch' (did you mean 'num_epochs'?)"),
        ({"mode": "full", "Learning_Rate": 0.1, "zzz": 1}, "'Learning_Rate' (did you mean 'learning_rate'?), 'zzz'"),
    ],
)
def test_a_misspelt_param_starts_nothing(
    workflows: dict[str, Any], calls: Calls, form: dict[str, Any], found: str, mails: list[EmailMessage]
) -> None:
    run = workflows["sentiment_retrain"].test(run_conf=form)
    assert run.state == DagRunState.FAILED and calls() == []
    assert states(run)["ingest"] == "failed"
    assert [task.try_number for task in run.get_task_instances() if task.task_id == "ingest"] == [1]
    [mail] = mails
    body = mail.get_body(("plain",))
    assert body
    said = " ".join(body.get_content().split())
    assert "sentiment_retrain must be given Params of its form (" in said
    assert f"; found {found}. Correct the names" in said


def test_a_float_that_is_an_integer_is_taken_as_one(workflows: dict[str, Any], calls: Calls) -> None:
    run = workflows["sentiment_retrain"].test(run_conf={"num_epochs": 3.0, "batch_size": 16.0, "learning_rate": 0.001})
    assert run.state == DagRunState.SUCCESS
    [train] = [call for call in calls() if call[0] == "train"]
    assert sorted(train[2:]) == ["--batch-size=16", "--learning-rate=0.001", "--num-epochs=3"]


@pytest.mark.parametrize("form", [{"num_epochs": 3.5}, {"num_epochs": "3"}, {"num_epochs": True}, {"mode": 1}])
def test_a_value_of_the_wrong_type_starts_no_run(workflows: dict[str, Any], calls: Calls, form: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError, match=f"Invalid input for param {next(iter(form))}"):
        workflows["sentiment_retrain"].test(run_conf=form)
    assert calls() == []


def test_a_gate_that_was_marked_as_a_success_by_hand_deploys_nothing(
    workflows: dict[str, Any], calls: Calls, mails: list[EmailMessage], capsys: pytest.CaptureFixture[str]
) -> None:
    run = workflows["sentiment_retrain"].test(mark_success_pattern="gate")
    assert (states(run)["gate"], states(run)["deploy_canary"]) == ("success", "failed")
    assert [task.try_number for task in run.get_task_instances() if task.task_id == "deploy_canary"] == [1]
    assert "canary" not in [call[0] for call in calls()]
    [mail] = mails
    body = mail.get_body(("plain",))
    assert body and "deploy_canary must be given the result of gate; found none" in " ".join(body.get_content().split())
    printed = "".join(capsys.readouterr())
    assert "jinja2" not in printed and "Exception rendering" not in printed


@pytest.mark.parametrize(("triggered", "who"), [("ann", "ann"), (None, "the nightly run")])
def test_a_canary_is_by_whoever_started_the_run(workflows: dict[str, Any], triggered: str | None, who: str) -> None:
    deploy = workflows["sentiment_retrain"].get_task("deploy_canary")
    dag_run = SimpleNamespace(triggering_user_name=triggered)
    assert deploy.get_template_env().from_string(deploy.options["who"]).render(dag_run=dag_run) == who


def test_the_canary_leaves_an_event_that_names_the_version_and_the_run(workflows: dict[str, Any], calls: Calls) -> None:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    run = workflows["sentiment_retrain"].test()
    with create_session() as session:
        event = session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run.run_id)).one()
        assert event.extra == {"run": run.run_id, "version": 7}


@pytest.mark.parametrize(
    ("found", "said", "last", "rest"),
    [
        ('"nothing_new": False', '"nothing_new": True', "prepare", "skipped"),
        ('sys.argv[1] != ""', 'sys.argv[1] != "check"', "check", "upstream_failed"),
        ('sys.argv[1] != ""', 'sys.argv[1] != "gate"', "gate", "upstream_failed"),
        ('sys.argv[1] != ""', 'sys.argv[1] != "validate"', "validate", "upstream_failed"),
    ],
)
def test_a_run_stops_where_it_has_to(
    workflows: dict[str, Any], calls: Calls, tmp_path: Path, found: str, said: str, last: str, rest: str
) -> None:
    command = tmp_path / "sentiment"
    command.write_text(command.read_text(encoding="utf-8").replace(found, said), encoding="utf-8")
    run = workflows["sentiment_retrain"].test()
    assert states(run)["deploy_canary"] == rest
    assert calls()[-1][0] == last
    assert run.state == (DagRunState.SUCCESS if rest == "skipped" else DagRunState.FAILED)
    assert list((tmp_path / "home" / "runs" / safe_name(run.run_id)).iterdir()) == []
