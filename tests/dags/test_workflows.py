"""The workflows as Airflow reads them: tasks, edges, forms, and what reading them costs."""

from __future__ import annotations

import copy
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction
from sentiment_airflow.runners.settings import GPU_VERBS
from sentiment_airflow.workflows import nightly, watching
from support import airflow_home

RETRAIN = {
    "ingest": ["backup", "prepare"],
    "backup": [],
    "prepare": ["check"],
    "check": ["train"],
    "train": ["evaluate"],
    "evaluate": ["gate"],
    "gate": ["export"],
    "export": ["validate"],
    "validate": ["deploy_canary"],
    "deploy_canary": [],
}
PROMOTE = {
    "describe": ["approve", "find_older"],
    "find_older": ["close_older"],
    "close_older": [],
    "approve": ["promote", "withdraw"],
    "promote": [],
    "withdraw": [],
}
WATCH: dict[str, list[str]] = {"verify": [], "find_canary": ["watch"], "watch": []}
ROLLBACK: dict[str, list[str]] = {"rollback": ["point"], "point": []}
EXPERIMENT = {"plan": ["table", "train"], "train": ["table"], "table": []}
PRETRAIN: dict[str, list[str]] = {"pretrain": []}
SCORE: dict[str, list[str]] = {"find_version": ["score"], "score": ["compare"], "compare": []}
EDGES = {
    "sentiment_retrain": RETRAIN,
    "sentiment_promote": PROMOTE,
    "sentiment_canary_watch": WATCH,
    "sentiment_rollback": ROLLBACK,
    "sentiment_experiment": EXPERIMENT,
    "sentiment_pretrain": PRETRAIN,
    "sentiment_score": SCORE,
}


@pytest.fixture(scope="module")
def workflows() -> dict[str, Any]:
    """The workflows by name, read once: no test of this module runs one, or changes it."""
    bag = DagBag(str(airflow_home.CHECKOUT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.mark.parametrize(("name", "edges"), EDGES.items())
def test_tasks_follow_one_another(workflows: dict[str, Any], name: str, edges: dict[str, list[str]]) -> None:
    assert {task.task_id: sorted(task.downstream_task_ids) for task in workflows[name].tasks} == edges


def test_there_is_no_workflow_that_no_test_knows(workflows: dict[str, Any]) -> None:
    assert workflows.keys() == EDGES.keys()


@pytest.mark.parametrize("name", EDGES)
def test_every_workflow_explains_itself_and_runs_once_at_a_time(workflows: dict[str, Any], name: str) -> None:
    workflow = workflows[name]
    assert workflow.doc_md and workflow.description and "sentiment" in workflow.tags
    at_once = 16 if name == "sentiment_promote" else 1  # a question that waits keeps no other from being asked
    assert (workflow.max_active_runs, workflow.catchup) == (at_once, False)
    for task in workflow.tasks:
        assert task.doc_md or name == "sentiment_experiment"
        told = task.on_failure_callback or task.is_mapped  # of the mapped ones, the task behind them tells once
        assert task.retries == 2 and told and task.execution_timeout


def test_the_night_begins_at_two_in_taipei(workflows: dict[str, Any]) -> None:
    timetable = workflows["sentiment_retrain"].timetable
    assert (timetable.expression, str(timetable.timezone)) == ("0 2 * * *", "Asia/Taipei")


@pytest.mark.parametrize("hour", range(24))
def test_switching_the_workflow_on_starts_no_night_that_is_over(
    workflows: dict[str, Any], hour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = pendulum.datetime(2026, 11, 23, hour, 15, tz="Asia/Taipei")
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: now)
    timetable = decode_timetable(encode_timetable(workflows["sentiment_retrain"].timetable))
    never_run = TimeRestriction(earliest=None, latest=None, catchup=False)
    first = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=never_run)
    assert first and first.run_after > now


def test_the_night_can_be_another_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_NIGHTLY", "30 4 * * 1")
    timetable = nightly()
    assert timetable and timetable.expression == "30 4 * * 1"
    monkeypatch.setenv("SENTIMENT_NIGHTLY", "off")
    assert nightly() is None


def test_the_canary_is_watched_every_five_minutes_or_not_at_all(
    workflows: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    timetable = workflows["sentiment_canary_watch"].timetable
    assert (timetable.expression, str(timetable.timezone)) == ("*/5 * * * *", "Asia/Taipei")
    monkeypatch.setenv("SENTIMENT_WATCH", "off")
    assert watching() is None


@pytest.mark.parametrize(
    ("variable", "value", "workflow", "must"),
    [
        ("SENTIMENT_DEADLINE_HOURS", "six", "retrain", "be a number between 0 and 100,000, or `off`"),
        ("SENTIMENT_DEADLINE_HOURS", "-1", "retrain", "be a number between 0 and 100,000, or `off`"),
        ("SENTIMENT_NIGHTLY", "soon", "retrain", "be a cron expression such as `0 2 * * *`, or `off`"),
        ("SENTIMENT_NIGHTLY", "99 2 * * *", "retrain", "be a cron expression such as `0 2 * * *`, or `off`"),
        ("SENTIMENT_NIGHTLY", "0 2 30 2 *", "retrain", "name times that come"),
        ("SENTIMENT_NIGHTLY", "R 2 * * *", "retrain", "name fixed times: `R` and `H` draw one"),
        ("SENTIMENT_APPROVAL_HOURS", "a day", "promote", "be a number between 0 and 100,000"),
        ("SENTIMENT_APPROVAL_HOURS", "nan", "promote", "be a number between 0 and 100,000"),
        ("SENTIMENT_WEEKLY", "saturday", "pretrain", "be a cron expression such as `0 2 * * *`, or `off`"),
        ("SENTIMENT_WATCH", "*/5", "canary_watch", "be a cron expression such as `0 2 * * *`, or `off`"),
        ("SENTIMENT_WATCH", "*/0 * * * *", "canary_watch", "be a cron expression such as `0 2 * * *`, or `off`"),
    ],
)
def test_a_wrong_setting_is_one_line_of_the_workflow_that_needs_it(
    variable: str, value: str, workflow: str, must: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow puts two frames before the line, unless it is told to show none; the other workflows are read."""
    monkeypatch.setenv(variable, value)
    bag = DagBag(str(airflow_home.CHECKOUT / "dags"))
    assert bag.dags.keys() == EDGES.keys() - {f"sentiment_{workflow}"}
    [(file, error)] = bag.import_errors.items()
    *frames, line = error.strip().splitlines()
    assert Path(file).stem == workflow
    assert line.startswith(f"sentiment.errors.InputError: {variable} must {must}; found ") and value in line
    assert "Correct it, or unset it: the default is " in line
    assert error.count("Traceback") == 1 and sum(frame.startswith("  File ") for frame in frames) == 2
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS", "False")
    bag = DagBag(str(airflow_home.CHECKOUT / "dags"))
    assert list(bag.import_errors.values()) == [line.removeprefix("sentiment.errors.InputError: ")]


@pytest.mark.parametrize("expression", ["@daily", "@quarterly", "0 2 * * MON-FRI", "*/5 * * * *", "0 2 1,15 * *"])
def test_a_schedule_is_whatever_airflow_can_read(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_NIGHTLY", expression)
    timetable = nightly()
    assert timetable and decode_timetable(encode_timetable(timetable)).summary


@pytest.mark.parametrize("minute", range(5))
def test_switching_the_watch_on_starts_no_cycle_that_is_over(minute: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = pendulum.datetime(2026, 11, 23, 9, minute, 1, tz="Asia/Taipei")
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: now)
    scheduled = watching()
    assert scheduled
    timetable = decode_timetable(encode_timetable(scheduled))
    never_run = TimeRestriction(earliest=None, latest=None, catchup=False)
    first = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=never_run)
    assert first and first.run_after == now.replace(minute=5, second=0)


@pytest.mark.parametrize(
    ("addresses", "link"),
    [
        ("", {}),
        ("ann@example.com, bob@example.com", {"sentiment": "mailto:ann@example.com"}),
        ("the whole team", {}),
        ("javascript:alert(1)//@example.com", {}),
    ],
)
def test_the_owner_of_every_workflow_is_a_mail_away(
    addresses: str, link: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_MAIL_TO", addresses)
    bag = DagBag(str(airflow_home.CHECKOUT / "dags"))
    assert bag.import_errors == {}
    assert all(workflow.owner_links == link for workflow in bag.dags.values())
    assert {task.owner for workflow in bag.dags.values() for task in workflow.tasks} == {"sentiment"}


def test_the_steps_that_gain_from_a_gpu_wait_for_one_in_their_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    def pools() -> dict[str, str]:
        retrain = DagBag(str(airflow_home.CHECKOUT / "dags" / "retrain.py")).dags["sentiment_retrain"]
        return {task.task_id: task.pool for task in retrain.tasks}

    assert set(pools().values()) == {"default_pool"}
    monkeypatch.setenv("SENTIMENT_GPU_POOL", "cards")
    assert {task for task, pool in pools().items() if pool == "cards"} == GPU_VERBS & RETRAIN.keys()


def test_the_pretraining_begins_on_saturday_after_the_night_or_not_at_all_and_has_days(
    workflows: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = workflows["sentiment_pretrain"]
    assert (workflow.timetable.expression, str(workflow.timetable.timezone)) == ("0 4 * * 6", "Asia/Taipei")
    assert timedelta(days=5) < workflow.get_task("pretrain").execution_timeout < timedelta(days=7)
    monkeypatch.setenv("SENTIMENT_WEEKLY", "off")
    monkeypatch.setenv("SENTIMENT_GPU_POOL", "cards")
    again = DagBag(str(airflow_home.CHECKOUT / "dags" / "pretrain.py")).dags["sentiment_pretrain"]
    assert (again.timetable.__class__.__name__, again.get_task("pretrain").pool) == ("NullTimetable", "cards")


@pytest.mark.parametrize(("name", "value"), [("passes", 0), ("passes", "101"), ("learning_rate", "1")])
def test_the_form_of_a_pretraining_refuses_what_it_cannot_take(
    workflows: dict[str, Any], name: str, value: object
) -> None:
    form = workflows["sentiment_pretrain"].params
    assert set(form.validate().values()) == {None}, "every field may be empty"
    with pytest.raises(ParamValidationError):
        form.get_param(name).resolve(value)


def test_the_archive_is_scored_after_a_promotion_and_for_new_files_or_by_hand_alone(
    workflows: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def timetable() -> Any:
        bag = DagBag(str(airflow_home.CHECKOUT / "dags" / "score.py"))
        assert bag.import_errors == {}
        return decode_timetable(encode_timetable(bag.dags["sentiment_score"].timetable))

    assert [asset.name for asset in workflows["sentiment_promote"].get_task("promote").outlets] == ["sentiment_stable"]
    assert workflows["sentiment_score"].timetable.__class__.__name__ == "NullTimetable", "there is no archive"
    monkeypatch.setenv("SENTIMENT_ARCHIVE", "/archive")
    both = timetable()
    assert (both.__class__.__name__, both.timetable.summary) == ("AssetOrTimeSchedule", "0 6 * * *")
    assert [asset.name for _, asset in both.asset_condition.iter_assets()] == ["sentiment_stable"]
    monkeypatch.setenv("SENTIMENT_ARCHIVE_CHECK", "off")
    assert timetable().__class__.__name__ == "AssetTriggeredTimetable"


def test_a_rollback_starts_by_hand_only_and_needs_a_reason(workflows: dict[str, Any]) -> None:
    workflow = workflows["sentiment_rollback"]
    assert workflow.timetable.__class__.__name__ == "NullTimetable"
    form: ParamsDict = workflow.params
    assert all(form.get_param(name).schema["title"] and form.get_param(name).description for name in form)
    with pytest.raises(ParamValidationError):
        form.validate()
    for name, value in {"reason": "no", "version": 0, "skip_unreachable": "yes"}.items():
        with pytest.raises(ParamValidationError):
            form.get_param(name).resolve(value)


@pytest.fixture(scope="module")
def helps(workflows: dict[str, Any]) -> dict[str, str]:
    """What the real commands say of their options, by verb; told by one process, since each start takes its time."""
    verbs = {task.verb for workflow in workflows.values() for task in workflow.tasks if hasattr(task, "verb")}
    script = "import sys; from sentiment.cli import run\n"
    script += "for verb in sys.argv[1:]: print(f'\\f{verb}'); run([verb, '--help'])"
    command = [airflow_home.CHECKOUT / ".venv" / "bin" / "python", "-c", script, *verbs]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    told = dict(page.split("\n", 1) for page in shown.split("\f")[1:])
    assert told.keys() == verbs and all("Usage: sentiment " in page for page in told.values())
    return told


@pytest.mark.parametrize(
    ("name", "task"),
    [("sentiment_canary_watch", "watch"), ("sentiment_rollback", "rollback"), ("sentiment_retrain", "backup")],
)
def test_the_options_of_the_steps_without_a_form_exist(
    workflows: dict[str, Any], helps: dict[str, str], name: str, task: str
) -> None:
    step = workflows[name].get_task(task)
    for option in ("result", *step.options, *step.form):
        assert f"--{option.replace('_', '-')}" in helps[step.verb], option


def test_a_canary_starts_the_approval(workflows: dict[str, Any]) -> None:
    outlets = workflows["sentiment_retrain"].get_task("deploy_canary").outlets
    assert [asset.name for asset in outlets] == ["sentiment_canary"]
    starts = workflows["sentiment_promote"].timetable.asset_condition.objects
    assert [asset.name for asset in starts] == ["sentiment_canary"]


def test_every_field_of_the_form_is_explained_and_empty_is_allowed(workflows: dict[str, Any]) -> None:
    form: ParamsDict = workflows["sentiment_retrain"].params
    for name in form:
        schema = form.get_param(name).schema
        assert schema["title"] and form.get_param(name).description
    assert form.validate()["mode"] == "auto"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_epochs", 0),
        ("num_epochs", "3.5"),
        ("num_epochs", 2.5),
        ("num_epochs", True),
        ("num_epochs", "1_0"),
        ("batch_size", "２"),
        ("learning_rate", 0),
        ("learning_rate", "nan"),
        ("learning_rate", "35"),
        ("learning_rate", "0.0"),
        ("learning_rate", "-1e-3"),
        ("learning_rate", "3e5"),
        ("mode", "half"),
        ("mix_number", -1),
        ("margin", -0.1),
        ("margin", 1),
        ("margin", "5"),
        ("margin", "5 %"),
        ("margin", [0.01]),
        ("recall_drop", 1),
        ("minimum_rolling", 0),
        ("override_reason", "no"),
        ("override_reason", "    "),
    ],
)
def test_the_form_refuses_what_no_step_can_take(workflows: dict[str, Any], name: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        workflows["sentiment_retrain"].params.get_param(name).resolve(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("learning_rate", value) for value in (None, "", 0.0005, "3e-5", "2.5E-05", "0.0005", ".001", "1")),
        *(("margin", value) for value in (None, 0.01, "0.01", " .2", "0")),
        *(("batch_size", value) for value in (16, 16.0, "16")),
    ],
)
def test_a_number_is_taken_as_people_write_it(workflows: dict[str, Any], name: str, value: object) -> None:
    field = copy.deepcopy(workflows["sentiment_retrain"].params.get_param(name))  # it keeps what it resolved
    assert "type" not in field.schema  # Airflow's field for numbers would make a number beyond a bound the bound
    assert field.resolve(value) == value


def test_the_refusal_of_a_number_says_what_it_must_be(workflows: dict[str, Any]) -> None:
    field = workflows["sentiment_retrain"].params.get_param("margin")
    with pytest.raises(ParamValidationError, match=r"'5' is not a 'number between 0 and 0\.2, or empty'"):
        field.resolve("5")


@pytest.mark.parametrize("workflow", ["sentiment_retrain", "sentiment_experiment", "sentiment_pretrain"])
def test_every_field_of_the_form_is_an_option_of_its_step(
    workflows: dict[str, Any], helps: dict[str, str], workflow: str
) -> None:
    """Asks the real command: an option that a step does not know would fail every night."""
    steps = [task for task in workflows[workflow].tasks if not task.is_mapped]
    taken = {name for task in steps for name in task.form}
    assert taken == set(workflows[workflow].params)
    for task in steps:
        for name in (*["run"] * task.pass_run, "result", *task.form):
            assert f"--{name.replace('_', '-')}" in helps[task.verb], (task.verb, name)


def test_reading_the_workflows_starts_nothing_and_needs_no_heavy_library(tmp_path: Path) -> None:
    """No file is read or written. How long it takes is measured by `sentiment bench airflow`, which has its tests."""
    dags = airflow_home.CHECKOUT / "dags"
    source = (
        "import sys, importlib, airflow.sdk\n"
        f"sys.path[:0] = [{str(airflow_home.CHECKOUT / 'plugins')!r}, {str(dags)!r}]\n"
        f"for name in {[path.stem for path in dags.glob('*.py')]}: importlib.import_module(name)\n"
        "heavy = {'tensorflow', 'numpy', 'pandas', 'boto3', 'docker', 'kubernetes', 'fastapi'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert list(tmp_path.iterdir()) == []
