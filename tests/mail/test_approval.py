from __future__ import annotations

from typing import Any

import pytest
from support.results import whole

from sentiment.mail.approval import decided_mail, reminder_mail, told_time, unreasoned_mail, waiting_mail
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
LINKS = {"Approve or reject": "http://host:8080/x/required_actions", "bad": "javascript:alert(1)"}


def outcome(changed: bool, stable: int | None, previous: int | None = 2) -> Outcome:
    return whole(Outcome, version=3, changed=changed, stable=stable, previous=previous, sentence="It is done.")


@pytest.mark.parametrize(
    ("mail", "told"),
    [
        (waiting_mail(QUESTION, 24, LINKS), "Without an answer within 24 hours, the version is rejected."),
        (reminder_mail(QUESTION, 6, "Baked: it answers well.", LINKS), "it will be rejected in 6 hours"),
        (reminder_mail(QUESTION, 1.5, "Baked: it answers well.", LINKS), "Baked: it answers well."),
        (unreasoned_mail(QUESTION, f"Ann {HOSTILE}", "Approve", LINKS), "the question is open again"),
    ],
)
def test_who_is_asked_is_told_what_and_where(mail: Any, told: str) -> None:
    assert "version 3" in mail.subject and "\n" not in mail.subject
    for body in (mail.text, mail.html):
        assert (
            told in body
            and "http://host:8080/x/required_actions" in body
            and "Doubtful labels" in body
            and "Too sure." in body
        )
        assert "javascript" not in body and "://evil" not in body
    assert "<script>" not in mail.html


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


@pytest.mark.parametrize(
    ("hours", "told"), [(24, "24 hours"), (6.02, "6 hours"), (1.5, "90 minutes"), (0, "0 minutes")]
)
def test_a_time_reads_as_a_person_says_it(hours: float, told: str) -> None:
    assert told_time(hours) == told
