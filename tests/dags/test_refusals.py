"""What the log of a task says, as Airflow's page shows it, when its step refused to go on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from airflow.sdk import DagRunState
from airflow.sdk._shared.logging.structlog import LoggerFactory, NamedBytesLogger
from airflow.sdk.log import logging_processors
from support import airflow_home
from support.evaluations import make_evaluation

Log = Callable[[], list[dict[str, Any]]]
WORSE = json.dumps(make_evaluation([320, 320, 320], [330, 330, 330], 10))
FAILED, CHINESE = "Failed, and not tried again: ", "失敗，不再重試："


@pytest.fixture
def log() -> Iterator[Log]:
    """The lines of the tasks' log so far, made as in the process that Airflow starts for a task."""
    before, written = structlog.get_config(), io.BytesIO()
    processors = list(logging_processors(json_output=True, sending_to_supervisor=True))
    structlog.configure(processors=processors, logger_factory=LoggerFactory(NamedBytesLogger, io=written))
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    structlog.configure(**before)


@pytest.fixture
def command(tmp_path: Path, calls: object) -> Callable[[str], None]:
    """Puts Python source before what the agreeable command does."""

    def begin(source: str) -> None:
        path = tmp_path / "sentiment"
        head, rest = path.read_text(encoding="utf-8").split("\n", 1)
        path.write_text(f"{head}\n{source}\n{rest}", encoding="utf-8")

    return begin


def errors(log: Log) -> list[dict[str, Any]]:
    return [line for line in log() if line["level"] == "error" and not line["event"].startswith("A mail could not")]


def tries(run: Any, task: str) -> list[tuple[str, int]]:
    return [(str(one.state), one.try_number) for one in run.get_task_instances() if one.task_id == task]


PYTHON = str(airflow_home.CHECKOUT / ".venv" / "bin" / "python")
REAL_GATE = f"""
import os, pathlib, sys
if sys.argv[1] == "gate":
    result = next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result="))
    (result.parent / "evaluation.json").write_text({WORSE!r}, encoding="utf-8")
    os.environ["PYTHONPATH"] = {str(airflow_home.CHECKOUT)!r}
    os.execv({PYTHON!r}, [{PYTHON!r}, "-m", "sentiment", *sys.argv[1:]])
"""


@pytest.mark.parametrize(("language", "begins"), [("en", FAILED), ("zh-TW", CHINESE)])
def test_the_gates_log_has_each_check_and_its_refusal_without_a_traceback(
    workflows: dict[str, Any],
    command: Callable[[str], None],
    log: Log,
    language: str,
    begins: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
    command(REAL_GATE)
    run = workflows["sentiment_retrain"].test()
    assert (run.state, tries(run, "gate")) == (DagRunState.FAILED, [("failed", 1)])
    said = [line["event"] for line in log()]
    checks = [line for line in said if line.startswith(("  ✔ ", "  ✘ "))]
    assert {line[2] for line in checks} == {"✔", "✘"} and len(checks) >= 5
    [refused] = errors(log)
    assert refused["event"].startswith(begins) and "exception" not in refused
    assert not any("exc_info" in line or "exception" in line for line in log())
    if language == "en":
        verdict = said[said.index(checks[-1]) + 1]
        assert refused["event"] == f"{FAILED}{verdict}" and verdict.startswith("Worse than ")


def test_a_refused_input_is_one_line_of_the_log_too(
    workflows: dict[str, Any], command: Callable[[str], None], log: Log
) -> None:
    left = '{"error": "the file must have a header; found none. Add one."}'
    command(f"""
import pathlib, sys
if sys.argv[1] == "ingest":
    next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result=")).write_text({left!r})
    sys.exit(2)
""")
    run = workflows["sentiment_retrain"].test()
    assert tries(run, "ingest") == [("failed", 1)]
    [refused] = errors(log)
    assert refused["event"] == f"{FAILED}the file must have a header; found none. Add one."
    assert "exception" not in refused


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "sentiment_retrain must be given Params of its form ("),
        ("zh-TW", "sentiment_retrain 的 Params 必須是表單上的（"),
    ],
)
def test_a_refusal_before_the_step_starts_is_one_line_in_the_readers_language(
    workflows: dict[str, Any], calls: object, log: Log, language: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
    workflows["sentiment_retrain"].test(run_conf={"num_epoch": 1})
    refused = errors(log)
    assert {line["event"].partition(told)[0] for line in refused} == {FAILED if language == "en" else CHINESE}
    assert not any("exception" in line for line in refused)


def test_whatever_else_fails_keeps_its_traceback(workflows: dict[str, Any], calls: object, log: Log) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    task = workflows["sentiment_rollback"].get_task("rollback")
    task.execute, task.retries = broken, 0
    workflows["sentiment_rollback"].test(run_conf={"reason": "three worse answers"})
    [failed] = errors(log)
    assert failed["event"] == "Task failed with exception"
    assert failed["exception"][0]["exc_type"] == "RuntimeError" and failed["exception"][0]["frames"]
