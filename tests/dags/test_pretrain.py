"""`sentiment_pretrain`: form, skip and mail with a stand-in; then for real, with a retrain from its encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState
from airflow.sdk.exceptions import ParamValidationError

from sentiment.run_folder import RunFolder
from sentiment.settings import read_settings

Calls = Callable[[], list[list[str]]]
WORKFLOW = "sentiment_pretrain"
WORSE = "Encoder 2 stays current: encoder 3 is worse, with perplexity 40.2 against 39.8 on the same posts."


@pytest.fixture
def pretrained(calls: Calls, tmp_path: Path) -> Callable[[dict[str, Any]], None]:
    """Lets the `sentiment` command leave this result."""

    def leaves(result: dict[str, Any]) -> None:
        command = tmp_path / "sentiment"
        command.write_text(f"{command.read_text(encoding='utf-8')}\nresult.write_text({json.dumps(result)!r})\n")

    return leaves


def state_of(run: Any) -> str:
    [task] = run.get_task_instances()
    return str(task.state)


def test_the_form_becomes_options_and_an_empty_field_none(
    workflows: dict[str, Any], calls: Calls, pretrained: Callable[[dict[str, Any]], None]
) -> None:
    pretrained({"not_set": False, "current": True, "sentence": "Encoder 3 is current now."})
    assert workflows[WORKFLOW].test().state == DagRunState.SUCCESS
    form = {"model_name": "scratch/tiny", "passes": 3.0, "learning_rate": "2e-4"}
    assert workflows[WORKFLOW].test(run_conf=form).state == DagRunState.SUCCESS
    first, second = calls()
    assert first == ["refresh-encoder"]
    assert second == ["refresh-encoder", "--model-name=scratch/tiny", "--passes=3", "--learning-rate=2e-4"]


def test_without_a_corpus_it_is_skipped_and_nobody_is_mailed(
    workflows: dict[str, Any], home: Path, mails: list[EmailMessage]
) -> None:
    """The command is the real one."""
    run = workflows[WORKFLOW].test()
    assert (state_of(run), mails) == ("skipped", [])
    assert not (home / "encoders").exists()


def test_a_worse_encoder_is_red_and_mailed_and_not_tried_again(
    workflows: dict[str, Any],
    calls: Calls,
    pretrained: Callable[[dict[str, Any]], None],
    mails: list[EmailMessage],
) -> None:
    pretrained({"not_set": False, "current": False, "sentence": WORSE})
    run = workflows[WORKFLOW].test()
    assert (run.state, len(calls())) == (DagRunState.FAILED, 1)
    [mail] = mails
    body = mail.get_body(("plain",))
    assert body and WORSE in " ".join(body.get_content().split())


def test_only_an_encoder_of_the_list_may_be_named(workflows: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment_airflow.forms.pretrain import pretrain_form

    monkeypatch.setenv("SENTIMENT_ENCODERS", "bert-base-chinese")
    start = pretrain_form()["model_name"]
    assert [start.resolve(name) for name in (None, "scratch/mini", "bert-base-chinese")]
    with pytest.raises(ParamValidationError):
        start.resolve("stranger/encoder")


THINGS = ("手機", "餐廳", "電影", "飯店", "耳機", "客服", "便當", "公車", "相機", "書店", "咖啡", "遊戲")
SAYINGS = ("這間{}真的很棒，下次還會再來，大推", "這個{}爛透了，浪費錢，不會再買", "請問{}在哪裡買得到，有人知道嗎")
TINY = {"passes": 1, "model_name": "scratch/tiny"}


@pytest.mark.slow
def test_a_full_retrain_starts_from_the_encoder_that_a_pretraining_made(
    workflows: dict[str, Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("SENTIMENT_PRETRAIN_CORPUS", "datasets/corpus")
    monkeypatch.setenv("SENTIMENT_START_FROM", "pretrained")
    settings = read_settings({"SENTIMENT_HOME": str(home)})
    for name, things in {"train": THINGS[:8], "test": THINGS[8:10], "latest_test": THINGS[10:]}.items():
        path = settings.base_data / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{saying.format(thing)}\t{label}" for thing in things for label, saying in enumerate(SAYINGS)]
        path.write_text("\n".join(["text\tlabel", *rows, ""]), encoding="utf-8")
    corpus = settings.datasets / "corpus" / "posts.txt"
    corpus.parent.mkdir()
    (settings.datasets / "inbox").mkdir()
    posts = [f"第{number}則：{SAYINGS[number % 3].format(THINGS[number % 12])}" for number in range(300)]
    corpus.write_text("\n".join(posts), encoding="utf-8")

    first = workflows["sentiment_retrain"].test(run_conf={"mode": "full"})
    states = {task.task_id: str(task.state) for task in first.get_task_instances()}
    assert states["prepare"] == "failed", "there is no encoder yet, and nothing is trained from another start"

    run = workflows[WORKFLOW].test(run_conf=TINY)
    assert run.state == DagRunState.SUCCESS
    note = json.loads((settings.own_encoders / "current.json").read_text(encoding="utf-8"))
    assert note["number"] == 1

    workflows["sentiment_retrain"].test(run_conf={"mode": "full", "num_epochs": 1, "max_seq_length": 32})
    [folder] = [path for path in settings.runs.iterdir() if (path / "model").is_dir()]
    card = json.loads((folder / "model" / "model.json").read_text(encoding="utf-8"))
    pin = {"address": str(settings.own_encoders / "1"), "sha256": note["sha256"]}
    assert card["encoder"] == pin
    prepared = json.loads(RunFolder(folder).result("prepare").read_text(encoding="utf-8"))
    assert prepared["encoder"] == pin
