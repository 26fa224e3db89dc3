"""An experiment's three steps by hand: what is planned, what is refused, and a table of what is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.results import whole

from sentiment import cli
from sentiment.experiments.listing import KEPT, enter, list_file
from sentiment.experiments.plan import rows_of
from sentiment.experiments.sweep import Training
from sentiment.mail.experiment import experiment_mail
from sentiment.results import record
from sentiment.results.experiment import ExperimentPlan, ExperimentTable, Listed, Row
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings

RESULT = {"loss": [0.5], "accuracy": [0.8], "val_loss": [0.6], "val_accuracy": [0.7], "seconds": 1.5, "parameters": 10}
RESULT |= {"test": {"loss": 0.6, "accuracy": 0.75}, "test_seconds": 0.1, "rows_per_second": 24.0}
MISSING = "/no/such/model"
Step = Callable[..., dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with 36 posts to train on and 12 to test on."""
    base = tmp_path / "home" / "datasets" / "old_sentiment"
    shutil.copytree(data, base)
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENTIMENT_ENCODERS", "any")
    return tmp_path / "home"


@pytest.fixture
def step(home: Path, capsys: pytest.CaptureFixture[str]) -> Step:
    """Runs a step of the run `night`; returns its result, or its exit code and what it said."""

    def run(verb: str, *arguments: str) -> dict[str, Any]:
        code = cli.run([f"experiment-{verb}", "--run=night", *arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        result: dict[str, Any] = {} if code else json.loads(printed.out.splitlines()[-1])
        return {**result, "code": code, "said": printed.err}

    return run


def finish(home: Path, *trainings: Training) -> None:
    """Leaves the rows of finished trainings."""
    plan = RunFolder(home / "runs" / "night").read(ExperimentPlan)
    for training in trainings:
        rows = rows_of(plan, read_settings())
        row = whole(Row, training=as_json(training), setup=as_json(plan.setup), result=RESULT)
        record.write(rows.file(training), row)


def known(home: Path) -> list[dict[str, Any]]:
    """Returns the list of experiments."""
    found: list[dict[str, Any]] = json.loads(list_file(Settings(home=home)).read_text(encoding="utf-8"))["experiments"]
    return found


def test_the_plan_is_models_by_rates_by_seeds_each_once(step: Step, home: Path) -> None:
    options = ["--models=a,b/c,a,", "--learning-rates=5e-5,0.00005,2e-5", "--seeds=1,2", "--with-untrained"]
    planned = step("plan", *options)
    assert [(one["model"], one["learning_rate"], one["seed"]) for one in planned["trainings"]] == [
        (model, rate, seed) for model in ("a", "b/c") for rate in (None, 5e-5, 2e-5) for seed in (1, 2)
    ]
    assert (planned["train_rows"], planned["test_rows"]) == (36, 12)
    plan = RunFolder(home / "runs" / "night").read(ExperimentPlan)
    assert plan.trainings[2] == Training("a", 5e-5, 1)
    assert plan.setup.num_epochs == 2


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "--models=;$(touch harm)",
            "a model must be scratch/tiny, scratch/mini, a name on the hub, a folder's absolute",
        ),
        ("--models=--help", "or an address; found '--help'. Correct --models."),
        ("--models=../..", "found '../..'"),
        ("--models=a/../b", "found 'a/../b'"),
        ("--models=/a\n/b", r"found '/a\n/b'"),
        (f"--models={'a' * 201}", "or an address; found"),
        ("--models=scratch/huge", "found 'scratch/huge'. Correct --model-name."),
        ("--models= , ", "--models must name at least one model"),
        ("--learning-rates=,", "there must be at least one number; found none"),
        ("--learning-rates=1e9", "--learning-rate must be between 1e-08 and 1; found 1e+09"),
        ("--learning-rates=nan", "found nan"),
        ("--learning-rates=fast", "'fast' must be numbers separated by commas"),
        ("--seeds=1.5", "'1.5' must be numbers separated by commas"),
        (
            "--seeds=" + ",".join(map(str, range(10_000))),
            "100 trainings; found 10,000: 1 model × 1 rate × 10,000 seeds",
        ),
        ("--num-epochs=0", "--num-epochs must be between"),
        ("--data-run=../..", "--data-run must name a run; found '../..'"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(step: Step, home: Path, option: str, message: str) -> None:
    refused = step("plan", "--models=a", "--learning-rates=1e-3", option)
    assert refused["code"] == 2
    assert message in refused["said"]
    assert not (home / "runs").exists()


@pytest.mark.parametrize(
    ("encoders", "name", "is_taken"),
    [
        (None, "ckiplab/albert-tiny-chinese", True),
        (None, "https://tfhub.dev/tensorflow/bert_zh_L-12_H-768_A-12/3", True),
        (None, "someone/else", False),
        (None, "/models/mine", False),
        (None, f"bert-base-chinese@sha256:{'0' * 64}", False),
        (f"bert-base-chinese@sha256:{'0' * 64}", f"bert-base-chinese@sha256:{'0' * 64}", True),
        (f"bert-base-chinese@sha256:{'0' * 64}", "bert-base-chinese", False),
        ("someone/else, /models/mine", "/models/mine", True),
        ("someone/else", "scratch/tiny", True),
        ("any", "/models/mine", True),
    ],
)
def test_an_encoder_outside_of_the_list_is_not_planned(
    step: Step, home: Path, monkeypatch: pytest.MonkeyPatch, encoders: str | None, name: str, is_taken: bool
) -> None:
    if encoders is None:
        monkeypatch.delenv("SENTIMENT_ENCODERS")
    else:
        monkeypatch.setenv("SENTIMENT_ENCODERS", encoders)
    planned = step("plan", f"--models=scratch/mini,{name}", "--learning-rates=1e-3")
    assert planned["code"] == (0 if is_taken else 2)
    if not is_taken:
        assert f"must be one of SENTIMENT_ENCODERS; found '{name}'" in planned["said"]
        assert len(planned["said"].splitlines()) == 1 and not (home / "runs").exists()


def test_another_runs_files_can_be_trained_on(step: Step, home: Path, data: Path) -> None:
    shutil.copytree(data, home / "runs" / "monday")
    (home / "runs" / "monday" / "test.tsv").write_text("text\tlabel\n好\t0\n", encoding="utf-8")
    assert step("plan", "--models=a", "--data-run=monday")["test_rows"] == 1
    (home / "runs" / "monday" / "test.tsv").unlink()
    assert "monday/test.tsv" in step("plan", "--models=a", "--data-run=monday")["said"]


def test_a_finished_cell_is_not_trained_again(step: Step, home: Path) -> None:
    step("plan", f"--models={MISSING}", "--learning-rates=1e-3")
    finish(home, Training(MISSING, 1e-3, 13))  # if it were trained, it would fail
    cell = step("train", f"--model={MISSING}", "--learning-rate=0.001", "--seed=13")
    assert (cell["already"], cell["test_acc"]) == (True, 0.75)


@pytest.mark.parametrize("verb", ["train", "table"])
def test_without_a_plan_there_is_nothing_to_do(step: Step, verb: str) -> None:
    refused = step(verb, *(["--model=a", "--seed=1"] if verb == "train" else []))
    assert refused["code"] == 2
    assert "Run `sentiment experiment-plan --run night` first." in refused["said"]


def test_only_what_was_planned_is_trained_and_only_on_the_data_of_the_plan(step: Step, home: Path) -> None:
    step("plan", "--models=a", "--learning-rates=1e-3")
    assert "found no a, lr 1e-3, seed 7." in step("train", "--model=a", "--learning-rate=1e-3", "--seed=7")["said"]
    (home / "datasets" / "old_sentiment" / "test.tsv").write_text("text\tlabel\n好\t0\n", encoding="utf-8")
    refused = step("train", "--model=a", "--learning-rate=1e-3", "--seed=13")
    assert (refused["code"], "must be the same as in the plan; found other test." in refused["said"]) == (2, True)


def test_the_table_has_what_failed_with_its_reason_and_what_left_none(step: Step, home: Path) -> None:
    step("plan", f"--models=a,{MISSING}", "--learning-rates=1e-3,2e-3")
    failed = step("train", f"--model={MISSING}", "--learning-rate=1e-3", "--seed=13")
    assert failed["code"] == 2
    assert f"{MISSING}, lr 1e-3, seed 13 must train to its end; found the encoder" in failed["said"]
    finish(home, Training("a", 1e-3, 13), Training("a", 2e-3, 13))
    table = step("table")
    assert [(row["model"], row["test_acc"]) for row in table["rows"]] == [
        *(("a", "0.7500"), ("a", "0.7500"), (MISSING, ""), (MISSING, ""))
    ]
    ((why,), (unknown,)) = (row["why"] for row in table["rows"][2:])
    assert f"found no folder {MISSING}" in why
    assert "neither a result nor a reason" in unknown
    assert table["failed"] == 2
    assert table["sentence"].startswith("2 of 4 trainings failed; best is a, lr 1e-3, test_acc 0.7500. Table and plot")
    assert f"{MISSING}   2e-3       failed" in table["said"]
    assert all(Path(table[name]).stat().st_size > 100 for name in ("table", "plot", "report"))
    assert not list((home / "runs" / "bench" / "lr" / "work").iterdir())
    mail = experiment_mail(whole(ExperimentTable, table), "night", {})
    assert mail.subject == "Sentiment: experiment. 2 of 4 trainings failed; best is a, lr 1e-3, test_acc 0.7500."
    assert f"{MISSING}, lr 2e-3: it left" in mail.text


def test_what_failed_once_and_was_finished_later_is_not_failed(step: Step, home: Path) -> None:
    step("plan", f"--models={MISSING}", "--learning-rates=1e-3")
    step("train", f"--model={MISSING}", "--learning-rate=1e-3", "--seed=13")
    finish(home, Training(MISSING, 1e-3, 13))
    table = step("table")
    assert (table["failed"], table["rows"][0]["why"]) == (0, [])
    best = {"model": MISSING, "lr": "1e-3", "test_acc": "0.7500"}
    (listed,) = known(home)
    assert {name: listed[name] for name in ("run", "trainings", "failed", "best")} == {
        **{"run": "night", "trainings": 1, "failed": 0, "best": best}
    }
    assert listed["at"] == json.loads((home / "runs" / "night" / "results.json").read_text(encoding="utf-8"))["at"]
    assert table["sentence"] == f"1 training; best is {MISSING}, lr 1e-3, test_acc 0.7500."


def test_a_person_reads_it_in_the_language_of_the_setting(
    step: Step, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    planned = step("plan", f"--models={MISSING}", "--learning-rates=1e-3")
    assert planned["said"] == "已規劃：1 次訓練，使用 36 筆資料。\n"
    assert planned["sentence"] == "1 training on 36 rows"
    finish(home, Training(MISSING, 1e-3, 13))
    cell = step("train", f"--model={MISSING}", "--learning-rate=1e-3", "--seed=13")
    assert f"experiment: {MISSING}，學習率 1e-3，隨機種子 13：已經完成\n" in cell["said"]
    table = step("table")
    assert f"experiment: 表格和圖在 {home / 'runs' / 'night'}\n" in table["said"]
    assert table["sentence"].startswith("1 training; best is ")
    assert (home / "runs" / "night" / "table.md").read_text(encoding="utf-8").startswith("## learning rates\n")


def test_the_newest_experiments_are_listed_each_once(home: Path) -> None:
    settings = Settings(home=home)
    for number in range(KEPT + 5):
        enter(settings, whole(Listed, run=f"run-{number}", failed=1))
    enter(settings, whole(Listed, run="run-50", failed=0))
    assert [entry["run"] for entry in known(home)[:3]] == ["run-50", "run-54", "run-53"]
    assert (len(known(home)), known(home)[0]["failed"]) == (KEPT, 0)


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"experiments": 5}', '{"experiments": [1, "x", null]}'])
def test_a_broken_list_begins_anew(home: Path, broken: str) -> None:
    path = list_file(Settings(home=home))
    path.parent.mkdir(parents=True)
    path.write_text(broken, encoding="utf-8")
    enter(Settings(home=home), whole(Listed, run="a"))
    assert [entry["run"] for entry in known(home)] == ["a"]
