"""What the pure functions behind the forms say in Chinese: everything that a page seldom shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sentiment_airflow.web.asked import Asked, version_in
from sentiment_airflow.web.deciding import Asker, refused, refused_by_airflow
from sentiment_airflow.web.moving import LastRun, Rollback, ask_offered, rollback_offered, rollback_refused
from support.english_left import english_left
from support.page_text import words_left

from sentiment.language import speaking

AT = datetime(2026, 11, 27, 23, 25, tzinfo=UTC)
ASKED = Asked(3, "manual__1", "approve", AT, AT, waits=True)


def answered(asked: Asked | None, **more: Any) -> str:
    given = {"superseded": "", "chosen": "核准", "reason": "好", "run_id": "manual__1"} | more
    found = refused(asked, given.pop("superseded"), Asker(may_answer=True), **given)
    return found.sentence if found else ""


def rolled(stables: list[int], *, is_paused: bool = False) -> str:
    sent = {"stable": "2", "version": "1", "reason": "客訴變多"}
    found = rollback_refused(stables, may_trigger=True, is_paused=is_paused, last=None, **sent)
    return found.sentence if found else ""


def last(state: str) -> Rollback | None:
    return rollback_offered([1, 2], LastRun("r", state, "", AT), may_trigger=True)


@pytest.mark.parametrize(
    ("say", "told"),
    [
        (
            lambda: answered(None),
            "目前沒有這一版的核准申請：請手動啟動 sentiment_promote，它會重新提出申請。",
        ),
        (
            lambda: refused_by_airflow(409, "").sentence,
            "在您回答之前，已經有別人回答了：您的回答沒有改變任何事。",
        ),
        (lambda: refused_by_airflow(401, "").sentence, "您的登入已經失效：請重新登入 Airflow 再回答。"),
        (lambda: rolled([]), "沒有啟動任何執行，因為現在沒有正式版：請先看它的頁面再決定。"),
        (
            lambda: rolled([1, 2], is_paused=True),
            "sentiment_rollback 已暫停，不會執行：請先在 Airflow 開啟它，再送出一次。",
        ),
        (
            lambda: (last("failed") or Rollback(())).told,
            "上一次回復前一版（由 某人 於 11月28日 07:25（臺北） 發起）失敗了。",
        ),
        (lambda: ask_offered(None), "目前沒有人被詢問這個試行版。提出核准申請後，就可以核准它，或以「退回」撤回它。"),
    ],
)
def test_a_sentence_is_said_in_chinese(say: Callable[[], str], told: str) -> None:
    with speaking("zh-TW"):
        found = say()
    assert found == told
    names = ("Airflow", "sentiment", "promote", "rollback")
    assert english_left(found) == [] and words_left(found, *names) == []


def test_an_answer_that_may_be_sent_is_not_refused_in_any_language() -> None:
    with speaking("zh-TW"):
        assert answered(ASKED) == answered(ASKED, chosen="Approve") == rolled([1, 2]) == ""
    assert answered(ASKED) == ""


@pytest.mark.parametrize(
    ("subject", "version"),
    [
        ("Make version 3 stable?", 3),
        ("要將第 3 版升為正式版嗎？", 3),
        ("要將第3版升為正式版嗎？", 3),
        ("第 13 版 version 3", 13),
        ("conversion 3", None),
        ("3", None),
    ],
)
def test_a_question_names_its_version_in_any_language(subject: str, version: int | None) -> None:
    assert version_in(subject) == version
