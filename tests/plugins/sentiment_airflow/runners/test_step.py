from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from sentiment_airflow.runners.step import Ended, StepCommand, StepLog, container_environment, read_result


def step(**given: Any) -> StepCommand:
    facts = {"verb": "train", "arguments": ("train",), "environment": {}, "credentials": {}, "identity": {}}
    paths = {"home": Path("/srv/home"), "result_file": Path("/srv/home/runs/r/.train-task.json")}
    return StepCommand(**{**facts, **paths, **given})


def test_a_container_is_given_settings_and_proxies_and_nothing_of_this_machine() -> None:
    kept = {"SENTIMENT_GATE_MARGIN": "0.02", "TF_CPP_MIN_LOG_LEVEL": "2", "HTTPS_PROXY": "http://p", "no_proxy": "x"}
    host = {"PATH": "/x", "HOME": "/root", "LD_LIBRARY_PATH": "/cuda", "AWS_SECRET_ACCESS_KEY": "s", "SHELL": "sh"}
    found = container_environment(step(environment={**kept, **host, "SENTIMENT_HOME": "relative"}))
    assert found == kept | {
        "SENTIMENT_HOME": "/srv/home",
        "HOME": "/tmp",
        "HF_HOME": "/srv/home/.cache/huggingface",
    }


def test_a_model_cache_of_ones_own_stays_and_credentials_go_to_their_step() -> None:
    found = container_environment(step(environment={"HF_HOME": "/models"}, credentials={"AWS_SECRET_ACCESS_KEY": "s"}))
    assert (found["HF_HOME"], found["AWS_SECRET_ACCESS_KEY"]) == ("/models", "s")


def test_no_secret_is_in_a_steps_representation() -> None:
    shown = repr(step(environment={"HF_TOKEN": "s3cret"}, credentials={"AWS_SECRET_ACCESS_KEY": "s3cret"}))
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Ended(1), "ended with exit code 1"),
        (Ended(137), "was killed by signal 9"),
        (Ended(137, out_of_memory=False), "was killed by signal 9, perhaps out of memory"),
        (Ended(143, out_of_memory=False), "was killed by signal 15"),
        (
            Ended(137, out_of_memory=True),
            "was killed by signal 9, out of memory (raise SENTIMENT_RUNNER_MEMORY, or use a smaller batch)",
        ),
        (
            Ended(1, out_of_memory=True),
            "ended with exit code 1, out of memory (raise SENTIMENT_RUNNER_MEMORY, or use a smaller batch)",
        ),
    ],
)
def test_an_end_in_words(ended: Ended, words: str) -> None:
    assert ended.told("train", "no more rows") == f"train {words}: no more rows"
    assert ended.told("train", "") == f"train {words}: it left no message"


def test_the_log_shows_every_line_but_the_result(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    result_file = tmp_path / "result.json"
    log = StepLog(logging.getLogger("test"), result_file)
    with caplog.at_level(logging.INFO):
        log.write('{"rows": 3}')
        result_file.write_text('{"rows": 3}', encoding="utf-8")
        for line in ("loss 0.3  ", "", '{"rows": 3}', "{not json", '{"rows": 4}'):
            log.write(line)
    assert caplog.messages == ['{"rows": 3}', "loss 0.3  ", "{not json", '{"rows": 4}']
    assert log.last == '{"rows": 4}'


def test_a_strangers_address_in_a_line_is_no_link_on_airflows_page_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = StepLog(logging.getLogger("test"), tmp_path / "result.json", ["http://127.0.0.1:8501"])
    with caplog.at_level(logging.INFO):
        log.write("label must be one of 正面; found 'http://evil.example', from http://127.0.0.1:8501")
    assert caplog.messages == ["label must be one of 正面; found 'hxxp[://]evil.example', from http://127.0.0.1:8501"]


def test_without_a_result_file_there_is_no_result(tmp_path: Path) -> None:
    assert read_result(tmp_path / "none.json") == {}
