"""`sentiment_promote`, run with `dag.test()`; a thread plays the person who answers, as Airflow's own page does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.sdk import DagRunState
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.timezone import utcnow
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from sentiment_airflow.approval.operator import CanaryApproval, approvers
from sentiment_airflow.approval.question import describe, question
from sentiment_airflow.steps import step_settings
from sqlalchemy import select
from support import airflow_home
from support.english_left import english_left
from support.results import whole_json

from sentiment.errors import InputError
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Prepare

Calls = Callable[[], list[list[str]]]
ANN = {"id": "ann", "name": "Ann"}
NO_ANSWER = ("Reject", "", None)  # what the scheduler answers when time runs out
PARKED = select(TaskInstance).where(TaskInstance.state == "awaiting_input")
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


class Person(threading.Thread):
    """Answers the questions as they come; without `who`, as the scheduler does when time runs out.

    An answer is (chosen, reason, who); `meanwhile` is what happens while the person thinks about the first.
    """

    def __init__(self, *answers: tuple[str, str | None, Any], meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.answers, self.meanwhile = answers, meanwhile
        self.seen: dict[str, Any] = {}
        self.over = threading.Event()

    def __enter__(self) -> Person:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        for chosen, reason, who in self.answers:
            if not self._wait():
                return
            self.meanwhile()
            self._answer(chosen, reason, who)

    def _wait(self) -> bool:
        while not self.over.wait(0.2):
            with create_session() as session:
                if session.scalars(PARKED).first():
                    break
        return not self.over.wait(1.0)  # a person is slower than the task that is just parking itself

    def _answer(self, chosen: str, reason: str | None, who: dict[str, str] | None) -> None:
        with create_session() as session:
            task = session.scalars(PARKED).one()
            detail = session.scalars(select(HITLDetail).where(HITLDetail.ti_id == task.id)).one()
            assert detail.responded_at is None
            self.seen |= {"subject": detail.subject, "body": detail.body, "defaults": detail.defaults}
            self.seen |= {"assignees": detail.assignees, "options": detail.options, "params": detail.params}
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
    (home / "runs" / "night-1" / "gate.json").write_text(json.dumps(whole_json(Gate, GATE)), encoding="utf-8")
    prepare: dict[str, Any] = {
        "new": {"per_label": [1, 2, 3], "rows": 6},
        "mix": None,
        "train_rows": 6,
        "warm_from": None,
    }
    prepare |= {"excluded_leaks": 0, "deliveries": [1]}
    (home / "runs" / "night-1" / "prepare.json").write_text(json.dumps(whole_json(Prepare, prepare)), encoding="utf-8")


@pytest.mark.parametrize(
    ("answers", "call", "told"),
    [
        (
            [("Approve", "ok; $(touch harm) {{ 7*7 }}\n好", ANN)],
            ["promote", "Ann", "ok; $(touch harm) {{ 7*7 }}\n好"],
            ["waits for your approval", "Sentiment: version 3 is stable now, approved by Ann"],
        ),
        (
            [("Reject", "--who=root", ANN)],
            ["withdraw", "Ann", "--who=root"],
            ["waits for your approval", "Sentiment: version 3 was rejected by Ann"],
        ),
        (
            [NO_ANSWER, NO_ANSWER],
            ["withdraw", "nobody", "no answer in time"],
            ["waits for your approval", "reminder", "version 3 was rejected, because nobody answered in time"],
        ),
        (
            [("Approve", " \n", ANN), ("Reject", None, ANN), NO_ANSWER, ("Approve", "好", ANN)],
            ["promote", "Ann", "好"],
            ["waits", "Ann chose Approve", "Ann chose Reject", "reminder", "version 3 is stable now"],
        ),
    ],
)
def test_the_answer_decides_which_of_two_steps_runs(
    workflows: dict[str, Any],
    calls: Calls,
    canary: None,
    mails: list[EmailMessage],
    answers: list[Any],
    call: list[str],
    told: list[str],
) -> None:
    with Person(*answers) as person:
        run = workflows["sentiment_promote"].test()
    assert run.state == DagRunState.SUCCESS
    verb, name, why = call
    assert calls() == [[verb, "--version=3", "--candidacy=1", f"--who={name}", f"--reason={why}"]]
    skipped = {"promote": "withdraw", "withdraw": "promote"}[verb]
    assert {task.task_id: task.state for task in run.get_task_instances()}[skipped] == "skipped"
    assert (person.seen["subject"], person.seen["defaults"]) == ("Make version 3 stable?", ["Reject"])
    assert "The first model" in person.seen["body"] and "0.912" in person.seen["body"]
    subjects = [str(mail["subject"]) for mail in mails]
    assert len(subjects) == len(told), subjects
    assert all(part in subject for part, subject in zip(told, subjects, strict=True)), subjects
    for mail in mails[:-1]:
        body = mail.get_body(("plain",))
        assert body and "/sentiment/models/versions/3#decide" in body.get_content() and "0.912" in body.get_content()
        assert (
            body
            and f"/runs/{run.run_id.replace(':', '%3A').replace('+', '%2B')}/tasks/approve/required_actions"
            in (body.get_content())
        )


@pytest.mark.parametrize(
    ("language", "answers", "call"),
    [
        ("zh-TW", [("核准", " ", ANN), ("核准", "好", ANN)], ["promote", "Ann", "好"]),
        ("zh-TW", [("退回", "不好", ANN)], ["withdraw", "Ann", "不好"]),
        ("zh-TW", [("退回", "", None), ("退回", "", None)], ["withdraw", "nobody", "no answer in time"]),
        # Asked before SENTIMENT_LANGUAGE changed, answered after it did.
        ("zh-TW", [("Approve", "good", ANN)], ["promote", "Ann", "good"]),
        ("en", [("核准", "好", ANN)], ["promote", "Ann", "好"]),
        ("en", [("退回", "不好", ANN)], ["withdraw", "Ann", "不好"]),
    ],
)
def test_a_question_is_asked_in_the_readers_language_and_answered_in_any(
    calls: Calls,
    canary: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    language: str,
    answers: list[Any],
    call: list[str],
) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
    workflow = DagBag(str(airflow_home.CHECKOUT / "dags" / "promote.py")).dags["sentiment_promote"]
    with Person(*answers) as person:
        run = workflow.test()
    verb, name, why = call
    assert run.state == DagRunState.SUCCESS
    assert calls() == [[verb, "--version=3", "--candidacy=1", f"--who={name}", f"--reason={why}"]]
    seen = (person.seen["subject"], person.seen["options"], person.seen["defaults"])
    if language == "en":
        assert seen == ("Make version 3 stable?", ["Approve", "Reject"], ["Reject"])
        return
    assert seen == ("要將第 3 版升為正式版嗎？", ["核准", "退回"], ["退回"])
    field = person.seen["params"]["reason"]
    assert field["schema"]["title"] == "理由" and english_left(field["description"]) == []
    if len(answers) > 1 and answers[0][2]:
        assert "Ann 選了「核准」但沒有寫理由：一切不變，問題仍待回答" in capfd.readouterr().out


BOB = {"id": "2", "name": "bob"}


def made_by(home: Path, started: str, **gate: Any) -> None:
    """Has the canary started by `started`, with these fields in its gate's decision."""
    history, decision = home / "serving" / "history.jsonl", home / "runs" / "night-1" / "gate.json"
    history.write_text(
        history.read_text(encoding="utf-8").replace('"who": "x"', f'"who": "{started}"'), encoding="utf-8"
    )
    found = json.loads(decision.read_text(encoding="utf-8")) | gate
    decision.write_text(json.dumps(found), encoding="utf-8")


@pytest.mark.parametrize(
    ("published", "asks"),
    [
        ({"metrics": {"frozen": 0.912}}, True),
        ({"metrics": {"frozen": 0.512}}, False),  # the gate decided again, about another model
        ({"metrics": {"frozen": 0.912}, "exceptions": "gate overridden by ann: few rows"}, False),
    ],
)
def test_the_question_is_about_the_decision_that_the_version_was_published_with(
    canary: None, home: Path, published: dict[str, Any], asks: bool
) -> None:
    history = home / "serving" / "history.jsonl"
    first, *rest = history.read_text(encoding="utf-8").splitlines()
    history.write_text("\n".join([json.dumps(json.loads(first) | published), *rest, ""]), encoding="utf-8")
    if asks:
        assert question(step_settings(), []).verdict.startswith("The first model")
        return
    with pytest.raises(InputError, match="must be the one that version 3 was published with"):
        question(step_settings(), [])


LOOSENED = {"who": "ann", "reason": "few", "limits": [{"name": "margin", "asked": 0.2, "configured": 0.01}]}


@pytest.mark.parametrize(
    ("started", "gate"),
    [
        ("ann", {}),
        ("the nightly run", {"loosened": LOOSENED}),
        ("the nightly run", {"overridden": {"who": "Ann ", "reason": "a holiday"}}),
    ],
)
def test_with_four_eyes_whoever_made_the_canary_does_not_approve_it(
    workflows: dict[str, Any],
    calls: Calls,
    canary: None,
    home: Path,
    mails: list[EmailMessage],
    monkeypatch: pytest.MonkeyPatch,
    started: str,
    gate: dict[str, Any],
) -> None:
    monkeypatch.setenv("SENTIMENT_FOUR_EYES", "on")
    made_by(home, started, **gate)
    with Person(("Approve", "mine is good", ANN), ("Approve", "so it is", BOB)) as person:
        run = workflows["sentiment_promote"].test()
    assert run.state == DagRunState.SUCCESS
    assert calls() == [["promote", "--version=3", "--candidacy=1", "--who=bob", "--reason=so it is"]]
    assert "Four eyes: " in person.seen["body"] and "may not approve" in person.seen["body"]
    subjects = [str(mail["subject"]) for mail in mails]
    assert len(subjects) == 3 and "stable now, approved by bob" in subjects[2]
    assert "Ann may not approve version 3 alone (four eyes): the question is open again." in subjects[1]


def test_with_four_eyes_and_nobody_else_the_canary_is_rejected_in_the_end(
    workflows: dict[str, Any], calls: Calls, canary: None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_FOUR_EYES", "on")
    made_by(home, "ann")
    with Person(("Approve", "mine is good", ANN), NO_ANSWER, NO_ANSWER):
        workflows["sentiment_promote"].test()
    assert calls() == [["withdraw", "--version=3", "--candidacy=1", "--who=nobody", "--reason=no answer in time"]]


@pytest.mark.parametrize(
    ("four_eyes", "started", "chosen", "verb"),
    [
        ("on", "the nightly run", "Approve", "promote"),  # a schedule is nobody
        ("on", "ann", "Reject", "withdraw"),  # whoever made it may take it back
        ("off", "ann", "Approve", "promote"),
    ],
)
def test_four_eyes_are_in_nobody_elses_way(
    workflows: dict[str, Any],
    calls: Calls,
    canary: None,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    four_eyes: str,
    started: str,
    chosen: str,
    verb: str,
) -> None:
    monkeypatch.setenv("SENTIMENT_FOUR_EYES", four_eyes)
    made_by(home, started)
    with Person((chosen, "好", ANN)) as person:
        workflows["sentiment_promote"].test()
    assert calls() == [[verb, "--version=3", "--candidacy=1", "--who=Ann", "--reason=好"]]
    assert ("may not approve" in person.seen["body"]) == (four_eyes == "on" and started == "ann")


def test_an_event_that_names_another_run_asks_nothing(canary: None) -> None:
    """Airflow lets people write events of an asset by hand: the figures would be those of another model."""
    event = SimpleNamespace(extra={"version": 3, "run": "night-0"})
    with pytest.raises(InputError, match="must name the run that made it, night-1; found 'night-0'"):
        question(step_settings(), [event])


@pytest.mark.parametrize(
    "extra", [None, {}, {"version": 3}, {"version": [], "run": "night-1"}, {"version": "9" * 5000}]
)
def test_an_event_that_names_nothing_is_refused_in_one_line(canary: None, extra: Any) -> None:
    with pytest.raises(InputError, match="must name its version and the run that made it") as caught:
        question(step_settings(), [SimpleNamespace(extra=extra)])
    assert len(str(caught.value)) < 500


def test_without_a_canary_there_is_nothing_to_ask(workflows: dict[str, Any], calls: Calls) -> None:
    run = workflows["sentiment_promote"].test()
    assert run.state == DagRunState.FAILED
    assert calls() == []


@pytest.mark.parametrize(
    ("by_hand", "failed", "said"),
    [
        ("describe", "approve", "approve must be given the result of describe; found none"),
        ("approve", "promote", "promote must be given the result of approve; found none"),
    ],
)
def test_a_task_that_was_marked_as_a_success_by_hand_decides_nothing(
    workflows: dict[str, Any], calls: Calls, canary: None, by_hand: str, failed: str, said: str, mails: Any
) -> None:
    asked = {"version": 3, "run": "night-1", "body": "?", "verdict": "better", "warnings": []}
    workflows["sentiment_promote"].get_task("describe").python_callable = lambda: asked
    run = workflows["sentiment_promote"].test(mark_success_pattern=by_hand)
    [task] = [task for task in run.get_task_instances() if task.task_id == failed]
    assert (task.state, task.try_number, calls()) == ("failed", 1, [])
    assert any(said in " ".join(mail.get_body(("plain",)).get_content().split()) for mail in mails)


def test_params_that_there_are_none_of_ask_nobody(workflows: dict[str, Any], canary: None, mails: Any) -> None:
    run = workflows["sentiment_promote"].test(run_conf={"version": 3})
    assert run.state == DagRunState.FAILED
    [task] = [task for task in run.get_task_instances() if task.task_id == "describe"]
    assert (task.state, task.try_number) == ("failed", 1)
    said = " ".join(mails[0].get_body(("plain",)).get_content().split())
    assert "sentiment_promote must be given no Params; found 'version'." in said


def test_the_approval_of_a_canary_that_the_watch_withdrew_changes_nothing_and_says_so(
    workflows: dict[str, Any], canary: None, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The real command."""
    history = home / "serving" / "history.jsonl"
    event = {"event": "withdrawn", "version": 3, "at": "2026-11-22", "who": "sentiment watch", "why": "bad probes"}

    def withdraw() -> None:
        with history.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    with Person(("Approve", "looks good", ANN), meanwhile=withdraw):
        run = workflows["sentiment_promote"].test()
    assert run.state == DagRunState.SUCCESS
    assert [json.loads(line)["event"] for line in history.read_text(encoding="utf-8").splitlines()][-1] == "withdrawn"
    assert "Nothing changed: version 3 is withdrawn; there is no canary now." in capfd.readouterr().out


def test_the_question_about_a_canary_that_was_replaced_is_closed(
    workflows: dict[str, Any], calls: Calls, canary: None, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The older run is one that is over: two at once in one process get in each other's way."""
    with Person(("Reject", "not yet", ANN)):
        older = workflows["sentiment_promote"].test()
    questions = home / "serving" / "questions.json"
    questions.write_text(json.dumps({older.run_id: [2, False]}), encoding="utf-8")
    with Person(("Approve", "good", ANN)):
        run = workflows["sentiment_promote"].test()
    assert run.state == DagRunState.SUCCESS
    assert json.loads(questions.read_text(encoding="utf-8")) == {older.run_id: [2, True]}
    with create_session() as session:
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == older.run_id)).all()
        assert {task.state for task in tasks} == {None}  # all of it starts anew …
    with pytest.raises(AirflowSkipException, match=r"Superseded: version 2 is unknown; the canary is now version 3\."):
        describe.function(run_id=older.run_id)  # … and finds this
    assert json.loads(questions.read_text(encoding="utf-8")) == {}


def test_the_question_of_a_run_that_airflow_does_not_know_is_forgotten(
    workflows: dict[str, Any], calls: Calls, canary: None, home: Path, mails: list[EmailMessage]
) -> None:
    questions = home / "serving" / "questions.json"
    thrown_away = {"asset_triggered__2026-11-01T00:00:00+00:00_x": [1, False], "manual__2026-11-02": [2, True]}
    questions.write_text(json.dumps(thrown_away), encoding="utf-8")
    with Person(("Approve", "good", ANN)):
        run = workflows["sentiment_promote"].test()
    states = {task.task_id: task.state for task in run.get_task_instances()}
    assert (run.state, states["find_older"], states["close_older"]) == (DagRunState.SUCCESS, "success", "skipped")
    assert json.loads(questions.read_text(encoding="utf-8")) == {}
    assert not [mail["subject"] for mail in mails if "close_older" in str(mail["subject"])]


def test_an_event_about_a_canary_that_is_gone_asks_nobody(canary: None) -> None:
    event = SimpleNamespace(extra={"version": 2, "run": "night-0"})
    with pytest.raises(AirflowSkipException, match="closed, and nothing changed"):
        question(step_settings(), [event])


def test_who_may_answer_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert approvers() is None
    monkeypatch.setenv("SENTIMENT_APPROVERS", "ann, bob,")
    assert approvers() == [{"id": "ann", "name": "ann"}, {"id": "bob", "name": "bob"}]
    assert CanaryApproval(task_id="approve").assigned_users == approvers()


def test_a_promotion_that_fails_is_not_a_run_that_went_well(
    workflows: dict[str, Any], calls: Calls, canary: None, tmp_path: Path
) -> None:
    (tmp_path / "sentiment").write_text(
        "#!/bin/sh\necho 'sentiment: no server answers' >&2\nexit 2\n", encoding="utf-8"
    )
    with Person(("Approve", "good", ANN)):
        run = workflows["sentiment_promote"].test()
    assert run.state == DagRunState.FAILED
