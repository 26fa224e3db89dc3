"""`sentiment_experiment`: its form and its cells with a command that only writes results down, and once for real."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError
from airflow.utils.session import create_session
from sentiment_airflow.forms.experiment import cell_name, cells_at_once
from sentiment_airflow.links import experiment_link

from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings

Calls = Callable[[], list[list[str]]]
WORKFLOW = "sentiment_experiment"
CELLS = [{"model": model, "learning_rate": 5e-5, "seed": 13} for model in ("scratch/tiny", "{{ 7*7 }}", "--bad")]
ROWS = [
    {"model": "a", "lr": "5e-5", "test_acc": "0.7500", "why": []},
    {"model": "b", "lr": "5e-5", "test_acc": "", "why": ["no such model"]},
]
# Plans CELLS whatever the form says, and cannot train the last of them.
PLANNER = f"""#!{sys.executable} -IS
import json, pathlib, sys
verb, *arguments = sys.argv[1:]
*arguments, result = arguments
failed, plan = {{"--model=--bad"}} & set(arguments), verb.endswith("plan")
table = {{"failed": 1, "sentence": "1 of 3 failed. So", "table": "t", "plot": "p", "rows": {ROWS!r}}}
table |= {{"best": None, "report": "r"}}
found = {{"trainings": {CELLS!r}}} if plan else table
with open({{log!r}}, "a") as file:
    print(json.dumps([verb, *arguments]), file=file)
path = pathlib.Path(result.removeprefix("--result="))
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({{"error": "no such model"}} if failed else found))
sys.exit(2 if failed else 0)
"""


@pytest.fixture
def planner(calls: Calls, tmp_path: Path) -> Calls:
    """A `sentiment` command with three cells, one of which fails; returns the arguments of every call so far."""
    source = PLANNER.replace("{log!r}", repr(str(tmp_path / "calls.jsonl")))
    (tmp_path / "sentiment").write_text(source, encoding="utf-8")
    return calls


def tasks(run: Any) -> dict[tuple[str, int], str]:
    return {(task.task_id, task.map_index): str(task.state) for task in run.get_task_instances()}


def xcom(run: Any, task: str) -> Any:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    query = select(XComModel).where(XComModel.run_id == run.run_id, XComModel.task_id == task)
    with create_session() as session:
        return XComModel.deserialize_value(session.scalars(query).one())


def test_a_misspelt_param_plans_nothing(workflows: dict[str, Any], planner: Calls, mails: list[EmailMessage]) -> None:
    run = workflows[WORKFLOW].test(run_conf={"model": ["a"], "learning_rate": [1e-5]})
    assert tasks(run)["plan", -1] == "failed" and planner() == []
    body = mails[0].get_body(("plain",))
    said = " ".join(body.get_content().split()) if body else ""
    assert "found 'model' (did you mean 'models'?), 'learning_rate' (did you mean 'learning_rates'?)." in said


def test_integers_written_as_floats_are_planned_as_integers(workflows: dict[str, Any], planner: Calls) -> None:
    workflows[WORKFLOW].test(run_conf={"models": ["a"], "seeds": [13.0, "14"], "num_epochs": 2.0})
    plan = planner()[0]
    assert {"--seeds=13,14", "--num-epochs=2"} <= set(plan)


def test_a_failed_cell_stops_neither_the_others_nor_the_table_and_the_run_is_red(
    workflows: dict[str, Any], planner: Calls, mails: list[EmailMessage]
) -> None:
    run = workflows[WORKFLOW].test(run_conf={"models": ["a", "b"], "learning_rates": ["5e-5", 2e-5, ""]})
    assert tasks(run) == {
        ("plan", -1): "success",
        **{("train", 0): "success", ("train", 1): "success", ("train", 2): "failed"},
        ("table", -1): "failed",
    }
    assert run.state == DagRunState.FAILED
    assert xcom(run, "table")["rows"] == ROWS
    page = experiment_link(run.run_id)
    assert xcom(run, "table")["page"] == page
    assert xcom(run, "table")["sentence"] == f"1 of 3 failed. So See its page: {page}"
    (mail,) = mails
    assert mail["subject"] == "Sentiment: experiment. 1 of 3 failed."
    body = mail.get_body(("plain",))
    assert body
    assert f"The experiment on the Models page: {page}" in body.get_content()
    assert {"- b, lr 5e-5: no such model", "- a, lr 5e-5: test_acc 0.7500"} <= set(body.get_content().split("\n"))
    (plan, *cells, table) = planner()
    assert plan[2:] == [
        *("--models=a,b", "--learning-rates=5e-5,2e-05,", "--seeds=13", "--model-type=custom", "--num-epochs=8")
    ]
    own = [f"--run={run.run_id}"]
    given = [["experiment-train", *own, f"--model={cell['model']}", "--learning-rate=5e-05"] for cell in CELLS]
    assert sorted(cells) == sorted([*call, "--seed=13"] for call in given)
    assert table == ["experiment-table", *own]


def test_the_cells_are_called_by_model_and_rate(workflows: dict[str, Any], planner: Calls) -> None:
    run = workflows[WORKFLOW].test()
    named = {task.map_index: task.rendered_map_index for task in run.get_task_instances() if task.task_id == "train"}
    assert named == {0: "scratch/tiny · 5e-5", 1: "{{ 7*7 }} · 5e-5", 2: "--bad · 5e-5"}


def test_a_cell_says_its_seed_where_there_are_several_and_that_it_is_not_trained() -> None:
    cell = {"model": "a", "learning_rate": 1.5e-4, "seed": 2}
    assert cell_name(cell, ["1", "2"]) == "a · 1.5e-4 · seed 2"
    assert cell_name({**cell, "learning_rate": None}, ["2"]) == "a · not trained"


def test_without_a_plan_nothing_else_is_tried(workflows: dict[str, Any], home: Path) -> None:
    """The command is the real one, and so is its refusal."""
    run = workflows[WORKFLOW].test(run_conf={"models": ["; touch harm"]})
    assert set(tasks(run).items()) >= {(("plan", -1), "failed"), (("table", -1), "upstream_failed")}
    assert run.state == DagRunState.FAILED
    assert not (home / "runs" / "bench").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("models", []),
        ("models", None),
        ("models", "scratch/tiny"),
        ("models", ["x"] * 21),
        ("models", ["x" * 201]),
        ("models", [7]),
        ("learning_rates", []),
        ("learning_rates", ["1" * 31]),
        ("learning_rates", [[1]]),
        ("learning_rates", [1e-5] * 10_000),
        ("seeds", [1.5]),
        ("num_epochs", 0),
        ("batch_size", "32 rows"),
        ("model_type", "gpt"),
        ("validation_share", 0.9),
        ("with_untrained", "yes"),
        ("data_run", "x" * 301),
    ],
)
def test_the_form_refuses_what_no_experiment_can_take(workflows: dict[str, Any], name: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        workflows[WORKFLOW].params.get_param(name).resolve(value)


def test_the_form_explains_its_fields_and_can_be_sent_as_it_is(workflows: dict[str, Any]) -> None:
    form: ParamsDict = workflows[WORKFLOW].params
    assert all(form.get_param(name).schema["title"] and form.get_param(name).description for name in form)
    assert form.validate()["models"] == ["scratch/tiny", "scratch/mini"]


def test_cells_share_no_card_and_without_a_pool_no_machine(
    workflows: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = workflows[WORKFLOW].get_task("train")
    assert (train.pool, train.max_active_tis_per_dagrun) == ("default_pool", 1)
    monkeypatch.setenv("SENTIMENT_GPU_POOL", "cards")
    assert cells_at_once() is None


POSTS = (("真的很棒，下次還會再來", 0), ("爛透了，浪費錢", 1), ("請問在哪裡買得到", 2))
MISSING = "/no/such/model"
SHORT = {"num_epochs": 1, "max_seq_length": 16, "models": ["scratch/tiny", MISSING]}


@pytest.mark.slow
def test_an_experiment_for_real_and_again(
    workflows: dict[str, Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    base = home / "datasets" / "old_sentiment"
    base.mkdir(parents=True)
    for name, things in {"train": "手機餐廳電影飯店", "test": "公車相機"}.items():
        rows = [f"{thing}{text}\t{label}" for thing in things for text, label in POSTS]
        (base / f"{name}.tsv").write_text("\n".join(["text\tlabel", *rows, ""]), encoding="utf-8")
    first = workflows[WORKFLOW].test(run_conf={**SHORT, "learning_rates": ["1e-3"]})
    (row,) = (home / "runs" / "bench" / "lr" / "rows").iterdir()
    trained = row.stat().st_mtime_ns
    assert tasks(first) == {
        **{("plan", -1): "success", ("train", 0): "success", ("train", 1): "failed", ("table", -1): "failed"}
    }

    run = workflows[WORKFLOW].test(run_conf={**SHORT, "learning_rates": ["1e-3", "2e-3"]})
    assert sorted(tasks(run).values()) == [*["failed"] * 3, *["success"] * 3]
    assert row.stat().st_mtime_ns == trained
    found = xcom(run, "table")
    cells = [(cells["model"], cells["lr"], cells["train_loss"] == "failed") for cells in found["rows"]]
    assert cells == [
        *(("scratch/tiny", "1e-3", False), ("scratch/tiny", "2e-3", False)),
        *((MISSING, "1e-3", True), (MISSING, "2e-3", True)),
    ]
    assert found["failed"] == 2
    assert f"no folder {MISSING}" in found["rows"][2]["why"][0]
    folder = RunFolder.named(read_settings({"SENTIMENT_HOME": str(home)}), run.run_id).path
    assert found["plot"] == str(folder / "plot.svg")
    assert (folder / "table.md").read_text(encoding="utf-8").count("| failed |") == 2
    assert json.loads((folder / "results.json").read_text(encoding="utf-8"))["data"]["train_rows"] == 24
    assert (folder / "plot.png").read_bytes().startswith(b"\x89PNG")
