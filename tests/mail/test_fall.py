"""The mail about a stable model that has become worse."""

from __future__ import annotations

from support.estimates import estimate_of, fallen, night_of

from sentiment.mail.fall import QUIET, fall_mail

HOSTILE = "ptt <script>alert(1)</script>\r\nBcc: x@example.com"


def test_it_says_how_far_and_what_to_do() -> None:
    night = night_of(fall=fallen(), by_source=[estimate_of(name=HOSTILE), estimate_of(None, name=None)])
    mail = fall_mail(night, {"Log": "https://airflow/log"})
    assert mail
    assert mail.subject.startswith("Sentiment: Stable version 2 is worse than it was: 70.0")
    for told in (
        "85.0",
        "10.0 points at least, allowed are 5.0",
        "500 labelled posts",
        "82.0",
        "80.0",
        "other sources",
    ):
        assert told in mail.text
    assert "SENTIMENT_ESTIMATE_FALL" in mail.text and "https://airflow/log" in mail.html
    assert "<script>" not in mail.html and "\r" not in mail.text and "Bcc" in mail.text


def test_the_same_version_has_one_cause_for_four_weeks() -> None:
    found = [fall_mail(night_of(run, version, fall=fallen()), {}) for run, version in (("a", 2), ("b", 2), ("c", 3))]
    causes = [mail.cause for mail in found if mail]
    assert causes[0] == causes[1] != causes[2]
    assert all(mail and mail.quiet == QUIET for mail in found)


def test_there_is_none_without_a_fall() -> None:
    assert fall_mail(night_of(), {}) is None
    assert fall_mail(night_of(fall=fallen(420)), {}) is None
