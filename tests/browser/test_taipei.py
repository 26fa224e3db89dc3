"""The same days in Traditional Chinese, on a phone: nothing that is read is English but what strangers wrote."""

from __future__ import annotations

import shutil
from email.message import EmailMessage
from typing import Any

import pytest
from support.english_left import english_left

pytest.importorskip("playwright.sync_api", reason="playwright is not in this environment")
from axe_playwright_python.sync_playwright import Axe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: install it to walk the days"),
]
PROMOTE, ROLLBACK = "sentiment_promote", "sentiment_rollback"
# What the night of these days recorded, in words of no sentence of ours, and a post by somebody hostile.
MADE_UP = ("As good as version 1: all is well", "New posts whose label looks wrong", "Above the floor", "may be served")
HOSTILE = ("script", "top.hacked", "img src=x onerror=top", "evil", "hacked")


def plain(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())


def test_the_approver_reads_and_decides_in_chinese(days_in_taipei: Any, phone: Any) -> None:
    days_in_taipei.api.trigger(PROMOTE, "morning", {})
    asked = plain(days_in_taipei.mail("第 2 版等候您核准"))
    assert english_left(asked, *MADE_UP, *HOSTILE) == []
    link = next(line.partition("：")[2] for line in asked.splitlines() if line.startswith("核准或退回："))
    phone.goto(link)
    form = phone.locator("#decide form")
    while not form.count():  # the mail goes out a moment before the task waits
        phone.wait_for_timeout(500)
        phone.reload()
    assert phone.locator("html").get_attribute("lang") == "zh-Hant"
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    serious = [one for one in Axe().run(phone).response["violations"] if one["impact"] in ("serious", "critical")]
    assert not serious
    assert english_left(phone.locator("#decide").inner_text()) == []
    phone.get_by_label("理由").fill("最近的貼文答得比較好")
    phone.wait_for_timeout(5000)  # as in test_days
    form.get_by_role("button", name="核准").click()
    days_in_taipei.wait(lambda: days_in_taipei.serves("stable", 2), "the canary is stable")
    assert "最近的貼文答得比較好" in plain(days_in_taipei.mail("第 2 版已成為正式版，由 admin 核准"))


def test_the_operator_rolls_back_from_the_page(days_in_taipei: Any, phone: Any) -> None:
    phone.goto("/sentiment/models/versions/2")
    phone.locator("#rollback summary").click()
    form = phone.locator("#rollback form")
    form.get_by_label("理由").fill("客戶抱怨")
    form.get_by_role("button").last.click()
    days_in_taipei.wait(lambda: days_in_taipei.serves("stable", 1), "version 1 is stable again")
    assert "客戶抱怨" in plain(days_in_taipei.mail("admin 回復了先前的版本"))


def test_airflow_shows_workflows_and_forms_in_chinese(days_in_taipei: Any, phone: Any) -> None:
    phone.set_viewport_size({"width": 1280, "height": 1000})
    phone.goto("/dags/sentiment_retrain")
    phone.get_by_role("heading", name="重新訓練").first.wait_for()
    phone.get_by_test_id("trigger-dag-button").first.click()
    shown = phone.locator("[role=dialog][data-state=open]").filter(has_text="sentiment_retrain")
    shown.wait_for()
    for section in ("資料", "訓練", "把關"):
        shown.get_by_role("button", name=section, exact=True).click()
    shown.get_by_text("容許降幅").first.wait_for()
