"""Every mail in Traditional Chinese: no word of ours is left in English, and what a step recorded is said, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec import structs
from support.all_mails import (
    ASKING,
    LINKS,
    MAILS,
    RECORDED,
    RUN,
    SAID,
    UNTIL,
    WHO,
    WRITTEN,
    decided,
    failed_check,
    outcome,
)
from support.chinese_mails import shown, words_left

from sentiment.language import speaking
from sentiment.mail.approval import awaits, reminder_mail, waiting_mail
from sentiment.mail.checks import check_mail


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with speaking("zh-TW"):
        yield


# What of a mail is a name, or another module's.
NAMES = {
    "a step failed": ("gate",),
    "a step failed without a word": ("gate",),
    "stable fell": ("ptt",),
    "an experiment failed": ("tiny",),
    "an experiment failed in part": ("tiny",),
    "an export failed": ("export",),
    "a canary was withdrawn": ("sentiment[.]client",),
}
WITHOUT_RESULT = {"a step failed", "a step failed without a word", "stable fell", "quiet nights", "one quiet night"}


@pytest.mark.parametrize("kind", MAILS)
def test_no_word_of_ours_is_left_in_english(kind: str) -> None:
    mail = MAILS[kind]()
    found = shown(mail)
    assert words_left(found, *WRITTEN, *NAMES.get(kind, ())) == []
    assert (SAID in found) == (kind not in WITHOUT_RESULT)
    assert mail.subject.startswith("情感分析：") and f"執行：{RUN}" in mail.text
    assert '<html lang="zh-Hant">' in mail.html


@pytest.mark.parametrize("kind", MAILS)
def test_the_cause_does_not_depend_on_the_language(kind: str) -> None:
    chinese = MAILS[kind]().cause
    with speaking("en"):
        mail = MAILS[kind]()
    assert mail.cause == chinese or kind == "servers agree again", "its end is a moment of now"
    assert '<html lang="en">' in mail.html and mail.subject.startswith("Sentiment: ")


def test_some_sentences_are_as_a_person_says_them() -> None:
    assert awaits(3, UNTIL) == "第 3 版目前是試行版，等候您核准，期限為 11月28日 07:25（臺北）。"
    text = waiting_mail(ASKING).text
    assert text.startswith(f"{awaits(3, UNTIL)}{SAID}\n\n執行：{RUN}\n\n關於候選模型的警告\n- {SAID}\n")
    assert "- 如果到 11月28日 07:25（臺北）仍無人答覆，這一版將予以退回。" in text
    assert decided(outcome(True, 3)).subject == f"情感分析：第 3 版已成為正式版，由 {WHO} 核准"
    assert "還沒有人對第 3 版做出決定：90 分鐘後，也就是" in reminder_mail(ASKING, 1.5, RECORDED).text
    withdrawn = MAILS["a canary was withdrawn"]().text
    assert (
        "- 2026 hxxp[://]10[.]0[.]0[.]1，12 則貼文：正式版（第 2 版）：準確率 0.800 [0.700 至 0.900]，0 個錯誤，"
        "p50 4 ms，p95 9 ms；試行版（第 4 版）：沒有回答，12 個錯誤；12 題中有 3 題兩者答案不同" in withdrawn
    )
    assert "- 新的資料來自交付 8、7、6、5、4、…。" in MAILS["a check failed, many deliveries"]().text


def test_links_are_named_in_chinese_and_lead_where_they_led() -> None:
    mail = waiting_mail(replace(ASKING, links={"記錄檔": "https://airflow/log"}))
    assert "記錄檔：https://airflow/log\n" in mail.text and '<a href="https://airflow/log">記錄檔</a>' in mail.html


def test_what_a_stranger_wrote_stays_harmless() -> None:
    hostile = '<script>alert(1)</script> {post} {0.__class__} http://evil.example "x'
    check = failed_check(1)
    findings = [structs.replace(found, examples=[hostile]) for found in check.checks]
    mail = check_mail(structs.replace(check, checks=findings), RUN, LINKS)
    assert "例如：<script>alert(1)</script> {post} {0.__class__} hxxp[://]evil" in mail.text
    assert "<script>" not in mail.html
