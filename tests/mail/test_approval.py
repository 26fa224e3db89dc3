from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs
from support.evaluations import costs
from support.results import whole

from sentiment.mail.approval import (
    Asking,
    decided_mail,
    four_eyes_mail,
    reminder_mail,
    told_time,
    unreasoned_mail,
    waiting_mail,
)
from sentiment.results.cost import Costs
from sentiment.results.decision import Gate
from sentiment.results.record import decoded
from sentiment.results.serving import Outcome, Question

HOSTILE = "<script>alert(1)</script>\r\nBcc: x@evil.example http://evil.example"
QUESTION = Question(
    version=3,
    run="night-1",
    body="",
    verdict=f"Better. {HOSTILE}",
    warnings=[f"Doubtful labels. {HOSTILE}"],
    cautions=[f"Too sure. {HOSTILE}"],
)
ANSWER = "http://host:8080/sentiment/models/versions/3#decide"
LINKS = {"Approve or reject": ANSWER, "bad": "javascript:alert(1)"}
GATE = whole(
    Gate,
    labels=["正面", "負面", "中立"],
    stable_version=2,
    sets={
        "frozen": {
            "rows": 150,
            "candidate_accuracy": 0.867,
            "stable_accuracy": 0.85,
            "difference": 0.017,
            "decides": True,
            "support": [50, 50, 50],
            "candidate_recall": [0.8, 0.86, 0.94],
            "stable_recall": [0.9, 0.86, 0.94],
        }
    },
    regressions=[
        {"text": f"好吃 {HOSTILE}", "true": 0, "stable": 0, "candidate": 1, "confidence": 0.97, "set": "frozen"}
    ],
)
ASKING = Asking(QUESTION, datetime(2026, 11, 27, 23, 25, tzinfo=UTC), LINKS, GATE)


def outcome(changed: bool, stable: int | None, previous: int | None = 2) -> Outcome:
    return whole(Outcome, version=3, changed=changed, stable=stable, previous=previous, sentence="It is done.")


@pytest.mark.parametrize(
    ("mail", "told"),
    [
        (waiting_mail(ASKING), "Version 3 is the canary and awaits your approval until 28 Nov 07:25 (Taipei)."),
        (four_eyes_mail(ASKING, "Ann"), "Somebody else must approve it, or reject it."),
        (
            reminder_mail(ASKING, 6, "Baked: it answers well."),
            "it will be rejected in 6 hours, on 28 Nov 07:25 (Taipei)",
        ),
        (reminder_mail(ASKING, 1.5, "Baked: it answers well."), "Baked: it answers well."),
        (unreasoned_mail(ASKING, f"Ann {HOSTILE}", "Approve"), "the question is open again"),
    ],
)
def test_who_is_asked_is_told_what_and_where(mail: Any, told: str) -> None:
    assert "version 3" in mail.subject and "\n" not in mail.subject
    for body in (mail.text, mail.html):
        assert (
            told in body
            and ANSWER in body
            and "Without an answer by 28 Nov 07:25 (Taipei), the version is rejected." in body
            and "recall of 正面" in body
            and "0.867" in body
            and "好吃" in body
            and "version 2 said 正面, version 3 負面 (0.97)" in body
            and "Doubtful labels" in body
            and "Too sure." in body
        )
        assert "javascript" not in body and "://evil" not in body
    assert "<script>" not in mail.html


def test_who_is_asked_sees_what_each_model_costs() -> None:
    found = decoded(costs((7_600_000, 3.3), (3_200_000, 1.84)), Costs, "it", "")
    mail = waiting_mail(replace(ASKING, gate=structs.replace(GATE, costs=found), export_bytes=30_400_000))
    for body in (mail.text, mail.html):
        assert "What each model costs" in body and "EPYC 7B13, 2 cores, float32" in body
        for figure in ("7.6 M", "30.4 MB", "3.30 ms", "3.2 M", "12.9 MB", "1.84 ms", "0.850"):
            assert figure in body
    assert "What each model costs" not in waiting_mail(ASKING).text


def test_a_mail_whose_decision_is_lost_asks_all_the_same() -> None:
    mail = waiting_mail(replace(ASKING, gate=None))
    assert ANSWER in mail.text and "awaits your approval" in mail.text and "recall of" not in mail.text


@pytest.mark.parametrize(
    ("result", "who", "subject", "body"),
    [
        (
            outcome(True, 3),
            "Ann",
            "Sentiment: version 3 is stable now, approved by Ann",
            "goes back to version 2 at once",
        ),
        (outcome(True, 3, None), "Ann", "Sentiment: version 3 is stable now, approved by Ann", "Decided by Ann: why"),
        (outcome(True, 2), "Ann", "Sentiment: version 3 was rejected by Ann", "`sentiment canary --version 3`"),
        (outcome(True, 2), "nobody", "version 3 was rejected, because nobody answered in time", "Nobody answered"),
        (outcome(False, 2), "Ann", "Sentiment: the answer about version 3 changed nothing", "It is done."),
    ],
)
def test_what_the_answer_did_is_told(result: Outcome, who: str, subject: str, body: str) -> None:
    mail = decided_mail(result, {"who": who, "reason": "why"}, "night-1", {})
    assert subject in mail.subject
    assert body in mail.text


def test_a_promotion_says_that_the_archive_follows_and_a_rejection_does_not() -> None:
    decision = {"who": "Ann", "reason": "why"}
    told = "it scores the archive with version 3 now"
    assert told in " ".join(decided_mail(outcome(True, 3), decision, "night-1", {}, has_archive=True).text.split())
    assert "archive" not in decided_mail(outcome(True, 3), decision, "night-1", {}).text
    assert "archive" not in decided_mail(outcome(True, 2), decision, "night-1", {}).text


@pytest.mark.parametrize(
    ("hours", "told"), [(24, "24 hours"), (6.02, "6 hours"), (1.5, "90 minutes"), (0, "0 minutes")]
)
def test_a_time_reads_as_a_person_says_it(hours: float, told: str) -> None:
    assert told_time(hours) == told
