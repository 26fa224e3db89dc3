"""Rolling back and asking, from the page of stable and canary: Airflow's own runs, by whoever may trigger them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select, update
from support import airflow_home
from support import models_page_homes as homes

STABLE, CANARY = "/sentiment/models/versions/2", "/sentiment/models/versions/3"
REASON = "customers complain; $(touch /tmp/x)"


@pytest.fixture(scope="module")
def read(site: Any) -> None:
    """Airflow has read the workflows, which are switched on."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    DagBundlesManager().sync_bundles_to_db()  # type: ignore[no-untyped-call]
    for name in ("rollback.py", "promote.py"):
        sync_bag_to_db(DagBag(str(airflow_home.CHECKOUT / "dags" / name)), "dags-folder", None)
    with create_session(scoped=False) as session:
        session.execute(update(DagModel).values(is_paused=False))


@pytest.fixture(autouse=True)
def served(read: None, home: Path) -> Iterator[None]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    homes.whole_home(home)
    yield
    with create_session(scoped=False) as session:
        session.execute(delete(DagRun))


def runs(workflow: str) -> list[tuple[str, Any]]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session(scoped=False) as session:
        query = select(DagRun.triggering_user_name, DagRun.conf).where(DagRun.dag_id == workflow)
        return [tuple(row) for row in session.execute(query)]


def send(site: Any, user: str | None, path: str = f"{STABLE}/rollback", **form: str) -> httpx.Response:
    filled = {"version": "1", "reason": REASON} | form
    with site.client(user) as client:
        answer: httpx.Response = client.post(path, data=filled, headers={"Origin": site.address})
    return answer


def look(site: Any, user: str, path: str) -> str:
    with site.client(user) as client:
        return str(client.get(path).text)


def test_a_rollback_is_a_run_of_its_workflow_by_whoever_sent_the_form(site: Any) -> None:
    page = look(site, "bob", STABLE)
    assert '<option value="1">version 1 (previous)</option>' in page and page.count("<option") == 1
    answer = send(site, "bob", skip_unreachable="on")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{STABLE}#rollback")
    given = {"version": 1, "reason": REASON, "skip_unreachable": True}
    assert runs("sentiment_rollback") == [("bob", given)]
    after = look(site, "bob", STABLE)
    assert "A rollback, triggered by bob on " in after and "is being carried out" in after and "<option" not in after


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"reason": " \n"}, 400, "A rollback needs a reason of 3 to 2,000 characters"),
        ({"reason": "x"}, 400, "A rollback needs a reason of 3 to 2,000 characters"),
        ({"version": "2"}, 409, "A rollback must name an earlier stable version"),
        ({"version": "x"}, 409, "A rollback must name an earlier stable version"),
        ({"path": f"{CANARY}/rollback"}, 409, "version 2 is stable now"),
    ],
)
def test_what_cannot_be_rolled_back_is_told_in_one_sentence(
    site: Any, form: dict[str, str], status: int, told: str
) -> None:
    answer = send(site, "bob", **form)
    assert answer.status_code == status and told in answer.text and 'role="alert"' in answer.text
    assert runs("sentiment_rollback") == []


def test_a_paused_workflow_would_do_nothing_and_is_not_triggered(site: Any) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    for paused in (True, False):
        with create_session(scoped=False) as session:
            session.execute(update(DagModel).values(is_paused=paused))
        answer = send(site, "bob")
        assert answer.status_code == (409 if paused else 303)
        assert not paused or "sentiment_rollback is paused, and would not run" in answer.text
    assert len(runs("sentiment_rollback")) == 1


def test_a_run_of_another_day_keeps_nobody_from_rolling_back(site: Any) -> None:
    """Airflow's API takes any day, and such a run is queued until then."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    assert send(site, "bob").status_code == 303
    with create_session(scoped=False) as session:
        session.execute(update(DagRun).values(run_after=datetime(2099, 1, 1, tzinfo=UTC)))
    assert "<option" in look(site, "bob", STABLE)
    assert send(site, "bob").status_code == 303 and len(runs("sentiment_rollback")) == 2


def test_an_older_run_that_was_cleared_is_being_carried_out(site: Any) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    for _ in range(2):
        assert send(site, "bob").status_code == 303
        with create_session(scoped=False) as session:
            session.execute(update(DagRun).values(state="success"))
    with create_session(scoped=False) as session:
        oldest = session.scalar(select(func.min(DagRun.id)))
        session.execute(update(DagRun).where(DagRun.id == oldest).values(state="running"))
    assert send(site, "bob").status_code == 409 and len(runs("sentiment_rollback")) == 2


def test_a_form_that_is_sent_twice_or_by_two_rolls_back_once(site: Any) -> None:
    """As it was, the second was carried out after the first: from a stable version that nobody had looked at."""
    assert send(site, "bob").status_code == 303
    for user in ("bob", "cho"):
        answer = send(site, user)
        assert answer.status_code == 409 and "A rollback, triggered by bob on " in answer.text
    assert len(runs("sentiment_rollback")) == 1


@pytest.mark.parametrize("path", [f"{STABLE}/rollback", f"{CANARY}/ask"])
def test_who_may_not_trigger_sees_no_form_and_a_forged_one_is_refused(site: Any, path: str) -> None:
    page, form = path.rsplit("/", 1)
    assert f'action="{path}"' in look(site, "bob", page) and f"/{form}" not in look(site, "ann", page)
    answer = send(site, "ann", path)
    assert answer.status_code == 403 and "Your Airflow user may not trigger sentiment_" in answer.text
    assert send(site, "nobody", path).status_code == 403 and send(site, None, path).status_code == 401
    with site.client("bob") as client:
        forged = {"version": "1", "reason": REASON}
        assert client.post(path, data=forged, headers={"Origin": "https://evil.example"}).status_code == 403
    assert runs("sentiment_rollback") == runs("sentiment_promote") == []


def test_airflow_itself_refuses_who_may_not_trigger(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment_airflow.web import moves

    monkeypatch.setattr(moves, "may_trigger", lambda *_: True)
    answer = send(site, "ann")
    assert answer.status_code == 403 and "Airflow did not trigger sentiment_rollback" in answer.text
    assert runs("sentiment_rollback") == []


def test_a_canary_that_nobody_is_asked_about_is_asked_about(site: Any, airflows_rows: Callable[..., None]) -> None:
    assert "Nobody is asked about this canary now" in look(site, "bob", CANARY)
    answer = send(site, "bob", f"{CANARY}/ask")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CANARY}#decide")
    assert runs("sentiment_promote") == [("bob", {})]
    assert "The question about this canary is being prepared" in look(site, "bob", CANARY)
    assert send(site, "bob", f"{STABLE}/ask").status_code == 409
    airflows_rows(3, "manual__1", until=datetime.now(UTC).isoformat())
    page = look(site, "bob", CANARY)
    assert "/ask" not in page and "awaits your approval" in page


def test_a_reader_of_chinese_rolls_back_and_asks_in_chinese(site: Any) -> None:
    told = dict[str, str]()
    with site.client("bob") as client:
        client.cookies.set("sentiment_language", "zh-TW")

        def post(path: str, **form: str) -> str:
            answer = client.post(path, data={"version": "1", "reason": REASON} | form, headers={"Origin": site.address})
            return "" if answer.status_code == 303 else answer.text.partition('role="alert">')[2].partition("<")[0]

        told["reason"] = post(f"{STABLE}/rollback", reason="x")
        told["version"] = post(f"{STABLE}/rollback", version="2")
        told["stable"] = post(f"{CANARY}/rollback")
        told["canary"] = post(f"{STABLE}/ask")
        assert post(f"{STABLE}/rollback") == post(f"{CANARY}/ask") == ""
        rolled, asked = client.get(STABLE).text, client.get(CANARY).text
    with site.client("ann") as client:
        client.cookies.set("sentiment_language", "zh-TW")
        told["ann"] = post(f"{STABLE}/rollback")
    assert told == {
        "reason": "回復前一版需要 3 到 2,000 個字的理由：請寫下理由。",
        "version": "回復前一版必須指定較早的正式版：請從清單選一個。",
        "stable": "沒有啟動任何執行，因為現在的正式版是第 2 版：請先看它的頁面再決定。",
        "canary": "只能針對試行版提出核准申請，而這一版現在不是試行版。",
        "ann": "您的 Airflow 帳號無權啟動 sentiment_rollback：請找有權限的人。",
    }
    assert "由 bob 於 " in rolled and "發起的回復前一版正在執行：請重新載入本頁查看結果。" in rolled
    assert "正在準備這個試行版的核准申請：請稍後重新載入本頁。" in asked


def test_a_rollback_that_failed_is_told(site: Any) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    send(site, "bob")
    with create_session(scoped=False) as session:
        session.execute(update(DagRun).values(state="failed"))
    page = look(site, "bob", STABLE)
    assert "The last rollback, triggered by bob on " in page
    assert "failed." in page and "<option" in page


def test_the_cards_lead_to_what_whoever_looks_may_do(site: Any) -> None:
    first = "/sentiment/models/"
    back, ask = f'<a href="{STABLE}#rollback">Roll back</a>', f'<a href="{CANARY}#decide">Ask for a decision</a>'
    page = look(site, "bob", first)
    assert back in page and ask in page
    assert "#rollback" not in look(site, "ann", first) and "#decide" not in look(site, "ann", first)
    send(site, "bob")
    assert f'<a href="{STABLE}#rollback">A rollback is being carried out</a>' in look(site, "bob", first)


def test_the_card_of_a_canary_that_is_asked_about_leads_to_the_question(
    site: Any, airflows_rows: Callable[..., None]
) -> None:
    airflows_rows(3, "asked")
    link = f'<a href="{CANARY}#decide">Approve or withdraw</a>'
    assert link in look(site, "bob", "/sentiment/models/") and link not in look(site, "ann", "/sentiment/models/")
    assert 'id="decide"' in look(site, "bob", CANARY)


def test_without_an_earlier_version_there_is_no_way_back_on_the_card(site: Any, home: Path) -> None:
    homes.write_history(home, homes.steps(1, None))
    assert "#rollback" not in look(site, "bob", "/sentiment/models/")
