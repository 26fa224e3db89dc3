"""The Models page in Chinese: no word of English is left on it, but for names."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from support import models_page_homes as homes
from support import shown_words
from support.estimates import estimate_of, fallen, night_of
from support.results import whole_json
from support.shown_words import Shown

from sentiment.data import retraction
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Counts
from sentiment.language import speaking
from sentiment.models_page import history, trying
from sentiment.models_page.experiment_page import SHOWN, experiment_of, experiment_page
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.overview import Overview, overview
from sentiment.results.refreshment import Refreshment
from sentiment.settings import Settings

# Who did something, why they say they did, and what a machine met.
PEOPLE = (
    "ann",
    "airflow",
    "better on ptt",
    "all is well",
    "nightly",
    "old table",
    "no route",
)
# What every page is given, and says: which languages there are, each in its own words.
SHARED = {"root": "", "airflow": "/", "lang": "zh-Hant", "theme": "", "languages": [("English", "en", "/?language=en")]}
LANGUAGES = ("Language", "English")
# A sentence of the catalogue, as a step might have recorded it.
RECORDED = "runs/night-9/gate.json cannot be read: it must be JSON; found nothing."


def english_words(page: str, *allowed: str) -> list[str]:
    return shown_words.english_words(page, *LANGUAGES, *allowed)


@pytest.fixture(autouse=True)
def chinese(site: object) -> Iterator[None]:
    with speaking("zh-TW"):
        yield


def retract(home: Path, deliveries: int = 1) -> None:
    """Every delivery is retracted; of one, versions that were made before had its rows."""
    (home / "datasets").mkdir(exist_ok=True)
    with opened(home / "datasets" / "ledger.sqlite") as ledger, ledger.writing() as connection:
        for number in range(1, deliveries + 1):
            ledger.record(number, f"{number}.tsv", f"{number}", Counts())
        for number in range(1, deliveries + 1):
            retraction.change(ledger, connection, number, False, "ann", "old table")


def a_full_home(home: Path) -> None:
    homes.whole_home(home)
    events = [
        {**one, "data": {**one["data"], "watermark": 1}} if "data" in one else one for one in homes.three_versions()
    ]
    as_before = {"stable": 2, "canary": 3}
    homes.write_history(home, [*events, homes.event("adopted", 3, 40, **as_before, **{"from": as_before})])
    homes.write_nights(home, night_of("n1", estimate=estimate_of(60)), night_of("n2", fall=fallen()))
    score = {"role": "stable", "version": 2, "retired": 0.82, "frozen": 0.8, "fresh": 0.78}
    made = whole_json(Refreshment, who="ann", frozen={"rows": 1200}, newest_version=1, scores=[score])
    (home / "serving" / "refreshments.jsonl").write_text(f"{json.dumps(made)}\n", encoding="utf-8")
    gate = homes.results()["gate"] | {"passed": False, "reasons": [RECORDED]}
    homes.write_run(home, "night-4", {"gate": gate, "prepare": homes.results()["prepare"]})
    (home / "runs" / "night-4" / "suspects.json").write_text("[]")
    retract(home)


def first_page(query: dict[str, str] | None = None, **context: Any) -> tuple[str, Overview]:
    from sentiment_airflow.web.pages import rendered
    from sentiment_airflow.web.showing import read_home

    settings, ledger, notices = read_home()
    assert settings is not None
    page = overview(ledger, settings, query or {}, notices)
    found = {"waiting": None, "links": {}, "runs": {one.run: "" for one in page.refused}, "tried": None, **context}
    html = rendered("overview.html", **SHARED, notices=notices.lines, box="", page=page, **found)
    return html, page


def said_elsewhere(page: Overview) -> list[str]:
    """What the gate and the serving say of versions: their own tests ask what language that is in."""
    figures = [value for card in page.cards for _, value in card.figures[:2]]
    return [page.frozen.wear, *figures, *(version.condition for version in page.versions)]


def test_the_first_page(home: Path) -> None:
    from sentiment_airflow.web.card_links import CardLink
    from sentiment_airflow.web.deciding import Answer, Offer

    a_full_home(home)
    waiting = SimpleNamespace(version=3, offer=Offer("？", (Answer("Approve", "核准", True),)))
    html, page = first_page(waiting=waiting, links={"stable": CardLink("rollback", "回復前一版")})
    assert english_words(html, *PEOPLE, *said_elsewhere(page)) == []
    shown = Shown(html).pieces
    for told in (
        "自 2026-11-23 02:00 起，由 ann 設定：「better on ptt」",
        "由 validate 於 2026-11-23 02:03 測得：內嵌的模型伺服器上只有這個模型，請求逐一送出",
        "準確率 0.830，p95 12.2 ms，300 題中 0 題失敗",
        "無法讀取（runs/night-9/gate.json）：必須是 JSON；實際為：無。",
        "1,200 筆，其中 0 筆為舊資料",
        "正式版：第 1 版 → 第 2 版",
        "伺服器載入中",
        "12 個事件",
        "可能學過這些資料的版本",
    ):
        assert told in shown, told
    assert '<a href="/versions/2#rollback">回復前一版</a>' in html


def test_what_the_cards_lead_to(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment_airflow.web import card_links
    from sentiment_airflow.web.deciding import Answer, Offer
    from sentiment_airflow.web.moving import LastRun
    from sentiment_airflow.web.showing import read_home

    homes.whole_home(home)
    _, ledger, _ = read_home()
    monkeypatch.setattr(card_links, "may_trigger", lambda user, workflow: True)
    told = []
    for state, waiting in (
        ("success", None),
        ("running", SimpleNamespace(offer=Offer("？", (Answer("Approve", "核准", True),)))),
    ):
        run = LastRun("x", state, "ann", datetime.now(UTC))
        monkeypatch.setattr(card_links, "last_run", lambda workflow, run=run: run)
        links = card_links.card_links(None, ledger, waiting)  # type: ignore[arg-type]
        told += [links["stable"].told, links["canary"].told]
    assert told == ["回復前一版", "提出核准申請", "正在回復前一版", "核准或撤回"]


def test_a_question_that_others_answer_and_more_retractions(home: Path) -> None:
    from sentiment_airflow.web.deciding import Offer

    homes.whole_home(home)
    retract(home, 12)
    html, page = first_page(waiting=SimpleNamespace(version=3, offer=Offer("？")))
    assert english_words(html, *PEOPLE, *said_elsewhere(page)) == []
    assert "查看" in Shown(html).pieces and "另有 2 次交付已收回，見 `sentiment status`。" in html


@pytest.mark.parametrize("query", [{"who": "nobody"}, {"page": "2"}, {"event": "staged"}])
def test_the_first_page_of_a_long_history(home: Path, query: dict[str, str]) -> None:
    homes.write_history(home, homes.long_history(30))
    html, page = first_page(query)
    assert english_words(html, *PEOPLE, *said_elsewhere(page), "nobody", "no memory") == []


def test_the_first_page_of_an_empty_home(home: Path) -> None:
    html, _ = first_page()
    assert english_words(html) == []
    assert {"目前沒有正式版。", "目前沒有試行版。", "沒有任何事件。"} <= set(Shown(html).pieces)


def test_the_page_of_wrong_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment_airflow.web.pages import rendered
    from sentiment_airflow.web.showing import read_home

    monkeypatch.setenv("SENTIMENT_GATE_FLOR", "1")
    settings, _, notices = read_home()
    assert settings is None and notices.lines[0].startswith(
        "無法顯示目前提供服務的版本：SENTIMENT_ 開頭的變數必須是設定的名稱"
    )
    html = rendered("overview.html", **SHARED, notices=["？"], page=None)
    assert english_words(html) == []


@pytest.mark.parametrize("first", ["en", "zh-TW"])
def test_a_broken_history_is_told_in_the_language_of_each_reader(home: Path, first: str) -> None:
    from sentiment_airflow.web.showing import read_home

    path = homes.write_history(home, homes.three_versions(), f'{{"event": "{first}"}}\n{{"torn')
    with speaking(first):  # what was read is kept
        read_home()
    lines = read_home()[2].lines
    assert english_words("".join(f"<p>{line}</p>" for line in lines), *names_of_events()) == []
    assert lines[-1].startswith("服務歷程的最後一行不完整：")
    with speaking("en"):
        assert read_home()[2].lines[-1].startswith("The last line of the serving history is torn:")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[2:]), encoding="utf-8")


def names_of_events() -> list[str]:
    from sentiment.results.events import NAMES

    return [", ".join(NAMES), "'en'", "'zh-TW'"]


def test_what_is_missing_or_broken_is_a_notice(home: Path) -> None:
    homes.whole_home(home)
    (home / "runs" / "night-3" / "gate.json").write_text("{}")
    (home / "runs" / "night-3" / "validate.json").unlink()
    (home / "runs" / "night-2" / "gate.json").write_text("[" * 9)
    homes.write_list(home, {"run": 7})
    (home / "datasets").mkdir()
    (home / "datasets" / "ledger.sqlite").write_bytes(b"x" * 5000)
    html, page = first_page()
    notices = [line for line in Shown(html).pieces if line.startswith(("無法", "缺少"))]
    assert len(notices) == 5 and "缺少檔案：第 3 版（執行 night-3）的 validate.json。" in notices
    technical = (
        "Expecting value: line 1 column 10 (char 9)",
        "damage (file is not a database)",
        *("passed", "run", "found"),
    )
    of_the_ledger = (
        f"the ledger {home}/datasets/ledger.sqlite must be whole",
        "Restore it with `sentiment restore BACKUP`, from a backup that `sentiment backup` made.",
    )
    assert english_words(html, *PEOPLE, *said_elsewhere(page), *technical, *of_the_ledger) == []


def tried(sides: list[trying.Side], sentences: list[str]) -> str:
    from sentiment_airflow.web.pages import rendered

    context = {**SHARED, "notices": [], "box": "", "title": "", "sentences": sentences, "sides": sides}
    return rendered("try.html", differ=trying.disagreements(sides), **context)


def test_the_box(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = trying.Said("正面", 90.0, (("負面", 10.0),))
    both = [trying.Side(name, 1, [said, said], 3) for name in ("stable", "canary")]
    other = replace(both[1], answers=[said, replace(said, label="負面")])
    for sides in (both, [both[0], other]):
        assert english_words(tried(sides, ["好", "壞"])) == []
    assert "2 句中有 1 句答案不同。" in Shown(tried([both[0], other], ["好", "壞"])).pieces

    homes.write_history(home, homes.steps(1, None))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "http://127.0.0.1:9")
    from sentiment_airflow.web.showing import read_home

    settings, ledger, _ = read_home()
    assert settings is not None
    page = tried(trying.try_out(["好"], ledger.state, settings), ["好"])
    assert english_words(page, "[Errno 111] Connection refused") == []
    assert "目前沒有試行版。" in page and re.search("正式版沒有回答：http://127.0.0.1:9[:：] ?連不上：", page)


@pytest.mark.parametrize("box", ["", "x\n" * 11])
def test_a_box_that_cannot_be_asked(box: str) -> None:
    with pytest.raises(ValueError, match=r"^(請輸入要試的句子。|一次最多可試 10 行，每行最多 2,000 個字。)$"):
        trying.sentences_of(box)


@pytest.mark.parametrize("kind", ["done", "nothing trained", "planned", "broken"])
def test_an_experiment(home: Path, kind: str) -> None:
    from sentiment_airflow.web.pages import rendered
    from sentiment_airflow.web.showing import read_home

    found = homes.experiment("albert-tiny", RECORDED)
    folder = homes.write_experiment(home, "exp-1", found if kind != "nothing trained" else found | {"best": None})
    if kind == "planned":
        (folder / "results.json").unlink()
        plan = {name: found[name] for name in ("trainings", "setup")} | {"data_run": "night-1"}
        (folder / "experiment-plan.json").write_text(json.dumps(whole_plan(plan)))
    if kind == "broken":
        (folder / "results.json").write_text("{}")
        (folder / "plot.png").unlink()
    settings, _, notices = read_home()
    assert settings is not None
    run = experiment_of(settings, "exp-1")
    assert run is not None
    page = experiment_page(run, settings, notices)
    html = rendered("experiment.html", **SHARED, notices=notices.lines, page=page, link="x")
    assert english_words(html, *page.headings, "albert-tiny", "tiny", "custom", "rows") == []
    assert (
        page.sentence
        in {
            "done": "最佳為 tiny，學習率 2e-3，test_acc 為 0.7500。共訓練 8 次，其中 4 次失敗。",
            "nothing trained": "沒有訓練出任何模型。共訓練 8 次，其中 4 次失敗。",
            "planned": "已排定 8 次訓練；全部結束後才會出現表格與圖。",
            "broken": "",
        }[kind]
    )


def whole_plan(plan: dict[str, Any]) -> Any:
    from sentiment.results.experiment import ExperimentPlan

    return whole_json(ExperimentPlan, plan)


@pytest.mark.parametrize("code", [401, 403, 404, 409])
def test_a_refusal(code: int) -> None:
    from sentiment_airflow.web.app import OF_AIRFLOW
    from sentiment_airflow.web.pages import rendered

    from sentiment.language import recorded

    for detail in OF_AIRFLOW:
        page = rendered("refusal.html", **SHARED, notices=[], code=code, detail=recorded(detail), login="/x")
        assert english_words(page) == [] and '<a href="/x" target="_top">登入 Airflow</a>' in page


def test_what_is_not_there_or_not_allowed(home: Path) -> None:
    from sentiment_airflow.web import app, run_files, showing
    from sentiment_airflow.web.forms import form_of
    from sentiment_airflow.web.same_origin import require_same_origin

    async def too_long() -> Any:
        async def stream() -> Any:
            yield b"x" * 9

        return await form_of(8, app.TOO_LONG)(SimpleNamespace(stream=stream))  # type: ignore[arg-type]

    refused: list[Callable[[], object]] = [
        lambda: showing.known_version(Ledger(), "9"),
        lambda: run_files.show_report_of_run("night-9"),
        lambda: run_files.show_suspects("night-9"),
        lambda: app.show_plot("exp-9"),
        lambda: app._experiment(Settings(home=home), "exp-9"),
        lambda: require_same_origin(SimpleNamespace(headers={})),  # type: ignore[arg-type]
        lambda: asyncio.run(too_long()),
    ]
    homes.write_experiment(home, "exp-1", homes.experiment()).joinpath("plot.png").unlink()
    refused.append(lambda: app.show_plot("exp-1"))
    for one in refused:
        with pytest.raises(HTTPException) as error:
            one()
        assert english_words(f"<p>{error.value.detail}</p>") == []


def test_the_workflows_names_for_who_started_a_run_are_those_that_the_history_shows() -> None:
    from sentiment_airflow.workflows import STARTED_AGAIN, THE_NIGHTLY_RUN

    assert history.AGAIN == STARTED_AGAIN and THE_NIGHTLY_RUN in history.OURS


def test_through_airflows_own_server(home: Path, ann: httpx.Client) -> None:
    a_full_home(home)
    _, page = first_page()
    ann.cookies.set("sentiment_language", "zh-TW")
    told = [*PEOPLE, *said_elsewhere(page), "tiny", "custom"]
    for path, status in (("/", 200), ("/experiments/exp-1", 200), ("/experiments/no", 404), ("/versions/99", 404)):
        answer = ann.get(f"/sentiment/models{path}")
        assert answer.status_code == status
        assert english_words(answer.text, *told, *SHOWN) == [], path
    asked = ann.post("/sentiment/models/try", data={"sentences": ""}, headers={"Origin": str(ann.base_url).rstrip("/")})
    assert "請輸入要試的句子。" in asked.text and english_words(asked.text) == []
