"""`sentiment_retrain`, run task by task with `dag.test()`; the steps' command is one that agrees to everything."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DagRunState
from airflow.sdk.definitions.deadline import DeadlineReference
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError
from sentiment_airflow.forms.fields import field
from sentiment_airflow.forms.retrain import limits
from sentiment_airflow.notify.deadline import deadline
from sentiment_airflow.preconditions import require_somebody

from sentiment.run_folder import safe_name

Calls = Callable[[], list[list[str]]]


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def told_at_once(run: Any, calls: Calls, mails: list[EmailMessage]) -> str:
    """Returns the mail of a run whose first step failed at its first try, before anything was done."""
    assert run.state == DagRunState.FAILED and calls() == []
    assert states(run)["ingest"] == "failed"
    assert [task.try_number for task in run.get_task_instances() if task.task_id == "ingest"] == [1]
    [mail] = mails
    body = mail.get_body(("plain",))
    assert body
    return " ".join(body.get_content().split())


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
        ["train", name, "--checked", *training],
        ["evaluate", name],
        ["gate", name],
        ["export", name],
        ["validate", name],
        ["canary", name, "--who=dag_test"],
    ]


def test_who_makes_an_exception_at_the_gate_is_who_triggered_the_run(workflows: dict[str, Any], calls: Calls) -> None:
    form = {"override_reason": "a holiday; $(x)", "margin": 0.02, "loosen_reason": "few rows"}
    run = workflows["sentiment_retrain"].test(run_conf=form)
    [gate] = [call for call in calls() if call[0] == "gate"]
    assert gate == [
        "gate",
        f"--run={run.run_id}",
        "--loosen-who=dag_test",
        "--override-who=dag_test",
        "--margin=0.02",
        "--loosen-reason=few rows",
        "--override-reason=a holiday; $(x)",
    ]


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"margin": 0.2}, "margin 0.2 instead of 0.01"),
        ({"margin": "0.2"}, "margin 0.2 instead of 0.01"),
        ({"floor": 0.4, "override_reason": "a holiday"}, "floor 0.4 instead of 0.5"),
        (
            {"recall_drop": 0.5, "minimum_rolling": 1000},
            "recall drop 0.5 instead of 0.05, minimum rolling 1,000 instead of 200",
        ),
    ],
)
def test_a_looser_gate_without_a_reason_starts_nothing(
    workflows: dict[str, Any], calls: Calls, form: dict[str, Any], found: str, mails: list[EmailMessage]
) -> None:
    said = told_at_once(workflows["sentiment_retrain"].test(run_conf=form), calls, mails)
    assert f"must have a reason, and somebody who gives it; found {found}, without a reason." in said


@pytest.mark.parametrize(("run_type", "refused"), [("scheduled", True), ("backfill", True), ("manual", False)])
def test_a_run_that_nobody_triggered_has_no_params_of_its_own(run_type: str, refused: bool) -> None:
    """A backfill can give a night's run Params; Airflow then names nobody who did."""
    for conf in ({"margin": 0.2, "loosen_reason": "because"}, {}):
        context: Any = {"dag_run": SimpleNamespace(run_type=run_type, conf=conf)}
        with pytest.raises(AirflowFailException, match="loosen_reason, margin") if refused and conf else nullcontext():
            require_somebody(context)


def test_a_backfill_is_not_taken(workflows: dict[str, Any]) -> None:
    assert {kind.value for kind in workflows["sentiment_retrain"].allowed_run_types} == {"scheduled", "manual"}


def test_a_deadline_lets_tasks_be_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow cannot clear a task whose run has a deadline that counts from when it was queued."""
    monkeypatch.setenv("SENTIMENT_DEADLINE_HOURS", "6")
    alert = deadline()
    assert alert and alert.reference is DeadlineReference.DAGRUN_LOGICAL_DATE


def test_a_step_that_was_marked_as_a_success_by_hand_is_no_way_around_the_reason(
    workflows: dict[str, Any], calls: Calls, mails: list[EmailMessage]
) -> None:
    run = workflows["sentiment_retrain"].test(run_conf={"margin": 0.2}, mark_success_pattern="ingest|prepare|check")
    assert run.state == DagRunState.FAILED and calls() == []
    assert (states(run)["check"], states(run)["train"]) == ("success", "failed")


@pytest.mark.parametrize("form", [{"margin": 0.0}, {"floor": 0.9}, {"recall_drop": 0.05}, {"minimum_rolling": 1}])
def test_a_gate_that_is_no_looser_needs_no_reason(
    workflows: dict[str, Any], calls: Calls, form: dict[str, Any]
) -> None:
    assert workflows["sentiment_retrain"].test(run_conf=form).state == DagRunState.SUCCESS
    assert len(calls()) == 9


@pytest.mark.parametrize(
    ("limit", "value"), [("margin", 0.21), ("margin", "5"), ("floor", "0.3"), ("minimum_rolling", 1001)]
)
def test_beyond_its_bounds_a_form_is_refused_whatever_the_reason(
    workflows: dict[str, Any], calls: Calls, limit: str, value: object
) -> None:
    with pytest.raises(ParamValidationError, match=f"Invalid input for param {limit}"):
        workflows["sentiment_retrain"].test(run_conf={limit: value, "loosen_reason": "I have my reasons"})
    assert calls() == []


def test_how_far_a_form_may_loosen_the_gate_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_FORM_MARGIN", "0.03")
    monkeypatch.setenv("SENTIMENT_FORM_FLOOR", "0.45")
    form = {option.name: field(option) for option in limits()}
    assert (form["margin"].schema["maximum"], form["floor"].schema["minimum"]) == (0.03, 0.45)
    assert str(form["margin"].description).endswith("at most 0.03. Empty: 0.01 (SENTIMENT_GATE_MARGIN).")


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
    said = told_at_once(workflows["sentiment_retrain"].test(run_conf=form), calls, mails)
    assert "sentiment_retrain must be given Params of its form (" in said
    assert f"; found {found}. Correct the names" in said


def test_a_float_that_is_an_integer_is_taken_as_one(workflows: dict[str, Any], calls: Calls) -> None:
    run = workflows["sentiment_retrain"].test(run_conf={"num_epochs": 3.0, "batch_size": 16.0, "learning_rate": 0.001})
    assert run.state == DagRunState.SUCCESS
    [train] = [call for call in calls() if call[0] == "train"]
    assert sorted(train[2:]) == ["--batch-size=16", "--checked", "--learning-rate=0.001", "--num-epochs=3"]


@pytest.mark.parametrize("form", [{"num_epochs": 3.5}, {"num_epochs": "three"}, {"num_epochs": True}, {"mode": 1}])
def test_a_value_of_the_wrong_type_starts_no_run(workflows: dict[str, Any], calls: Calls, form: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError, match=f"Invalid input for param {next(iter(form))}"):
        workflows["sentiment_retrain"].test(run_conf=form)
    assert calls() == []


@pytest.mark.parametrize(
    ("decides", "stopped", "verb"),
    [("check", "train", "train"), ("gate", "deploy_canary", "canary"), ("validate", "deploy_canary", "canary")],
)
def test_a_decision_that_was_marked_as_a_success_by_hand_is_not_gone_on_from(
    workflows: dict[str, Any],
    calls: Calls,
    mails: list[EmailMessage],
    capsys: pytest.CaptureFixture[str],
    decides: str,
    stopped: str,
    verb: str,
) -> None:
    run = workflows["sentiment_retrain"].test(mark_success_pattern=decides)
    assert (states(run)[decides], states(run)[stopped]) == ("success", "failed")
    assert [task.try_number for task in run.get_task_instances() if task.task_id == stopped] == [1]
    assert verb not in [call[0] for call in calls()]
    [mail] = mails
    body = mail.get_body(("plain",))
    assert body and f"{stopped} must be given the result of {decides}; found none" in " ".join(
        body.get_content().split()
    )
    printed = "".join(capsys.readouterr())
    assert "jinja2" not in printed and "Exception rendering" not in printed


@pytest.mark.parametrize(
    ("triggered", "cleared", "who"),
    [
        ("ann", 0, "ann"),
        ("ann", 1, "ann, started again by somebody"),
        (None, 0, "the nightly run"),
        (None, 2, "the nightly run, started again by somebody"),
    ],
)
def test_a_canary_is_by_whoever_started_the_run(
    workflows: dict[str, Any], triggered: str | None, cleared: int, who: str
) -> None:
    deploy = workflows["sentiment_retrain"].get_task("deploy_canary")
    dag_run = SimpleNamespace(triggering_user_name=triggered, clear_number=cleared)
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
    left = (tmp_path / "home" / "runs" / safe_name(run.run_id)).iterdir()
    assert [path.name for path in left] == ["airflow-run.json"]


@pytest.mark.parametrize(
    ("found", "said", "state", "run_state"),
    [
        ('"not_set": False', '"not_set": True', "skipped", DagRunState.SUCCESS),
        ('"nothing_new": False', '"nothing_new": True', "success", DagRunState.SUCCESS),
        ("passed = ", "sys.argv[1] == 'ingest' and sys.exit(2); passed = ", "success", DagRunState.FAILED),
        ("passed = ", "sys.argv[1] == 'backup' and sys.exit(2); passed = ", "failed", DagRunState.FAILED),
    ],
)
def test_every_night_is_backed_up_whatever_becomes_of_it(
    workflows: dict[str, Any],
    backups: Calls,
    mails: list[EmailMessage],
    tmp_path: Path,
    found: str,
    said: str,
    state: str,
    run_state: DagRunState,
) -> None:
    command = tmp_path / "sentiment"
    command.write_text(command.read_text(encoding="utf-8").replace(found, said), encoding="utf-8")
    run = workflows["sentiment_retrain"].test()
    assert (states(run)["backup"], run.state) == (state, run_state)
    assert len(mails) == (run_state == DagRunState.FAILED)
    assert backups() == ([["backup", "--if-set"]] if state != "failed" else [])
    if state == "failed":
        assert states(run)["deploy_canary"] == "success", "the night goes on without it"
