"""The approval's form on the version page: through Airflow's own answer, with one sentence for every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import models_page_homes as homes

PAGE = "/sentiment/models/versions/3"
RUN = "manual__1"
REASON = "better on ptt\r\n好 <b>"
Rows = Callable[..., None]


@pytest.fixture
def asked(home: Path, airflows_rows: Rows) -> Rows:
    """Version 3 is the canary of a whole home; what is returned asks about it."""
    homes.whole_home(home)

    def ask(version: int = 3, run: str = RUN, **more: Any) -> None:
        airflows_rows(version, run, until="2026-11-27T23:25:00+00:00", **more)

    return ask


def send(site: Any, user: str, path: str = PAGE, **form: str) -> httpx.Response:
    filled = {"answer": "Approve", "reason": REASON, "run": RUN} | form
    with site.client(user) as client:
        answer: httpx.Response = client.post(f"{path}/answer", data=filled, headers={"Origin": site.address})
    return answer


def look(site: Any, user: str = "bob", path: str = PAGE) -> str:
    with site.client(user) as client:
        return str(client.get(path).text)


def kept(run: str = RUN) -> dict[str, Any]:
    """Returns what Airflow has of the answer, and what the waiting task is given."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.log import Log
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        task = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run)).one()
        detail = session.scalars(select(HITLDetail).where(HITLDetail.ti_id == task.id)).one()
        logged = select(Log.owner).where(Log.event == "update_hitl_detail", Log.run_id == run).order_by(Log.id.desc())
        return {
            "who": detail.responded_by,
            "chosen": detail.chosen_options,
            "reason": detail.params_input.get("reason"),
            "state": task.state,
            "event": (task.next_kwargs or {}).get("event"),
            "logged": session.scalars(logged).first(),
        }


@pytest.mark.parametrize("chosen", ["Approve", "Reject"])
def test_the_answer_is_airflows_own(site: Any, asked: Rows, chosen: str) -> None:
    asked()
    page = look(site)
    assert "Version 3 is the canary and awaits your approval until 28 Nov 07:25 (Taipei)." in page
    assert f'<button name="answer" value="{chosen}"' in page and f'name="run" value="{RUN}"' in page
    answer = send(site, "bob", answer=chosen)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#decide")
    found = kept()
    assert (found["who"], found["chosen"]) == ({"id": "bob", "name": "bob"}, [chosen])
    assert found["reason"] == "better on ptt\n好 <b>"
    assert (found["state"], found["logged"]) == ("scheduled", "bob")  # the scheduler runs the rest of the task
    assert found["event"]["chosen_options"] == [chosen]
    after = look(site)
    assert f"bob chose {chosen} on " in after and "It is being carried out" in after
    assert 'name="answer"' not in after


@pytest.mark.parametrize("reason", ["", "  \n", "\u200b\u2060"])
def test_an_answer_without_a_reason_is_not_sent(site: Any, asked: Rows, reason: str) -> None:
    asked()
    answer = send(site, "bob", reason=reason)
    assert answer.status_code == 400 and "Approve needs a reason, and none was given" in answer.text
    assert kept()["who"] is None and 'role="alert"' in answer.text


def test_what_was_typed_stands_on_the_page_again(site: Any, asked: Rows) -> None:
    asked()
    answer = send(site, "bob", answer="Perhaps")
    assert answer.status_code == 400 and "The answer must be Approve or Reject" in answer.text
    assert "better on ptt\n好 &lt;b&gt;</textarea>" in answer.text
    assert send(site, "bob", reason="x" * 2001).status_code == 400
    assert send(site, "bob", reason="x" * 70_000).status_code == 413
    assert kept()["who"] is None


def test_who_may_not_answer_sees_no_form_and_a_forged_one_is_refused(site: Any, asked: Rows) -> None:
    asked()
    page = look(site, "ann")
    assert "Version 3 is the canary and awaits approval until" in page and 'name="answer"' not in page
    answer = send(site, "ann")
    assert answer.status_code == 403 and "may not answer the questions of sentiment_promote" in answer.text
    with site.client("bob") as client:
        form = {"answer": "Approve", "reason": "x", "run": RUN}
        assert client.post(f"{PAGE}/answer", data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert send(site, "nobody").status_code == 403
    with site.client(None) as client:
        assert client.post(f"{PAGE}/answer", data=form, headers={"Origin": site.address}).status_code == 401
    assert kept()["who"] is None


def test_a_question_for_others_is_not_yours(site: Any, asked: Rows) -> None:
    asked(assignees=[{"id": "cho", "name": "cho"}, {"id": "dan", "name": "dan"}])
    answer = send(site, "bob")
    assert answer.status_code == 403 and "This question is for cho and dan alone (SENTIMENT_APPROVERS)" in answer.text
    assert kept()["who"] is None and 'name="answer"' not in look(site, "bob")
    assert send(site, "cho").status_code == 303


def test_airflow_itself_refuses_whom_the_question_is_not_for(
    site: Any, asked: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the page makes of a user, Airflow's own route has the last word."""
    asked(assignees=[{"id": "cho", "name": "cho"}])
    from sentiment_airflow.web import answers
    from sentiment_airflow.web.deciding import Asker

    monkeypatch.setattr(answers, "asker_of", lambda *_: Asker(may_answer=True))
    answer = send(site, "bob")
    assert answer.status_code == 403 and "Airflow did not take the answer, and nothing changed: User=bob" in answer.text
    assert send(site, "ann").status_code == 403 and kept()["who"] is None


def test_the_second_answer_is_told_of_the_first(site: Any, asked: Rows) -> None:
    asked()
    assert send(site, "bob").status_code == 303
    answer = send(site, "cho", answer="Reject")
    assert answer.status_code == 409 and "bob chose Approve on " in answer.text
    assert "before your answer came: yours changed nothing." in answer.text and kept()["chosen"] == ["Approve"]


def test_what_was_superseded_says_by_what(site: Any, asked: Rows) -> None:
    asked(2, "manual__0")
    answer = send(site, "bob", PAGE.replace("3", "2"), run="manual__0")
    assert answer.status_code == 409
    assert "Superseded: version 2 is served; the canary is now version 3." in answer.text
    assert kept("manual__0")["who"] is None


def test_a_page_that_shows_an_older_question_answers_none(site: Any, asked: Rows) -> None:
    asked()
    answer = send(site, "bob", run="manual__0")
    assert answer.status_code == 409 and "This is not the question that waits now" in answer.text
    assert kept()["who"] is None


def test_with_four_eyes_whoever_made_the_canary_may_only_reject(
    site: Any, asked: Rows, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_FOUR_EYES", "on")
    found = homes.results()
    found["gate"]["overridden"] = {"who": "Bob", "reason": "a holiday"}
    homes.write_run(home, "night-3", found)
    asked()
    page = look(site, "bob")
    assert "You may not approve version 3 (four eyes)" in page
    assert 'value="Approve"' not in page and 'value="Reject"' in page
    answer = send(site, "bob")
    assert answer.status_code == 403 and "somebody else must approve it" in answer.text and kept()["who"] is None
    assert 'value="Approve"' in look(site, "cho") and send(site, "bob", answer="Reject").status_code == 303


def test_the_answer_of_an_earlier_time_as_the_canary_is_none_now(site: Any, asked: Rows, home: Path) -> None:
    asked(answered=True)
    assert "Nobody chose" in look(site)
    path = home / "serving" / "history.jsonl"
    again = [homes.event("withdrawn", 3), homes.event("staged", 3), homes.event("canary", 3)]
    again[-1]["at"] = "2999-01-01T00:00:00+00:00"
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in again)
    assert "chose" not in look(site)


@pytest.mark.parametrize("path", ["/sentiment/models/", "/sentiment/models/versions/2"])
def test_whoever_looks_is_told_what_waits_and_where_to_decide(site: Any, asked: Rows, path: str) -> None:
    assert "awaits" not in look(site, "bob", path)
    asked()
    page = look(site, "bob", path)
    assert "Version 3 is the canary and awaits your approval until 28 Nov 07:25 (Taipei)." in page
    assert f'<a href="{PAGE}#decide">Approve or reject</a>' in page
    reader = look(site, "ann", path)
    assert "awaits approval until 28 Nov 07:25 (Taipei)." in reader and ">Look at it</a>" in reader


def test_the_trial_is_told_as_it_is_now(site: Any, asked: Rows) -> None:
    page = look(site)
    assert "Trial: 0 of 30 minutes of good answers, as of 23 Nov 03:00 (Taipei)." in page
    assert '<progress max="30' in page and "no route" in page and 'id="trial"' not in look(site, "bob", PAGE[:-1] + "2")


@pytest.mark.parametrize(("state", "told"), [("running", "its question is just being asked"), ("failed", "")])
def test_a_task_that_does_not_wait_takes_no_answer(site: Any, asked: Rows, state: str, told: str) -> None:
    asked(state=state)
    page = look(site)
    assert told in page and 'name="answer"' not in page and "awaits" not in page
    assert send(site, "bob").status_code == 409 and kept()["who"] is None
