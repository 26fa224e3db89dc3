"""The version page, its approval, its forms and the comparison, as a reader of Chinese sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import models_page_homes as homes
from support.english_left import english_left
from support.evaluations import costs, held_cases
from support.page_text import PageText, words_left
from support.results import whole_json

from sentiment.language import speaking
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.version_page import VersionPage, version_page
from sentiment.settings import Settings

PAGE = "/sentiment/models"
CANARY, STABLE = f"{PAGE}/versions/3", f"{PAGE}/versions/2"
TIME = "那時"
RUN, REASON = "manual__1", "在 ptt 上比較好"
ENGLISH = "Nothing changed: version 7 is withdrawn; there is no canary now."  # as a step records it
CHINESE = "沒有任何變更：第 7 版的狀態為「已撤回」；目前沒有試行版。"
# What is Airflow's, a name, or a unit of measurement; the rest of a page is Chinese.
NAMES = (
    "Airflow",
    "McNemar",
    "SENTIMENT",
    "APPROVERS",
    "ann",
    "bob",
    "cho",
    "dan",
    "ptt",
    "night",
    "http",
    "one",
    "two",
    "EPYC",
    "float",
    "evaluate",
)
Rows = Callable[..., None]
Send = Callable[..., httpx.Response]


@pytest.fixture
def read(site: Any, home: Path) -> Iterator[Callable[..., httpx.Response]]:
    """Opens a path as a person who chose Chinese."""
    everything(home)

    def get(path: str = CANARY, user: str = "bob") -> httpx.Response:
        with site.client(user) as client:
            client.cookies.set("sentiment_language", "zh-TW")
            answer: httpx.Response = client.get(path)
        return answer

    yield get


@pytest.fixture
def send(site: Any, read: Any) -> Send:
    """Sends a form as a person who chose Chinese."""

    def post(path: str = f"{CANARY}/answer", user: str = "bob", **form: str) -> httpx.Response:
        filled = {"answer": "核准", "reason": REASON, "run": RUN} | form
        with site.client(user) as client:
            client.cookies.set("sentiment_language", "zh-TW")
            answer: httpx.Response = client.post(path, data=filled, headers={"Origin": site.address})
        return answer

    return post


def everything(home: Path) -> None:
    """Three versions with all that a version page can show; what steps recorded is one English sentence."""
    homes.whole_home(home, why=REASON)
    for version in (2, 3):
        found = homes.shown("好吃到哭", REASON)
        gate, check = found["gate"], found["check"]
        limits = [{"name": "margin", "asked": 0.2, "configured": 0.01}]
        gate |= {"sentence": ENGLISH, "loosened": {"who": "ann", "reason": REASON, "limits": limits}}
        gate["checks"] = [
            {"name": name, "passed": False, "decides": decides, "sentence": ENGLISH}
            for name, decides in (("a", True), ("b", False))
        ]
        gate |= {"must_hold": held_cases("不是不好"), "costs": costs((7_600_000, 3.3), (3_200_000, 1.84))}
        check |= {"sentence": ENGLISH, "checks": [{"level": "warning", "sentence": ENGLISH}]}
        found["validate"]["checks"] = [{"passed": False, "sentence": ENGLISH}]
        whole = {step: whole_json(homes.KINDS[step], result) for step, result in found.items()}
        homes.write_run(home, f"night-{version}", whole)
    bad = homes.probe(2, 3) | {"outcome": "bad", "reasons": [ENGLISH, ENGLISH], "at": "2026-11-22T19:05:00+00:00"}
    bad["servers"]["http://two:8501"]["unreachable"] = ENGLISH
    homes.write_probes(home, homes.probe(2, 3) | {"servers": bad["servers"]}, bad)


def said(answer: httpx.Response, *elsewhere: str) -> str:
    """Returns what a page says, after looking for English in it; `elsewhere` is what other pages say the same way."""
    text = "\n".join(PageText(answer.text, "events", "banner").lines)
    for one in sorted(elsewhere, key=len, reverse=True):
        text = text.replace(one, "·")
    assert english_left(text, *NAMES) == [], text
    assert (
        words_left(
            text, *NAMES, "night-2", "sentiment_promote", "sentiment_rollback", "promote", "rollback", "sentiment"
        )
        == []
    )
    return text


def elsewhere(home: Path, number: int) -> list[str]:
    """Returns what the page says as mails and overview do, where those are not Chinese: they have their own tests."""
    settings = Settings(home=home)
    with speaking("zh-TW"):
        page = version_page(read_ledger(settings.history), number, settings, Notices())
    return [part for part in _parts(page) if words_left(part)]


def _parts(page: VersionPage) -> Iterator[str]:
    assert page.gate
    yield from chain(*page.figures, page.data, *page.gate.rows, page.gate.year, *page.gate.sources, page.gate.must_hold)
    yield from (page.gate.loosened, page.gate.stable, *(flips.title for flips in page.gate.flips))
    yield from chain(*((one.model, one.set) for one in page.matrices), (one.title for one in page.drawn))
    yield from chain(*((part.title, *(bar.name for bar in part.bars)) for part in page.parts))


def test_everything_on_the_page_of_a_version_is_chinese(read: Any, home: Path) -> None:
    text = said(read(STABLE), *elsewhere(home, 2))
    assert text.count(CHINESE) == 6 and ENGLISH not in text
    for told in (
        "第 2 版\n正式版",
        f"未通過的把關檢查由 bob 破例放行：{REASON}",
        f"{CHINESE}（不影響判定）",
        f"檢查沒有通過，但執行仍繼續了：{CHINESE}",
        "第 1 版（前一版）",
        "要在每一台伺服器上取代第 2 版、重新成為正式版的版本",
        "還有 3 則",
        "回答 正面 · 本版回答 負面 (0.97)",
    ):
        assert told in text, told


def test_a_canary_that_waits_says_so_in_chinese(read: Any, home: Path, asked: Rows) -> None:
    assert "目前沒有人被詢問這個試行版。" in said(read(), *elsewhere(home, 3))
    asked()
    from sentiment_airflow.web.asked import question_about

    from sentiment.mail.approval import awaits

    found = question_about(3)
    assert found
    with speaking("zh-TW"):
        waits = awaits(3, found.until)
    page = read()
    text = said(page, *elsewhere(home, 3), waits)
    for told in (
        "試行：30 分鐘中已正常回答 0 分鐘（截至 11月23日 03:05（臺北））。",
        f"http://one:8501：{CHINESE}；{CHINESE}",
        "不合格",
        "300 題中 0 題",
        "理由（會連同您的姓名記入歷程，並以郵件寄出）",
        "核准：第 3 版會在每一台伺服器上成為正式版。退回，或逾時未回答：撤回這一版。",
    ):
        assert told in text, told
    assert '<button name="answer" value="Approve">核准</button>' in page.text
    reader = said(read(user="ann"), *elsewhere(home, 3))
    assert "第 3 版是試行版，正等待核准，期限為 11月28日 07:25（臺北）。" in reader
    assert "您的 Airflow 帳號無權回答 sentiment_promote 的核准申請：請找有權限的人。" in reader


@pytest.fixture
def asked(home: Path, airflows_rows: Rows) -> Rows:
    """Asks about version 3, which is the canary."""

    def ask(version: int = 3, run: str = RUN, **more: Any) -> None:
        airflows_rows(version, run, until="2026-11-27T23:25:00+00:00", **more)

    return ask


def alert(answer: httpx.Response, *airflows: str) -> str:
    """Returns the sentence of a refusal on the page; `airflows` are Airflow's own words in it."""
    found = answer.text.partition('role="alert">')[2].partition("<")[0]
    assert found and english_left(found, *NAMES, *airflows) == [], found
    return found


def chosen() -> list[str] | None:
    """Returns which options Airflow has as the answer; None while there is none."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    about = select(HITLDetail).join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
    with create_session(scoped=False) as session:
        detail = session.scalars(about.where(TaskInstance.run_id == RUN)).one()
        return list(detail.chosen_options or []) if detail.responded_at else None


OFFERED = {"English": ["Approve", "Reject"], "Chinese": ["核准", "退回"]}


@pytest.mark.parametrize("sent", [0, 1, 2, 3])  # Approve, Reject, 核准, 退回
@pytest.mark.parametrize("asked_in", OFFERED)
def test_an_answer_is_understood_in_both_languages(
    send: Send, read: Any, asked: Rows, asked_in: str, sent: int
) -> None:
    options, answers = OFFERED[asked_in], [*OFFERED["English"], *OFFERED["Chinese"]]
    subject = "Make version 3 stable?" if asked_in == "English" else "要將第 3 版升為正式版嗎？"
    asked(options=options, subject=subject)
    page = read()
    for option, told in zip(options, OFFERED["Chinese"], strict=True):
        assert f'name="answer" value="{option}"' in page.text and f">{told}</button>" in page.text
    answer = send(answer=answers[sent])
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CANARY}#decide")
    assert chosen() == [options[sent % 2]], "Airflow takes only an option that it offered"
    assert f"bob 已於 {TIME}選擇「{OFFERED['Chinese'][sent % 2]}」，正在執行中" in re.sub(
        r"\d+月\d+日 \d\d:\d\d（臺北） ", TIME, read().text
    )


def test_a_chinese_question_can_be_answered_on_an_english_page(site: Any, read: Any, asked: Rows) -> None:
    asked(options=OFFERED["Chinese"], subject="要將第 3 版升為正式版嗎？")
    with site.client("bob") as client:
        page = client.get(CANARY).text
        assert '<button name="answer" value="核准">Approve</button>' in page
        assert '<button name="answer" value="退回" class="other">Reject</button>' in page
        form = {"answer": "退回", "reason": REASON, "run": RUN}
        assert client.post(f"{CANARY}/answer", data=form, headers={"Origin": site.address}).status_code == 303
        assert "bob chose Reject on " in client.get(CANARY).text
    assert chosen() == ["退回"]


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"reason": " "}, 400, "「核准」需要理由，但沒有填寫：請寫下理由，再按一次按鈕。"),
        ({"reason": " ", "answer": "Reject"}, 400, "「退回」需要理由，但沒有填寫：請寫下理由，再按一次按鈕。"),
        ({"reason": "好" * 2001}, 400, "理由最多 2,000 個字，目前有 2,001 個字：請縮短。"),
        ({"answer": "也許"}, 400, "回答必須是「核准」或「退回」：請按其中一個按鈕。"),
        ({"run": "manual__0"}, 409, "這不是目前待回答的核准申請：請重新看一次本頁再回答。"),
        ({"user": "ann"}, 403, "您的 Airflow 帳號無權回答 sentiment_promote 的核准申請：請找有權限的人。"),
        ({"path": f"{STABLE}/answer"}, 409, "已被取代：第 2 版的狀態為「服務中」；目前的試行版是第 3 版。"),
    ],
)
def test_a_refused_answer_is_told_in_chinese(
    send: Send, asked: Rows, form: dict[str, str], status: int, told: str
) -> None:
    asked()
    answer = send(**form)
    assert answer.status_code == status and alert(answer).startswith(told)
    assert chosen() is None


def test_whom_a_question_is_not_for_and_who_came_second_read_it_in_chinese(send: Send, read: Any, asked: Rows) -> None:
    asked(assignees=[{"id": "cho", "name": "cho"}, {"id": "dan", "name": "dan"}, {"id": "eve", "name": "eve"}])
    told = "這項核准申請只能由 cho、dan 及 eve 回答（SENTIMENT_APPROVERS）：請他們回答。"
    assert alert(send()) == told and told in read().text
    from sentiment_airflow.web import answers
    from sentiment_airflow.web.deciding import Asker

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "asker_of", lambda *_: Asker(may_answer=True))
        refused = alert(send(), "is not a respondent for the task")
    assert refused.startswith("Airflow 沒有接受這個回答，什麼都沒有改變：User=bob")
    assert send(user="cho").status_code == 303
    second = alert(send(user="cho"))
    assert second.startswith("在您回答之前，cho 已於 ") and second.endswith("選擇「核准」：您的回答沒有改變任何事。")


def test_four_eyes_are_told_in_chinese(send: Send, read: Any, asked: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_FOUR_EYES", "on")
    asked()
    why = "因為它的執行是您發起的，或您放寬、破例了它的把關"
    told = f"您不能核准第 3 版（四眼原則），{why}：必須由別人核准。您可以退回它。"
    page = read()
    assert told in page.text and ">核准</button>" not in page.text and ">退回</button>" in page.text
    assert alert(send()) == told and chosen() is None


@pytest.mark.parametrize(("state", "told"), [("running", "正在提出核准申請：請稍後重新載入本頁。"), ("failed", "")])
def test_a_question_that_is_being_asked_is_told_in_chinese(
    read: Any, home: Path, asked: Rows, state: str, told: str
) -> None:
    asked(state=state)
    assert told in said(read(), *elsewhere(home, 3))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/compare?a=2&b=2", "要比較的是兩個版本，但兩個都是第 2 版：請選另一個。"),
        ("/versions/1/report", "第 1 版的訓練報告已經不存在。"),
    ],
)
def test_what_is_not_there_is_told_in_chinese(read: Any, home: Path, path: str, told: str) -> None:
    (home / "runs" / "night-1" / "model" / "report.html").unlink()
    answer = read(f"{PAGE}{path}")
    assert answer.status_code == 404 and told in answer.text


def test_a_form_that_is_too_long_is_told_in_chinese(send: Send) -> None:
    answer = send(reason="x" * 70_000)
    assert answer.status_code == 413 and "理由太長：請縮短。" in answer.text


@pytest.mark.parametrize(
    ("digest", "told"),
    [
        ("a" * 64, "第 2 版\n第 3 版\n變化"),
        ("", "在固定測試集上無法比較（兩版的資料不同，或無從得知是否相同）：第 2 版在 150 筆上為 0.867；第 3 版在"),
    ],
)
def test_two_versions_side_by_side_are_chinese(read: Any, home: Path, digest: str, told: str) -> None:
    for version in (2, 3):
        path = home / "runs" / f"night-{version}" / "evaluation.json"
        found = json.loads(path.read_text(encoding="utf-8")) | {"stable_version": None}
        found["sets"]["frozen"] |= {"rows": 150, "sha256": digest}
        found["sets"]["frozen"]["candidate"] |= {"recall": [0.8, 0.86, 0.94]}
        path.write_text(json.dumps(found), encoding="utf-8")
    text = said(read(f"{PAGE}/compare?a=2&b=3"), *elsewhere(home, 2))
    for part in ("第 2 版與第 3 版", "左右對調", "各版的已知資訊", "身分\n正式版\n試行版", told):
        assert part in text, part
    assert ("固定測試集上「正面」的召回率" in text) == bool(digest)


def test_the_page_around_a_report_is_chinese(read: Any) -> None:
    answer = read(f"{STABLE}/report")
    assert (
        said(answer) == "第 2 版的訓練報告"
        and "<span>訓練報告</span>" in answer.text
        and "← 第 2 版</a>" in answer.text
    )


def test_the_card_on_the_page_is_in_the_readers_language(read: Any) -> None:
    card = read(f"{STABLE}/card").text
    assert card.startswith("# 情緒模型，第 2 版\n\n狀態：正式版，發布於 ")


def test_an_answer_of_nobody_is_told_in_chinese(read: Any, home: Path, asked: Rows) -> None:
    asked(answered=True, chosen_options=["Reject"])
    assert "（沒有人） 已於 " in said(read(), *elsewhere(home, 3)) and "選擇「退回」，正在執行中：" in read().text


def test_what_airflow_does_not_trigger_is_told_in_chinese(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment_airflow.web import moves

    monkeypatch.setattr(moves, "may_trigger", lambda *_: True)
    monkeypatch.setattr(moves, "is_paused", lambda _: False)  # other tests may have left it so
    answer = send(f"{CANARY}/ask", user="ann")
    assert answer.status_code == 403 and "Airflow 沒有啟動 sentiment_promote：Forbidden。" in answer.text
