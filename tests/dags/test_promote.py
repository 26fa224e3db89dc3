"""`sentiment_promote`, run with `dag.test()`; a thread plays the person who answers, as Airflow's own page does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.sdk import DagRunState
from airflow.sdk.timezone import utcnow
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from sqlalchemy import select

Calls = Callable[[], list[list[str]]]
ANN = {"id": "ann", "name": "Ann"}
GATE = {
    "passed": True,
    "verdict": "first",
    "sentence": "The first model: accuracy 0.912, the floor is 0.500.",
    "labels": ["正面", "負面", "中立"],
    "sets": {"frozen": {"rows": 240, "candidate_accuracy": 0.912, "stable_accuracy": None, "decides": True}},
    "regressions": [],
    "improvements": [],
    "overridden": None,
}


def answer(
    chosen: str,
    reason: str | None,
    who: dict[str, str] | None,
    seen: dict[str, Any],
    over: threading.Event,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Waits for the question and answers it; without `who`, as the scheduler does when time runs out.

    `meanwhile` is what happens while it thinks.
    """
    parked = select(TaskInstance).where(TaskInstance.state == "awaiting_input")
    while not over.wait(0.2):
        with create_session() as session:
            if session.scalars(parked).first():
                break
    over.wait(1.0)  # a person is slower than the task that is just parking itself
    meanwhile()
    with create_session() as session:
        if not (task := session.scalars(parked).one_or_none()):
            return
        detail = session.scalars(select(HITLDetail).where(HITLDetail.ti_id == task.id)).one()
        seen |= {"subject": detail.subject, "body": detail.body, "defaults": detail.defaults}
        detail.chosen_options, detail.params_input = [chosen], {} if reason is None else {"reason": reason}
        detail.responded_by, detail.responded_at = who, utcnow()
        event = TriggerEvent(detail.as_resume_event_payload(timedout=who is None))  # type: ignore[no-untyped-call]
        handle_event_submit(event, task_instance=task, session=session)


@pytest.fixture
def canary(home: Path) -> None:
    """A history in which version 3, made by run `night-1`, is the canary."""
    events = [("published", {"run": "night-1"}), ("staged", {}), ("canary", {})]
    lines = [json.dumps({"event": name, "version": 3, "at": "2026-11-22", "who": "x", **more}) for name, more in events]
    (home / "serving").mkdir(parents=True)
    (home / "serving" / "history.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (home / "runs" / "night-1").mkdir(parents=True)
    (home / "runs" / "night-1" / "gate.json").write_text(json.dumps(GATE), encoding="utf-8")
    prepare: dict[str, Any] = {
        "new": {"per_label": [1, 2, 3], "rows": 6},
        "mix": None,
        "train_rows": 6,
        "warm_from": None,
    }
    prepare |= {"excluded_leaks": 0, "deliveries": [1]}
    (home / "runs" / "night-1" / "prepare.json").write_text(json.dumps(prepare), encoding="utf-8")


@pytest.mark.parametrize(
    ("chosen", "reason", "who", "call"),
    [
        ("Approve", "ok; $(touch harm) {{ 7*7 }}\n好", ANN, ["promote", "Ann", "ok; $(touch harm) {{ 7*7 }}\n好"]),
        ("Approve", "", ANN, ["promote", "Ann", "no reason given"]),
        ("Reject", "--who=root", ANN, ["withdraw", "Ann", "--who=root"]),
        ("Reject", None, None, ["withdraw", "nobody", "no answer in time"]),
    ],
)
def test_the_answer_decides_which_of_two_steps_runs(
    workflows: dict[str, Any],
    calls: Calls,
    canary: None,
    chosen: str,
    reason: str | None,
    who: dict[str, str] | None,
    call: list[str],
) -> None:
    seen: dict[str, Any] = {}
    over = threading.Event()
    person = threading.Thread(target=answer, args=(chosen, reason, who, seen, over))
    person.start()
    run = workflows["sentiment_promote"].test()
    over.set()
    person.join()
    assert run.state == DagRunState.SUCCESS
    verb, name, why = call
    assert calls() == [[verb, "--version=3", f"--who={name}", f"--reason={why}"]]
    skipped = {"promote": "withdraw", "withdraw": "promote"}[verb]
    assert {task.task_id: task.state for task in run.get_task_instances()}[skipped] == "skipped"
    assert (seen["subject"], seen["defaults"]) == ("Make version 3 stable?", ["Reject"])
    assert "The first model" in seen["body"] and "0.912" in seen["body"]


def test_without_a_canary_there_is_nothing_to_ask(workflows: dict[str, Any], calls: Calls) -> None:
    run = workflows["sentiment_promote"].test()
    assert run.state == DagRunState.FAILED
    assert calls() == []


def test_the_approval_of_a_canary_that_the_watch_withdrew_changes_nothing_and_says_so(
    workflows: dict[str, Any], canary: None, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The real command."""
    history = home / "serving" / "history.jsonl"
    event = {"event": "withdrawn", "version": 3, "at": "2026-11-22", "who": "sentiment watch", "why": "bad probes"}

    def withdraw() -> None:
        with history.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    over = threading.Event()
    person = threading.Thread(target=answer, args=("Approve", "looks good", ANN, {}, over, withdraw))
    person.start()
    run = workflows["sentiment_promote"].test()
    over.set()
    person.join()
    assert run.state == DagRunState.SUCCESS
    assert [json.loads(line)["event"] for line in history.read_text(encoding="utf-8").splitlines()][-1] == "withdrawn"
    assert "Nothing changed: version 3 is withdrawn; there is no canary now." in capfd.readouterr().out


def test_a_promotion_that_fails_is_not_a_run_that_went_well(
    workflows: dict[str, Any], calls: Calls, canary: None, tmp_path: Path
) -> None:
    (tmp_path / "sentiment").write_text(
        "#!/bin/sh\necho 'sentiment: no server answers' >&2\nexit 2\n", encoding="utf-8"
    )
    over = threading.Event()
    person = threading.Thread(target=answer, args=("Approve", "", ANN, {}, over))
    person.start()
    run = workflows["sentiment_promote"].test()
    over.set()
    person.join()
    assert run.state == DagRunState.FAILED
