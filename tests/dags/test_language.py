"""What Airflow shows of the workflows when SENTIMENT_LANGUAGE is zh-TW: nothing is left in English but names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError
from sentiment_airflow.forms.experiment import cell_name
from support import airflow_home
from support.english_left import english_left

WORKFLOWS = ("retrain", "promote", "canary_watch", "rollback", "experiment", "pretrain")
# Airflow's own words, and what is typed.
NAMES = ("Required Actions", "run id", "dense softmax", "word piece", "(no train)")
Bag = Callable[[str], dict[str, Any]]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Bag:
    """The workflows by name, as Airflow reads them when the setting is so."""

    def bag(language: str) -> dict[str, Any]:
        monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
        found = DagBag(str(airflow_home.CHECKOUT / "dags"))
        assert found.import_errors == {}
        return dict(found.dags)

    return bag


@pytest.fixture
def chinese(read: Bag) -> dict[str, Any]:
    return read("zh-TW")


def words_of_fields(params: Any) -> Iterator[tuple[str, str]]:
    """Returns what the form shows of each field, and what a wrong number is told, each with the field's name."""
    for name in params:
        field = params.get_param(name)
        shown = field.schema.get("values_display", {}).values()
        said = (field.schema.get("title"), field.description, field.schema.get("section"), *shown)
        number = field.schema.get("format")
        yield from ((name, text) for text in (*said, None if number == "date" else number) if text)


def words_of(workflow: Any) -> Iterator[tuple[str, str]]:
    for text in (workflow.dag_display_name, workflow.description, workflow.doc_md):
        yield workflow.dag_id, text
    for task in workflow.tasks:
        yield task.task_id, task.task_display_name
        if task.doc_md:
            yield task.task_id, task.doc_md
        own = () if task.is_mapped else task.params
        yield from words_of_fields(dict.fromkeys((), own) or own) if own else ()
    yield from words_of_fields(workflow.params)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_of_a_workflow_is_left_in_english(chinese: dict[str, Any], name: str) -> None:
    said = list(words_of(chinese[f"sentiment_{name}"]))
    assert [(where, found) for where, text in said if (found := english_left(text, *NAMES))] == []
    assert [where for where, text in said if not any("\u4e00" <= letter <= "\u9fff" for letter in text)] == []


def test_a_name_is_said_beside_the_id_that_mails_and_logs_call_it(chinese: dict[str, Any]) -> None:
    retrain = chinese["sentiment_retrain"]
    assert retrain.dag_display_name == "重新訓練 sentiment_retrain"
    assert retrain.get_task("gate").task_display_name == "把關 gate"
    assert chinese["sentiment_experiment"].get_task("train").task_display_name == "訓練一格 train"
    assert chinese["sentiment_promote"].get_task("describe").task_display_name == "撰寫問題 describe"
    assert "| gate | 決定候選模型能否上線服務 | 候選模型變差：郵件會說明差在哪裡、差多少 |" in retrain.doc_md


def test_the_form_says_its_fields_sections_and_choices(chinese: dict[str, Any]) -> None:
    form = chinese["sentiment_retrain"].params
    mode, margin, model = (form.get_param(name) for name in ("mode", "margin", "model_name"))
    assert mode.schema["enum"] == ["auto", "warm", "full"]
    assert mode.schema["values_display"]["full"] == "以全部資料列從頭訓練 full"
    assert (margin.schema["title"], margin.schema["section"]) == ("容許降幅", "把關")
    told = "準確率最壞可以下降多少，以比例表示：0.01 是一個百分點；最多 0.2。留空：0.01（SENTIMENT_GATE_MARGIN）。"
    assert margin.description == told
    assert form.get_param("model_name").schema["section"] == "訓練" and model.schema["title"] == "模型"
    with pytest.raises(ParamValidationError, match=r"'5' is not a '介於 0 與 0\.2 之間的數字，或留空'"):
        margin.resolve("5")


def test_english_shows_ids_and_values_as_they_are(read: Bag) -> None:
    for workflow in read("en").values():
        assert workflow.dag_display_name == workflow.dag_id
        assert all(task.task_display_name == task.task_id for task in workflow.tasks)
        for name in workflow.params:
            shown = workflow.params.get_param(name).schema.get("values_display", {})
            assert shown in ({}, {"null": "default"})


def test_a_training_in_the_list_of_mapped_tasks_is_named_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = {"model": "scratch/tiny", "learning_rate": None, "seed": 13}
    assert cell_name(cell, ["13", "14"]) == "scratch/tiny · not trained · seed 13"
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    assert cell_name(cell, ["13", "14"]) == "scratch/tiny · 未訓練 · 種子 13"
    assert cell_name({**cell, "learning_rate": 5e-5}, ["13"]) == "scratch/tiny · 5e-5"


def test_reading_the_workflows_takes_as_long_in_each_language(read: Bag) -> None:
    def seconds(language: str) -> float:
        began = time.process_time()
        read(language)
        return time.process_time() - began

    taken = {language: [seconds(language) for _ in range(5)] for language in ("en", "zh-TW", "en", "zh-TW")}
    english, said = min(taken["en"]), min(taken["zh-TW"])
    assert said < 1.25 * english + 0.02, taken


def test_the_workflows_read_the_language_anew_each_time(read: Bag) -> None:
    """A file that kept words of an earlier reading would show them for ever."""
    first, then, again = (read(language) for language in ("en", "zh-TW", "en"))
    for name in first:
        assert first[name].doc_md == again[name].doc_md != then[name].doc_md
        assert list(words_of(first[name])) == list(words_of(again[name]))
